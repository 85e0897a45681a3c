"""Putting names of this cluster's nodes into a hook's words: one word stays one word, and nothing is filled twice."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fleet.hooks.hook import At, Call, Command, Effect, Hook
from fleet.inventory import Cluster

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_PROMOTION = ("old", "new")
_RETURN = ("node", "primary")


def words_for(at: At) -> tuple[str, ...]:
    """Give the words that a hook at this time may have in braces."""
    nodes = _RETURN if at is At.POST_RESYNC else _PROMOTION
    return ("cluster", *(f"{node}{part}" for node in nodes for part in ("", "_host", "_port")))


def places_for(at: At) -> tuple[str, ...]:
    """Give the words in braces that name a node."""
    return _RETURN if at is At.POST_RESYNC else _PROMOTION


def promotion(cluster: Cluster, old: str, new: str) -> dict[str, str]:
    """Give the words of a promotion."""
    return _words(cluster, {"old": old, "new": new})


def resync(cluster: Cluster, node: str, primary: str) -> dict[str, str]:
    """Give the words of a resync."""
    return _words(cluster, {"node": node, "primary": primary})


def _words(cluster: Cluster, roles: Mapping[str, str]) -> dict[str, str]:
    words = {"cluster": cluster.name}
    for role, name in roles.items():
        node = cluster.node(name)
        words |= {role: name, f"{role}_host": node.address, f"{role}_port": str(node.port)}
    return words


def in_braces(text: str) -> set[str]:
    """Give the words in braces."""
    return set(_PLACE.findall(text))


def fill(text: str, words: Mapping[str, str], written: Callable[[str], str] = str) -> str:
    """Put the words in, in one pass: what a word brings along is text. Raises KeyError for an unknown one."""
    return _PLACE.sub(lambda found: written(words[found[1]]), text)


def filled(hook: Hook, words: Mapping[str, str]) -> Hook:
    """Give a hook with all its words put in."""
    return replace(
        hook,
        plan=fill(hook.plan, words),
        effect=fill_effect(hook.effect, words),
        proof=fill_effect(hook.proof, words) if hook.proof else None,
        undo=fill_effect(hook.undo, words) if hook.undo else None,
    )


def fill_effect(effect: Effect, words: Mapping[str, str]) -> Effect:
    """Give an effect with all its words put in, each written as its place wants it."""

    def put(text: str) -> str:
        return fill(text, words)

    if isinstance(effect, Command):
        argv = tuple(put(word) for word in effect.argv)
        return replace(effect, argv=argv, on=put(effect.on), contains=put(effect.contains))
    if isinstance(effect, Call):
        url = fill(effect.url, words, lambda value: quote(value, safe=""))
        return replace(effect, url=url, body=put(effect.body), contains=put(effect.contains))
    expect = tuple({column: put(value) for column, value in row.items()} for row in effect.expect)
    return replace(effect, on=put(effect.on), conninfo=_conninfo(effect.conninfo, words), expect=expect)


def _conninfo(text: str, words: Mapping[str, str]) -> str:
    if not text:
        return ""
    return make_conninfo("", **{key: fill(str(value), words) for key, value in conninfo_to_dict(text).items()})
