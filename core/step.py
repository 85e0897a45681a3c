"""What a step is told by whoever carries it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StepContext:
    """Where a step stands.

    ``evidence`` holds the data of the steps before it, by step name and by ``name.n``. ``report(done, total, note)``
    shows progress. ``stopping()`` says whether somebody pressed Stop. ``job`` is an id for work on a host that must
    start only once, and ``epoch`` fences a bot that was declared dead; ``mine()`` raises when this one was.
    """

    request: str
    run: str
    n: int
    epoch: int
    deadline: float
    evidence: Mapping[str, Mapping[str, object]]
    report: Callable[[int, int, str], None]
    stopping: Callable[[], bool]
    mine: Callable[[], None] = lambda: None

    @property
    def job(self) -> str:
        """Give the id of this step's job on a host."""
        return f"{self.run}.{self.n}"
