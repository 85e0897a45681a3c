"""What new rules allow that the old ones did not: such rules need consent under the old ones.

A login on the bot's machine is not among it: whoever gets one can write the store itself (docs/safety.md).
"""

from collections.abc import Iterable, Iterator
from itertools import product

from approvals.people import Person
from approvals.rule import Rule
from approvals.rules import Rules
from core.outcome import Refusal
from core.plan import Risk

_ANY = "*"  # an action or a cluster that nothing is said about


def looser(old: Rules, new: Rules) -> tuple[str, ...]:
    """List, as sentences, what gets looser; empty when nothing does."""
    return (*_people(old, new), *_feeds(old, new), *_policy(old, new))


def _people(old: Rules, new: Rules) -> Iterator[str]:
    for name, person in sorted(new.roster.people.items()):
        known = old.roster.named(name) or Person(name)
        if old.roster.named(name) is None:
            yield f"{name} is new"
        for word, had, has in (
            ("account", known.accounts, person.accounts),
            ("group", known.groups, person.groups),
        ):
            for added in sorted(has - had):
                yield f"{name} gets the {word} {added}"


def _feeds(old: Rules, new: Rules) -> Iterator[str]:
    for group, source in sorted(new.feeds.items()):
        if old.feeds.get(group) != source:
            yield f"who is in {group} is kept in Slack's user group {source}"


def _policy(old: Rules, new: Rules) -> Iterator[str]:
    actions, clusters = {_ANY}, {_ANY}
    for policy in (old.policy, new.policy):
        actions |= set(policy.by_action)
        clusters |= {cluster for cluster, _ in policy.by_cluster}
    for risk in Risk:
        places = list(product(sorted(actions), sorted(clusters)))
        found: dict[str, list[tuple[str, str]]] = {}
        for action, cluster in places:
            for words in _compared(old.policy.rule(risk, action, cluster), new.policy.rule(risk, action, cluster)):
                found.setdefault(words, []).append((action, cluster))
        for words, where in found.items():
            yield f"{risk.value}{'' if len(where) == len(places) else _named(where)}: {words}"


def _compared(old: Rule | Refusal, new: Rule | Refusal) -> Iterator[str]:
    if isinstance(new, Refusal):
        return
    if isinstance(old, Refusal):
        yield "was refused, and may be asked for"
        return
    if new.approvals < old.approvals:
        yield f"{old.approvals} → {new.approvals} approvals"
    if new.expires > old.expires:
        yield f"expires after {new.expires} s instead of {old.expires}"
    if new.review > old.review:
        yield f"an emergency is reviewed within {new.review} s instead of {old.review}"
    if old.propose is not None and (new.propose is None or new.propose - old.propose):
        yield f"may be asked for by {_groups(new.propose)}"
    yield from (f"{group} may approve" for group in sorted(new.groups - old.groups))
    yield from (f"{group} may run it alone" for group in sorted(new.emergency - old.emergency))
    yield from (f"no approval from {group} any more" for group in sorted(old.also - new.also))
    yield from (f"no {word} any more" for word, was, now in _switches(old, new) if was and not now)
    yield from (f"“{window.name}” no longer freezes" for window in old.frozen if window not in new.frozen)
    for windows in old.allowed:
        if windows not in new.allowed:
            yield f"no longer only in {' or '.join(f'“{window.name}”' for window in windows)}"


def _switches(old: Rule, new: Rule) -> Iterable[tuple[str, bool, bool]]:
    return (("reason", old.reason, new.reason), ("look before approving", old.look, new.look))


def _groups(groups: frozenset[str] | None) -> str:
    return "everybody in the roster" if groups is None else " or ".join(sorted(groups)) or "nobody"


def _named(where: Iterable[tuple[str, str]]) -> str:
    named = (" on ".join(word for word in pair if word != _ANY) for pair in where)
    return f" ({', '.join(words or 'all else' for words in named)})"
