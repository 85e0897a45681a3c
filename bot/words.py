"""The words of a command: read kindly, refused with the nearest right command."""

import difflib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from approvals.model import Wish
from core.errors import Malformed
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster

LONGEST = 600  # characters; a command has a dozen words
_PLAIN = {0x201C: '"', 0x201D: '"', 0x201E: '"', 0x2018: "'", 0x2019: "'", 0x2014: "--", 0x2013: "-", 0xA0: " "}


@dataclass(frozen=True)
class Words:
    """A command that was understood: an action of a cluster, with its arguments by name."""

    spec: Spec
    cluster: Cluster
    arguments: Mapping[str, object]
    wish: Wish = field(default_factory=Wish)


class Unclear(Malformed):
    """A command that was not understood. ``nearest`` is the nearest right one, without the slash command."""

    def __init__(self, message: str, nearest: str) -> None:
        """Keep the command that would be right, for a button."""
        super().__init__(message, f"Nearest: `{nearest}`")
        self.nearest = nearest


def split(text: str) -> list[str]:
    """Split a command into words: smart quotes and dashes of phones are made plain. Raises Unclear."""
    if len(text) > LONGEST:
        raise Unclear(f"That is {len(text):,} characters long; a command has at most {LONGEST}.", "help")
    plain = text.translate(_PLAIN)
    try:
        return shlex.split(plain)
    except ValueError:
        raise Unclear("A quote is opened and not closed.", plain.replace('"', "").replace("'", "").strip()) from None


def written(words: Sequence[str]) -> str:
    """Write words as a command that ``split`` reads as these words (with smart quotes and dashes made plain)."""
    return shlex.join(word.translate(_PLAIN) for word in words)


def understand(words: Sequence[str], specs: Sequence[Spec], clusters: Mapping[str, Cluster]) -> Words:
    """Read ``ACTION CLUSTER [ARGUMENTS]``. Raises Unclear, with the nearest right command."""
    spec = _spec(words, specs, clusters)
    rest = list(words[1:])
    if not rest and len(clusters) == 1 and not any(argument.required for argument in spec.arguments):
        rest = [next(iter(clusters))]  # there is only one: nobody can mean another
    if not rest:
        raise Unclear(f"{spec.name} of which cluster?", _repaired(spec, [_first(clusters)], clusters))
    cluster = clusters.get(rest[0])
    if cluster is None:
        near = _repaired(spec, [_nearest(rest[0], clusters), *rest[1:]], clusters) if clusters else "help"
        raise Unclear(f"There is no cluster {quote(rest[0])}.", near)
    return Words(spec, cluster, _arguments(spec, cluster, rest[1:]))


def quote(word: str) -> str:
    """Show a word that somebody typed, short enough to read."""
    return f"“{word[:40]}…”" if len(word) > 40 else f"“{word}”"  # noqa: PLR2004  # one line of a phone


def _spec(words: Sequence[str], specs: Sequence[Spec], clusters: Mapping[str, Cluster]) -> Spec:
    by_name = {spec.name: spec for spec in specs}
    spec = by_name.get(words[0])
    if spec is None:
        near = by_name[_nearest(words[0], by_name)]
        raise Unclear(f"There is no command {quote(words[0])}.", _repaired(near, words[1:], clusters))
    return spec


def _repaired(spec: Spec, rest: Sequence[str], clusters: Mapping[str, Cluster]) -> str:
    """Give the command with another action, its other words kept if they are right."""
    try:
        understand([spec.name, *rest], [spec], clusters)
    except Unclear as error:
        return error.nearest
    return " ".join([spec.name, *rest])


def _arguments(spec: Spec, cluster: Cluster, words: Sequence[str]) -> dict[str, object]:
    options = {f"--{argument.name}": argument for argument in spec.arguments if argument.option}
    places = [argument for argument in spec.arguments if not argument.option]
    values: dict[str, object] = {}
    waiting = list(words)
    so_far = [spec.name, cluster.name]
    while waiting:
        word = waiting.pop(0)
        if word.startswith("--"):
            argument = options.get(word)
            if argument is None:
                nearest = [_nearest(word, options)] if options else []
                raise Unclear(f"{spec.name} has no option {quote(word)}.", " ".join([*so_far, *nearest, *waiting]))
            so_far.append(word)
            if argument.takes is Takes.SWITCH:
                values[argument.name] = True
                continue
            if not waiting:
                raise Unclear(f"{word} wants a value.", " ".join([*so_far, _example(argument, cluster)]))
            word = waiting.pop(0)
        elif places:
            argument = places.pop(0)
        else:
            raise Unclear(f"{quote(word)} is one word too many for {spec.name}.", " ".join(so_far))
        values[argument.name] = _value(argument, cluster, word, so_far, waiting)
        so_far.append(word)
    missing = next((one for one in spec.arguments if one.required and one.name not in values), None)
    if missing is not None:
        option = [f"--{missing.name}"] if missing.option else []
        what = f"{option[0]}: {missing.help}" if option else f"the {missing.name}"
        raise Unclear(
            f"{spec.name} wants one more word: {what}.", " ".join([*so_far, *option, _example(missing, cluster)])
        )
    return values


def _value(argument: Argument, cluster: Cluster, word: str, before: Sequence[str], after: Sequence[str]) -> str:
    allowed: Sequence[str] = list(cluster.nodes) if argument.takes is Takes.NODE else argument.choices
    if allowed and word not in allowed:
        what = "node" if argument.takes is Takes.NODE else argument.name
        near = " ".join([*before, _nearest(word, allowed), *after])
        raise Unclear(f"{cluster.name} has no {what} {quote(word)}.", near)
    return word


def _example(argument: Argument, cluster: Cluster) -> str:
    if argument.takes is Takes.NODE:
        return _first(cluster.nodes)
    return argument.choices[0] if argument.choices else argument.name.upper()


def _nearest(word: str, allowed: Sequence[str] | Mapping[str, object]) -> str:
    found = difflib.get_close_matches(word.lower()[:LONGEST], list(allowed), n=1, cutoff=0.0)
    return found[0] if found else _first(allowed)


def _first(allowed: Sequence[str] | Mapping[str, object]) -> str:
    return next(iter(allowed), "CLUSTER")
