"""How things end, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

AMISS = "amiss"  # in Evidence.data: something did not come about, but the run goes on, and says so at its end
SERIOUS = "stop"  # then a person has to do it; any other value is only told


class Outcome(StrEnum):
    """How a run ended. UNKNOWN needs a person."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Probe(StrEnum):
    """What looking found out about a step whose end nobody saw."""

    DONE = "done"
    NOT_DONE = "not_done"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """What a step shows for itself: one sentence for people, data for the steps after it."""

    text: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Refusal:
    """A "no" as a value: a stable code, what is in the way, what to do next."""

    code: str
    message: str
    hint: str = ""
