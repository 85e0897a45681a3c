"""What did not come about though the run went on: told at its end, and a person's matter when it was serious."""

from dataclasses import dataclass

import pytest

from approvals.gate import Gate
from approvals.lease import Book
from audit.store import Store
from core.errors import StepFailed
from core.outcome import AMISS, SERIOUS, Evidence
from core.plan import Kind, Plan, Risk, Step, Undo
from core.step import StepContext
from runs.journal import Journal
from runs.model import Run, StepState
from runs.runner import Runner
from tests.fixtures.house import StandingClock, a_plan, book, clock, gate, store
from tests.runs.test_runner import World, approved, start

__all__ = ["book", "clock", "gate", "store"]


@dataclass
class Amiss(World):
    """A world in which some steps do not come about but raise nothing."""

    amiss: str = ""
    how: str = SERIOUS
    breaks: str = ""

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        if step.name == self.breaks:
            raise StepFailed("The gate failed.")
        shown = super().do(plan, step, context)
        return Evidence(f"FAILED: {step.name}", {AMISS: self.how}) if step.name == self.amiss else shown


def ended(gate: Gate, store: Store, book: Book, clock: StandingClock, world: Amiss) -> Run:
    steps = (
        Step("pause", {}, "pause", Kind.IDEMPOTENT, 10, undo=Undo("resume", {}, "resume")),
        Step("gate", {}, "gate", Kind.LOOK, 10),
        Step("promote", {}, "promote", Kind.IDEMPOTENT, 10, ponr=True),
        Step("point", {}, "point", Kind.IDEMPOTENT, 10),
    )
    plan = a_plan(Risk.CHANGE, steps)
    world.plan = plan
    approved(gate, plan)
    return start(gate, Runner(Journal(store, book, clock, "bot-1"), world))


@pytest.mark.parametrize(("how", "outcome"), [(SERIOUS, "unknown"), ("warn", "failed")])
def test_what_could_not_be_taken_back_is_a_persons_matter_unless_it_only_warns(
    gate: Gate, store: Store, book: Book, clock: StandingClock, how: str, outcome: str
) -> None:
    run = ended(gate, store, book, clock, Amiss(amiss="resume", how=how, breaks="gate"))
    assert run.outcome == outcome
    assert run.error == "Step 2, gate: The gate failed. Taken back, but for: Step 1: FAILED: resume"
    assert run.steps[0].state is StepState.UNDONE


def test_a_warning_is_told_at_the_end_of_a_run_that_succeeded(
    gate: Gate, store: Store, book: Book, clock: StandingClock
) -> None:
    run = ended(gate, store, book, clock, Amiss(amiss="point", how="warn"))
    assert (run.outcome, run.error) == ("succeeded", "Step 4: FAILED: point")
    assert run.evidence["point"] == run.evidence["point.4"] == {AMISS: "warn"}
