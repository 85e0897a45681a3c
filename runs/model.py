"""Runs and steps as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.ids import new_id
from core.outcome import AMISS
from core.plan import Kind, Plan


class RunState(StrEnum):
    """Where a run stands."""

    CHECKING = "checking"  # redeemed, looks again; no effect yet
    RUNNING = "running"
    UNDOING = "undoing"  # going back, before the point of no return
    UNKNOWN = "unknown"  # nobody can tell; people settle it
    ENDED = "ended"

    @property
    def live(self) -> bool:
        """Say whether a bot carries it out, or has to take it up again."""
        return self in {RunState.CHECKING, RunState.RUNNING, RunState.UNDOING}

    @property
    def holds_cluster(self) -> bool:
        """Say whether nothing else may start on the cluster."""
        return self is not RunState.ENDED


class StepState(StrEnum):
    """Where a step stands."""

    PENDING = "pending"
    STARTED = "started"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    UNDONE = "undone"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class StepRecord:
    """One step as the journal has it. Times are UTC text."""

    n: int
    name: str
    state: StepState
    started_at: str | None = None
    ended_at: str | None = None
    text: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One carrying-out of one plan. ``outcome`` is None until it has ended."""

    id: str
    request: str
    plan: Plan
    plan_hash: str
    state: RunState
    epoch: int
    owner: str
    heartbeat_at: str
    started_at: str
    ended_at: str | None
    outcome: str | None
    error: str
    stop_by: str | None
    progress: Mapping[str, object]
    steps: tuple[StepRecord, ...]

    def begun(self, n: int) -> bool:
        """Say whether there is a step of this number, and its intent is the last that is known of it."""
        return any(record.state is StepState.STARTED for record in self.steps[n - 1 : n])

    def with_step(self, record: StepRecord) -> "Run":
        """Give it with one step's record replaced."""
        return replace(self, steps=(*self.steps[: record.n - 1], record, *self.steps[record.n :]))

    @property
    def past_return(self) -> bool:
        """Say whether a step at or behind the point of no return has been started."""
        behind = False
        for step, record in zip(self.plan.steps, self.steps, strict=False):
            behind = behind or step.ponr
            if behind and record.state not in {StepState.PENDING, StepState.SKIPPED}:
                return True
        return False

    def behind_return(self, n: int) -> bool:
        """Say whether a step before the n-th lies at or behind the point; the one at it counts once it was done."""
        return any(step.ponr for step in self.plan.steps[: n - 1])

    def amiss(self, state: StepState, how: str = "") -> str:
        """Say of which steps in this state something did not come about; of those only that are amiss like ``how``."""
        seen = [step for step in self.steps if step.state is state and AMISS in step.data]
        return " ".join(f"Step {step.n}: {step.text}" for step in seen if how in {"", step.data[AMISS]})

    @property
    def current(self) -> StepRecord | None:
        """Give the step that is under way."""
        return next((step for step in self.steps if step.state in {StepState.STARTED, StepState.UNKNOWN}), None)

    @property
    def left(self) -> str:
        """Say what going back has left behind: steps that nothing takes back stay, and are named."""
        both = list(zip(self.plan.steps, self.steps, strict=False))
        begun = {StepState.STARTED, StepState.DONE}
        stays = [step.title for step, record in both if record.state in begun and step.kind is not Kind.LOOK]
        if stays:
            return f"Not taken back: {', '.join(stays)}."
        taken_back = any(record.state is StepState.UNDONE for record in self.steps)
        return "Everything was taken back." if taken_back else "Nothing had been changed."

    @property
    def evidence(self) -> dict[str, Mapping[str, object]]:
        """Give what finished steps have shown, by step name; by ``name.n`` too, for several may have one name."""
        done = [step for step in self.steps if step.state is StepState.DONE]
        return {key: step.data for step in done for key in (step.name, f"{step.name}.{step.n}")}


def new_run(request: str, plan: Plan, plan_hash: str, owner: str, at: str) -> Run:
    """Give a run that ``owner`` begins at that moment (UTC text): it has yet to look, and no step of it is begun."""
    return Run(
        id=new_id("run"),
        request=request,
        plan=plan,
        plan_hash=plan_hash,
        state=RunState.CHECKING,
        epoch=1,
        owner=owner,
        heartbeat_at=at,
        started_at=at,
        ended_at=None,
        outcome=None,
        error="",
        stop_by=None,
        progress={},
        steps=tuple(StepRecord(n, step.name, StepState.PENDING) for n, step in enumerate(plan.steps, start=1)),
    )
