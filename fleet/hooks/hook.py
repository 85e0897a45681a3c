"""A site hook as a value: what is done, where, how it is proven, and how it is taken back."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

BOT = "bot"  # the bot's own machine
LIMIT = 10  # seconds


class At(StrEnum):
    """When a hook runs. All but the last belong to a promotion."""

    PRE_PROMOTE = "pre_promote"  # planned: right before the primary is stopped
    FENCE = "fence"  # unplanned: when the dead primary is fenced, before the loss is measured
    POST_DEMOTE = "post_demote"  # planned: the old primary is stopped, nobody is promoted yet
    POST_PROMOTE = "post_promote"  # as soon as the new primary accepts writes
    POST_RESYNC = "post_resync"  # a node is back as a standby

    @property
    def can_go_back(self) -> bool:
        """Say whether it lies before the point of no return."""
        return self in {At.PRE_PROMOTE, At.FENCE, At.POST_DEMOTE}


class Failure(StrEnum):
    """What a hook's failure means for the run."""

    STOP = "stop"
    WARN = "warn"


@dataclass(frozen=True)
class Command:
    """A program on the bot's machine, a node or a named host; ``environment`` is a file of KEY=VALUE lines there."""

    argv: tuple[str, ...]
    on: str = BOT
    run_as: str = ""
    environment: str = ""
    contains: str = ""
    seconds: int = LIMIT
    sha256: str = ""


@dataclass(frozen=True)
class Statements:
    """A file of SQL, sent over the simple query protocol to a node (``on``) or to wherever ``conninfo`` leads.

    Each of ``expect`` must be found in a row of what the server answers, as column → text.
    """

    file: str
    on: str = ""
    conninfo: str = ""
    passfile: str = ""
    expect: tuple[Mapping[str, str], ...] = ()
    seconds: int = LIMIT
    sha256: str = ""


@dataclass(frozen=True)
class Call:
    """An HTTP request from the bot's machine. ``headers`` is a file, for secrets stand in it. No statuses: any 2xx."""

    url: str
    method: str = "GET"
    body: str = ""
    headers: str = ""
    statuses: tuple[int, ...] = ()
    contains: str = ""
    seconds: int = LIMIT


Effect = Command | Statements | Call
_KINDS: Mapping[str, type[Command] | type[Statements] | type[Call]] = {
    "command": Command,
    "sql": Statements,
    "http": Call,
}


@dataclass(frozen=True)
class Hook:
    """One hook. ``plan`` is what the card says of it; ``wrong`` is why it would fail, once it was looked at."""

    name: str
    at: At
    plan: str
    effect: Effect
    proof: Effect | None = None
    undo: Effect | None = None
    failure: Failure = Failure.STOP
    repeatable: bool = False
    wrong: str = field(default="", compare=False)

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Give all that may be carried out for it."""
        return tuple(effect for effect in (self.effect, self.proof, self.undo) if effect is not None)


def to_args(effect: Effect | None) -> dict[str, object] | None:
    """Give an effect as a step's args hold it: all that is carried out."""
    if effect is None:
        return None
    kind = next(kind for kind, known in _KINDS.items() if isinstance(effect, known))
    return {"kind": kind, **asdict(effect)}


def from_args(args: Mapping[str, Any]) -> Effect:
    """Read what ``to_args`` wrote, after the store made lists of its tuples."""
    given: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in args.items() if key != "kind"
    }
    return _KINDS[args["kind"]](**given)


def with_digest(effect: Effect, digest: str) -> Effect:
    """Bind an effect to what its file holds."""
    return effect if isinstance(effect, Call) else replace(effect, sha256=digest)
