"""Carries out one plan: look again, then intent, effect, outcome, step by step."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import SeconderError
from core.facts import Change, drift
from core.grant import Grant
from core.outcome import Evidence, Outcome, Probe, Refusal
from core.plan import Kind, Plan, Step, Undo
from core.step import StepContext
from runs.journal import Fenced, Journal
from runs.model import Run, RunState, StepState
from runs.ports import Carrier

PROGRESS_EVERY = 0.5  # seconds between two writes of a step's progress


@dataclass(frozen=True)
class Runner:
    """Carries runs out. ``leaving`` is set when the bot is about to end: no new step then."""

    journal: Journal
    carrier: Carrier
    leaving: threading.Event = field(default_factory=threading.Event)
    announce: Callable[[Run], None] = lambda _run: None

    def start(self, grant: Grant) -> Run | Refusal:
        """Redeem a grant and carry its plan out to the end; the run as it ended, or why it did not start."""
        run = self.journal.begin(grant)
        if isinstance(run, Refusal):
            return run
        return self.go_on(run)

    def go_on(self, run: Run) -> Run:
        """Carry out what is left of a run that is ours."""
        if run.state is RunState.CHECKING and not self._check(run):
            return self.journal.refresh(run)
        run = self.journal.refresh(run)
        if run.state is RunState.UNDOING:
            self._undo(run, run.error or "It was being taken back when the bot stopped.")
        elif run.state is RunState.RUNNING:
            self._steps(run)
        return self.journal.refresh(run)

    def _check(self, run: Run) -> bool:
        """Plan again and compare, lay down the by-hand commands; nothing has been changed yet."""
        try:
            again = self.carrier.replan(run.plan)
        except SeconderError as error:
            again = Refusal(error.code, error.message, error.hint)
        if isinstance(again, Refusal):
            self.journal.refuse(run, refusal=again)
            return False
        changes = differences(run.plan, run.plan_hash, again)
        if changes:
            self.journal.refuse(run, changes=changes)
            return False
        try:
            self.carrier.leave_notes(run.plan, run.id)
        except SeconderError as error:
            hint = f"{error.message} {error.hint}".strip()
            self.journal.refuse(run, refusal=Refusal("NOTES", "The by-hand commands could not be laid down.", hint))
            return False
        self.announce(run)
        self.journal.state(run, RunState.RUNNING)
        return True

    def _steps(self, run: Run) -> None:
        for n, step in enumerate(run.plan.steps, start=1):
            run = self.journal.refresh(run)
            if run.steps[n - 1].state is StepState.DONE:
                continue
            if self.leaving.is_set():
                return
            if run.stop_by and not run.past_return:
                self._undo(run, f"Stopped by {run.stop_by}.", Outcome.CANCELLED)
                return
            if not self._step(run, n, step):
                return
        self.journal.end(self.journal.refresh(run), Outcome.SUCCEEDED)

    def _step(self, run: Run, n: int, step: Step) -> bool:
        """Carry out one step; say whether the run goes on."""
        if run.steps[n - 1].state is StepState.STARTED:
            settled = self._take_up(run, n, step)
            if settled is not None:
                return settled
        self.journal.intent(run, n, step)
        run = self.journal.refresh(run)
        try:
            shown = self.carrier.do(run.plan, step, self._context(run, n, step.deadline))
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  # one of three places that catch all: a step may fail in any way
            return self._after_error(run, n, step, error)
        self.journal.outcome(run, n, step, StepState.DONE, shown)
        return True

    def _take_up(self, run: Run, n: int, step: Step) -> bool | None:
        """Decide about a step that was under way when a bot died: True went on, False ended, None do it again."""
        if step.kind in {Kind.LOOK, Kind.IDEMPOTENT}:
            return None
        found = self._probe(run, n, step)
        if found is Probe.NOT_DONE:
            return None
        if found is Probe.DONE:
            shown = Evidence("found done after a restart of the bot")
            self.journal.outcome(run, n, step, StepState.DONE, shown)
            return True
        self._lost(run, n, step, "The bot was restarted during this step.")
        return False

    def _after_error(self, run: Run, n: int, step: Step, error: Exception) -> bool:
        """A step raised: its effect may be there all the same, so look."""
        said = _said(error)
        found = Probe.NOT_DONE if step.kind is Kind.LOOK else self._probe(run, n, step)
        if found is Probe.DONE:
            self.journal.outcome(run, n, step, StepState.DONE, Evidence(f"done, though: {said}"))
            return True
        if found is Probe.UNKNOWN:
            self._lost(run, n, step, said)
            return False
        self.journal.outcome(run, n, step, StepState.FAILED, Evidence(said))
        run = self.journal.refresh(run)
        if _behind_return(run.plan, n):
            self.journal.end(run, Outcome.FAILED, f"Step {n}, {step.title}: {said}")
        else:
            self._undo(run, f"Step {n}, {step.title}: {said}")
        return False

    def _probe(self, run: Run, n: int, step: Step) -> Probe:
        if step.kind is Kind.OPAQUE:
            return Probe.UNKNOWN
        try:
            return self.carrier.probe(run.plan, step, self._context(run, n, step.deadline))
        except SeconderError:
            return Probe.UNKNOWN

    def _lost(self, run: Run, n: int, step: Step, said: str) -> None:
        self.journal.outcome(run, n, step, StepState.UNKNOWN, Evidence(said))
        self.journal.end(self.journal.refresh(run), Outcome.UNKNOWN, f"Step {n}, {step.title}: {said}")

    def _undo(self, run: Run, why: str, outcome: Outcome = Outcome.FAILED) -> None:
        """Take back, in reverse, what was started before the point of no return."""
        if run.state is not RunState.UNDOING:
            self.journal.state(run, RunState.UNDOING)
            run = self.journal.refresh(run)
        touched = {StepState.STARTED, StepState.DONE, StepState.FAILED}
        for n, step in reversed(list(enumerate(run.plan.steps, start=1))):
            if step.undo is None or run.steps[n - 1].state not in touched:
                continue
            failed = self._undo_one(run, n, step, step.undo)
            if failed:
                self.journal.end(self.journal.refresh(run), Outcome.UNKNOWN, f"{why} Going back failed: {failed}")
                return
        taken_back = any(record.state is StepState.UNDONE for record in self.journal.refresh(run).steps)
        note = f"{why} Everything was taken back." if taken_back else f"{why} Nothing had been changed."
        self.journal.end(self.journal.refresh(run), outcome, note)

    def _undo_one(self, run: Run, n: int, step: Step, undo: Undo) -> str:
        """Take one step back; the empty string, or what went wrong."""
        back = Step(undo.name, undo.args, undo.title, Kind.IDEMPOTENT, step.deadline)
        self.journal.intent(run, n, step, undo=True)
        try:
            shown = self.carrier.do(run.plan, back, self._context(run, n, step.deadline))
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  # as in _step
            return f"{undo.title}: {_said(error)}"
        self.journal.outcome(run, n, step, StepState.UNDONE, shown)
        return ""

    def _context(self, run: Run, n: int, deadline: float) -> StepContext:
        return StepContext(
            request=run.request,
            run=run.id,
            n=n,
            epoch=run.epoch,
            deadline=deadline,
            evidence=run.evidence,
            report=_Reporter(self.journal, run, n).report,
            stopping=lambda: self.journal.refresh(run).stop_by is not None,
        )


class _Reporter:
    """Writes a step's progress, but not more often than people can read."""

    def __init__(self, journal: Journal, run: Run, n: int) -> None:
        self._journal, self._run, self._n = journal, run, n
        self._last = 0.0

    def report(self, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        if now - self._last >= PROGRESS_EVERY:
            self._last = now
            shown: Mapping[str, object] = {"n": self._n, "done": done, "total": total, "note": note}
            self._journal.progress(self._run, shown)


def differences(plan: Plan, plan_hash: str, again: Plan) -> list[str]:
    """List, as sentences, how a plan made again differs from the one that people agreed on."""
    changes = [_sentence(change) for change in drift(plan.facts, again.facts)]
    if not changes and again.plan_hash != plan_hash:
        old, new = [step.title for step in plan.steps], [step.title for step in again.steps]
        changes = ["the steps are different now" if old != new else "the plan is different now"]
    return changes


def _sentence(change: Change) -> str:
    if change.budget is not None:
        now = "unknown" if change.now is None else f"{change.now}"
        return f"{change.name} of {change.subject}: {now} {change.unit}, at most {change.budget} was agreed to"
    return f"{change.name} of {change.subject}: {change.was} → {change.now}"


def _behind_return(plan: Plan, n: int) -> bool:
    return any(step.ponr for step in plan.steps[:n])


def _said(error: Exception) -> str:
    if isinstance(error, SeconderError):
        return f"{error.message} {error.hint}".strip()
    return f"This is a bug in Seconder: {type(error).__name__}: {error}"
