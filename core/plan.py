"""What is going to happen: plain data that people agree on and that is stored with the request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, cached_property

from pydantic import TypeAdapter

from core.canonical import canonical, plain, sha256
from core.facts import Fact

SHORT_HASH = 8


class Risk(StrEnum):
    """What an action may do to a cluster."""

    READ = "read"
    CHANGE = "change"
    DESTRUCTIVE = "destructive"


class Lock(StrEnum):
    """What an action must have for itself while it runs."""

    NONE = "none"
    NODE = "node"
    CLUSTER = "cluster"


class Kind(StrEnum):
    """What may be done about a step whose end nobody saw."""

    LOOK = "look"  # reads only: do it again
    IDEMPOTENT = "idempotent"  # twice is as good as once: do it again
    PROBE = "probe"  # its effect can be looked up
    OPAQUE = "opaque"  # nobody can tell: a person decides


@dataclass(frozen=True)
class Undo:
    """How one step is taken back before the point of no return: a step of the same action, by name."""

    name: str
    args: Mapping[str, object]
    title: str


@dataclass(frozen=True)
class Step:
    """One step: ``name`` is looked up in the action's STEPS, ``args`` is all that it is given.

    ``deadline`` is in seconds. ``ponr``: the point of no return lies right before this step.
    """

    name: str
    args: Mapping[str, object]
    title: str
    kind: Kind
    deadline: float
    ponr: bool = False
    undo: Undo | None = None


@dataclass(frozen=True)
class Look:
    """A fact of the plan that an approver can be asked to type, found by looking at the cluster and not on the card."""

    fact: str  # name and subject of one exact fact of the plan
    subject: str
    question: str  # "The timeline of main's primary (`/db status main` shows it)"


@dataclass(frozen=True)
class Plan:
    """What two people agree on.

    ``caps`` holds the largest loss consented to (``wal_bytes``, ``wal_seconds``). For people, outside the hash, are
    ``costs``, ``waiting`` (what waiting costs, and what ends the plan's validity) and ``notes``. ``typed`` is what an
    approver has to type where that is not the target's name: something that only a person can know. ``urgent``: clients
    wait until it is done, so the cluster is looked at again and again while the plan waits for people. ``onward`` and
    ``back`` are the exact commands with which a person goes on or goes back by hand if the bot dies; they are laid on
    the node before the first effect.
    """

    action: str
    version: int
    cluster: str
    target: str  # a node's or the cluster's name
    title: str  # "Switch main: db1 → db2"
    risk: Risk
    asked: Mapping[str, object]
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]
    caps: Mapping[str, int] = field(default_factory=dict)
    costs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    onward: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    notes_on: str = ""  # the node that keeps the by-hand commands
    waiting: tuple[str, ...] = ()
    look: Look | None = None
    typed: str = ""
    urgent: bool = False
    lock: Lock = Lock.CLUSTER  # what its run has for itself; the action's SPEC says it

    @property
    def word(self) -> str:
        """Give what an approver of something destructive types."""
        return self.typed or self.target

    @cached_property
    def plan_hash(self) -> str:
        """Give the hash that consent is bound to (SHA-256 of the RFC 8785 form of what must not change)."""
        return sha256(canonical(self.bound()))

    def bound(self) -> object:
        """Give the part that consent is bound to: no reading, no estimate, no wording that depends on one."""
        exact = [{"name": f.name, "subject": f.subject, "value": f.value} for f in self.facts if f.budget is None]
        budgets = [
            {"name": f.name, "subject": f.subject, "budget": f.budget} for f in self.facts if f.budget is not None
        ]
        steps = [{"name": s.name, "args": s.args, "ponr": s.ponr} for s in self.steps]
        undo = [{"name": s.undo.name, "args": s.undo.args} if s.undo else None for s in self.steps]
        typed = {"typed": self.typed} if self.typed else {}
        return plain(
            {
                "action": self.action,
                "version": self.version,
                "cluster": self.cluster,
                "target": self.target,
                "risk": self.risk.value,
                "asked": self.asked,
                "facts": exact,
                "budgets": budgets,
                "caps": self.caps,
                "steps": steps,
                "undo": undo,
                "lock": self.lock.value,
                **typed,
            },
        )

    def to_json(self) -> object:
        """Give the whole plan as plain JSON, for the store."""
        return plain(_adapter().dump_python(self))  # asdict copies every value: three times as long


def plan_from_json(data: object) -> Plan:
    """Read what ``Plan.to_json`` wrote."""
    return _adapter().validate_python(data)


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)  # building one takes milliseconds; a run reads its plan at every step
