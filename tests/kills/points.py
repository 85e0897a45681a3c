"""Where a bot can die, and a journal in which it does."""

import os
import signal
from dataclasses import dataclass

from core.grant import Grant
from core.outcome import Evidence, Outcome, Refusal
from core.plan import Plan, Step
from runs.journal import Journal
from runs.model import Run, RunState, StepState

MOMENTS = ("before-intent", "after-intent", "in-effect", "after-effect", "after-commit")
NOT_DONE = tuple(moment for moment in MOMENTS if moment != "in-effect")


@dataclass(frozen=True)
class Death:
    """Ends this process, without any ado, where one request comes to one place."""

    request: str = ""
    at: str = ""

    def __call__(self, request: str, at: str) -> None:
        if (request, at) == (self.request, self.at):
            os.kill(os.getpid(), signal.SIGKILL)


NEVER = Death()


def place(n: int, moment: str, *, back: bool = False) -> str:
    """Name a moment of a step, or of taking it back."""
    return f"{'undo ' if back else ''}{n} {moment}"


def forth(plan: Plan, *, seen: bool = False) -> list[str]:
    """Name every place that a run comes by in which all goes well; ``seen``: one that begins without a look."""
    steps = [place(n, moment) for n, _ in enumerate(plan.steps, start=1) for moment in MOMENTS]
    turns = ("redeem",) if seen else ("redeem", RunState.RUNNING.value)
    begin = [f"{when} {what}" for what in turns for when in ("before", "after")]
    return [*begin, *steps, "before end", "after end"]


def back(plan: Plan, breaks: int) -> list[str]:
    """Name every place on the way back of a run whose step ``breaks`` never holds."""
    undone = [n for n, step in enumerate(plan.steps[:breaks], start=1) if step.undo is not None]
    steps = [place(n, moment, back=True) for n in reversed(undone) for moment in MOMENTS]
    turn = [place(breaks, moment) for moment in NOT_DONE]
    undoing = [f"{when} {RunState.UNDOING.value}" for when in ("before", "after")]
    return [*turn, *undoing, *steps, "before end", "after end"]


@dataclass(frozen=True)
class Mortal(Journal):
    """A journal whose process dies before or after one of its transactions."""

    death: Death = NEVER

    def begin(self, grant: Grant, seen_since: str | None = None) -> Run | Refusal:
        self.death(grant.request, "before redeem")
        begun = super().begin(grant, seen_since)
        self.death(grant.request, "after redeem")
        if isinstance(begun, Run):
            self._announced(begun, 1)
        return begun

    def set_out(self, run: Run) -> Run:
        self.death(run.request, f"before {RunState.RUNNING.value}")
        after = super().set_out(run)
        self.death(run.request, f"after {RunState.RUNNING.value}")
        self._announced(after, 1)
        return after

    def going_back(self, run: Run, why: str) -> None:
        self.death(run.request, f"before {RunState.UNDOING.value}")
        super().going_back(run, why)
        self.death(run.request, f"after {RunState.UNDOING.value}")

    def intent(self, run: Run, n: int, step: Step, *, undo: bool = False) -> Run:
        self.death(run.request, place(n, "before-intent", back=undo))
        after = super().intent(run, n, step, undo=undo)
        self.death(run.request, place(n, "after-intent", back=undo))
        return after

    def outcome(self, run: Run, n: int, step: Step, state: StepState, shown: Evidence) -> None:
        undo = state is StepState.UNDONE
        self.death(run.request, place(n, "after-effect", back=undo))
        super().outcome(run, n, step, state, shown)
        self.death(run.request, place(n, "after-commit", back=undo))

    def onward(self, run: Run, n: int, step: Step, shown: Evidence) -> Run:
        self.death(run.request, place(n, "after-effect"))
        after = super().onward(run, n, step, shown)
        self.death(run.request, place(n, "after-commit"))
        self._announced(after, n + 1)
        return after

    def _announced(self, run: Run, n: int) -> None:
        if run.begun(n):  # in the same transaction: between them is no other moment
            for at in (place(n, "before-intent"), place(n, "after-intent")):
                self.death(run.request, at)

    def lose(self, run: Run, n: int, step: Step, said: str, why: str) -> None:
        for at in (place(n, "after-effect"), "before end"):
            self.death(run.request, at)
        super().lose(run, n, step, said, why)
        for at in (place(n, "after-commit"), "after end"):
            self.death(run.request, at)

    def end(self, run: Run, outcome: Outcome, error: str = "") -> None:
        self.death(run.request, "before end")
        super().end(run, outcome, error)
        self.death(run.request, "after end")
