"""Carries out one plan: look again, then intent, effect, outcome, step by step."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from core.errors import SeconderError
from core.grant import Grant
from core.outcome import SERIOUS, Evidence, Outcome, Probe, Refusal
from core.plan import Kind, Step, Undo
from core.step import StepContext
from runs.beginning import Beginning
from runs.journal import Journal
from runs.model import Run, RunState, StepState
from runs.pen import Fenced
from runs.ports import Carrier
from runs.progress import Reporter

TAKE_UP_SECONDS = 900  # consent is for now, not for whenever the bot comes back


@dataclass(frozen=True)
class Runner:
    """Carries runs out. ``leaving`` is set when the bot is about to end: no new step then.

    ``shut_out(run)`` keeps whoever had a run before from going on, as far as databases answer. ``sure()`` says that
    nobody can have taken its runs over; when it can't, the store is asked before each effect.
    """

    journal: Journal
    carrier: Carrier
    leaving: threading.Event = field(default_factory=threading.Event)
    announce: Callable[[Run], None] = lambda _run: None
    shut_out: Callable[[Run], None] = lambda _run: None
    sure: Callable[[], bool] = lambda: True

    @property
    def _beginning(self) -> Beginning:
        return Beginning(self.journal, self.carrier, self.announce)

    def start(self, grant: Grant) -> Run | Refusal:
        """Redeem a grant and carry its plan out to the end; the run as it ended, or why it did not start."""
        since = None if self.leaving.is_set() else self.carrier.seen_since(grant.plan_hash)
        run = self.journal.begin(grant, since)
        if isinstance(run, Refusal):
            return run
        if run.state is RunState.CHECKING:
            return self.go_on(run)
        if self._beginning.noted(run):
            self._steps(run, announced=run.begun(1))
        return self.journal.refresh(run)

    def take_up(self, run: Run) -> Run:
        """Go on with a run that a dead bot left, or say that nobody can: never by another version, never days later."""
        self.shut_out(run)
        away = self.journal.away(run)
        if self.carrier.version(run.plan.action) != run.plan.version:
            self._give_up(run, "The bot was updated in the middle of this: the stored plan is another version's.")
        elif away > TAKE_UP_SECONDS:
            why = f"The bot was away for {away / 60:.0f} minutes in the middle of this."
            if run.past_return or run.state is RunState.CHECKING:
                self._give_up(run, why)
            else:
                self._undo(run, why)
        else:
            return self.go_on(run)
        return self.journal.refresh(run)

    def go_on(self, run: Run) -> Run:
        """Carry out what is left of a run that is ours."""
        if run.state is RunState.CHECKING:
            if self._beginning.checked(run) and not self.leaving.is_set():
                run = self.journal.set_out(run)
                self._steps(run, announced=run.begun(1))
            return self.journal.refresh(run)
        run = self.journal.refresh(run)
        if run.state is RunState.UNDOING:
            stopped = Outcome.CANCELLED if run.stop_by else Outcome.FAILED
            self._undo(run, run.error or "It was being taken back when the bot stopped.", stopped)
        elif run.state is RunState.RUNNING:
            if not run.evidence:  # its bot may have died before it laid them down
                with suppress(SeconderError):
                    self.carrier.leave_notes(run.plan, run.id)
            self._steps(run)
        return self.journal.refresh(run)

    def _steps(self, run: Run, *, announced: bool = False) -> None:
        """Carry out what is left; ``announced``: the intent of the first step was committed a moment ago, by us."""
        for n, step in enumerate(run.plan.steps, start=1):
            if run.steps[n - 1].state is StepState.DONE:
                continue
            if not announced:
                run = self.journal.refresh(run)
                if self.leaving.is_set():
                    return
                if run.stop_by and not run.past_return:
                    self._undo(run, f"Stopped by {run.stop_by}.", Outcome.CANCELLED)
                    return
            if (after := self._step(run, n, step, announced=announced)) is None:
                return
            run = after
            announced = run.begun(n + 1)
        self.journal.end(run, Outcome.SUCCEEDED, run.amiss(StepState.DONE))

    def _step(self, run: Run, n: int, step: Step, *, announced: bool) -> Run | None:
        """Carry out one step; the run as it goes on, None when it does not."""
        if not announced:
            if (settled := self._settled(run, n, step)) is not None:
                return self.journal.refresh(run) if settled else None
            run = self.journal.intent(run, n, step)
        try:
            shown = self.carrier.do(run.plan, step, self._context(run, n, step.deadline))
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001  # one of three places that catch all: a step may fail in any way
            return self.journal.refresh(run) if self._after_error(run, n, step, error) else None
        if n < len(run.steps) and not self.leaving.is_set():
            return self.journal.onward(run, n, step, shown)
        self.journal.outcome(run, n, step, StepState.DONE, shown)
        return self.journal.refresh(run)

    def _settled(self, run: Run, n: int, step: Step) -> bool | None:
        """Decide about a step that a dead bot had begun: True went on, False ended, None (also a fresh one) do it."""
        record = run.steps[n - 1]
        if record.state is StepState.UNKNOWN:  # it was lost, and its bot died before it could say so of the run
            self._lost(run, n, step, record.text)
            return False
        if record.state is StepState.FAILED:
            self._failed(run, n, step, record.text)
            return False
        return self._take_up(run, n, step) if record.state is StepState.STARTED else None

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
        self._failed(self.journal.refresh(run), n, step, said)
        return False

    def _failed(self, run: Run, n: int, step: Step, said: str) -> None:
        """Go back where that is possible, else end."""
        if run.behind_return(n):
            self.journal.end(run, Outcome.FAILED, f"Step {n}, {step.title}: {said}")
        else:
            stopped = Outcome.CANCELLED if run.stop_by else Outcome.FAILED
            self._undo(run, f"Step {n}, {step.title}: {said}", stopped)

    def _probe(self, run: Run, n: int, step: Step) -> Probe:
        if step.kind is Kind.OPAQUE:
            return Probe.UNKNOWN
        try:
            return self.carrier.probe(run.plan, step, self._context(run, n, step.deadline))
        except SeconderError:
            return Probe.UNKNOWN

    def _lost(self, run: Run, n: int, step: Step, said: str) -> None:
        self.journal.lose(run, n, step, said, f"Step {n}, {step.title}: {said}")

    def _give_up(self, run: Run, why: str) -> None:
        """Leave a run to people, before its first effect without harm."""
        if run.state is RunState.CHECKING:
            self.journal.refuse(run, refusal=Refusal("TAKE-UP", why, "Ask again."))
        elif (current := run.current) is not None:
            self.journal.lose(run, current.n, run.plan.steps[current.n - 1], why, why)
        else:
            self.journal.end(run, Outcome.UNKNOWN, why)

    def _undo(self, run: Run, why: str, outcome: Outcome = Outcome.FAILED) -> None:
        """Take back, in reverse, what was started before the point of no return."""
        if run.state is not RunState.UNDOING:
            self.journal.going_back(run, why)
            run = self.journal.refresh(run)
        touched = {StepState.STARTED, StepState.DONE, StepState.FAILED}
        for n, step in reversed(list(enumerate(run.plan.steps, start=1))):
            if step.undo is None or run.steps[n - 1].state not in touched:
                continue
            failed = self._undo_one(run, n, step, step.undo)
            if failed:
                self.journal.end(self.journal.refresh(run), Outcome.UNKNOWN, f"{why} Going back failed: {failed}")
                return
        run = self.journal.refresh(run)
        note = f"{why} {run.left}"
        if run.amiss(StepState.UNDONE):
            note = f"{why} Taken back, but for: {run.amiss(StepState.UNDONE)}"
        self.journal.end(run, Outcome.UNKNOWN if run.amiss(StepState.UNDONE, SERIOUS) else outcome, note)

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
            report=Reporter(self.journal, run, n).report,
            stopping=lambda: self.journal.refresh(run).stop_by is not None,
            mine=lambda: None if self.sure() else self._still(run),
        )

    def _still(self, run: Run) -> None:
        self.journal.refresh(run)


def _said(error: Exception) -> str:
    if isinstance(error, SeconderError):
        return f"{error.message} {error.hint}".strip()
    return f"This is a bug in Seconder: {type(error).__name__}: {error}"
