"""What happens is written before and after it happens, in one transaction with the record."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from audit.store import Session, Store, now
from core.clock import Clock, moment, stamp
from core.grant import Grant
from core.outcome import Evidence, Outcome, Refusal
from core.plan import Kind, Lock, Plan, Step
from runs import store as rows
from runs.model import Run, RunState, StepRecord, StepState, new_run
from runs.pen import Fenced, Pen, change
from runs.ports import Book

_OUTCOMES = {
    Outcome.SUCCEEDED: "success",
    Outcome.FAILED: "failure",
    Outcome.CANCELLED: "failure",
    Outcome.UNKNOWN: "unknown",
}
_STEP_OUTCOMES = {StepState.DONE: "success", StepState.UNDONE: "success", StepState.UNKNOWN: "unknown"}


@dataclass(frozen=True)
class Journal:
    """Writes runs. Every method is one transaction; a write by a fenced owner raises Fenced."""

    store: Store
    book: Book
    clock: Clock
    owner: str

    @property
    def _pen(self) -> Pen:
        return Pen(self.clock, self.owner)

    def begin(self, grant: Grant, seen_since: str | None = None) -> Run | Refusal:
        """Redeem a grant and insert its run, at most once, with the cluster's lock if it takes one.

        ``seen_since``: a look at the cluster that began then gave what was agreed. When no run came since, the run sets
        out at once, as with ``set_out``: clients may be waiting.
        """
        try:
            with self.store.transaction() as session:
                return self._begin(session, grant, seen_since)
        except IntegrityError:  # the partial unique index: somebody was faster on this cluster
            return Refusal("CLUSTER-BUSY", "Another run has just started on this cluster.", "Wait for its end.")

    def _begin(self, session: Session, grant: Grant, seen_since: str | None) -> Run | Refusal:
        request = self.book.redeem(session, grant)
        if isinstance(request, Refusal):
            return request
        free = request.plan.lock is Lock.NONE  # it neither waits for others nor keeps them waiting
        holder = None if free else rows.holding(session, request.plan.cluster)
        if holder is not None:
            busy = Refusal(
                "CLUSTER-BUSY",
                f"{request.plan.cluster} is held by {holder}, which has not ended.",
                "Wait for its end, or settle it if its result is unknown.",
            )
            self.book.block(session, request.id, busy)
            return busy
        plan, at = request.plan, stamp(now(session, self.clock))
        still = seen_since is not None and not rows.moved_since(session, plan.cluster, seen_since)
        run = new_run(request.id, plan, grant.plan_hash, self.owner, at)
        run = replace(run, state=RunState.RUNNING) if still else run
        first = _foreseen(plan, 1) if still else None
        if first is not None:
            run = run.with_step(self._begun(1, first))
        rows.insert(session, run)
        detail = {"plan_hash": run.plan_hash, "owner": self.owner}
        self._pen.record(session, run, "run.started", detail=detail)
        if first is not None:
            self._tell(session, run, 1, first)
        return run

    def refresh(self, run: Run) -> Run:
        """Read the run again; raises Fenced when it is no longer ours."""
        with self.store.reading() as session:
            now = rows.load(session, run.id)
        if now is None or now.owner != self.owner or now.epoch != run.epoch:
            raise Fenced(f"Run {run.id} was taken over by another bot.", "Nothing more is done here.")
        return now

    def take_over(self, run: Run) -> Run | None:
        """Claim a dead owner's run; None when another bot was faster."""
        with self.store.transaction() as session:
            if not rows.claim(session, run, self.owner):
                return None
            claimed = rows.load(session, run.id)
            if claimed is not None:
                detail = {"taken_over_from": run.owner, "epoch": claimed.epoch}
                self._pen.record(session, claimed, "run.started", detail=detail)
            return claimed

    def away(self, run: Run) -> float:
        """Give for how long nobody has carried a run out, in seconds of the store's clock."""
        with self.store.reading() as session:
            return (now(session, self.clock) - moment(run.heartbeat_at)).total_seconds()

    def set_out(self, run: Run) -> Run:
        """Commit that a run's steps begin, and that the first one is about to be done, as ``onward`` does."""
        with self.store.transaction() as session:
            change(session, run, {"state": RunState.RUNNING.value})
            return self._then(session, replace(run, state=RunState.RUNNING), 1)

    def intent(self, run: Run, n: int, step: Step, *, undo: bool = False) -> Run:
        """Commit what is about to be done, before it is done. Gives the run as it is now."""
        with self.store.transaction() as session:
            change(session, run, {"progress": "{}"})
            record = self._intent(session, run, n, step, undo=undo)
            self.book.touch(session, run.request)
        return run if undo else run.with_step(record)

    def onward(self, run: Run, n: int, step: Step, shown: Evidence) -> Run:
        """Commit that a step is done and that the next one is about to be, in one transaction: clients may be waiting.

        Not the next one when it is OPAQUE, or somebody asked to stop while that was still open. Gives the run as it is
        now.
        """
        with self.store.transaction() as session:
            done = self._outcome(session, run, n, step, StepState.DONE, shown)
            return self._then(session, run.with_step(done), n + 1)

    def _then(self, session: Session, run: Run, n: int) -> Run:
        stop_by = rows.stop_asked(session, run.id)
        step = _foreseen(run.plan, n)
        if step is not None and (stop_by is None or run.past_return):
            run = run.with_step(self._intent(session, run, n, step))
        self.book.touch(session, run.request)
        return replace(run, stop_by=stop_by, progress={})

    def _intent(self, session: Session, run: Run, n: int, step: Step, *, undo: bool = False) -> StepRecord:
        record = self._begun(n, step)
        if not undo:
            rows.set_step(session, run.id, record)
        self._tell(session, run, n, step, undo=undo)
        return record

    def _begun(self, n: int, step: Step) -> StepRecord:
        return StepRecord(n, step.name, StepState.STARTED, started_at=stamp(self.clock.now()))

    def _tell(self, session: Session, run: Run, n: int, step: Step, *, undo: bool = False) -> None:
        name, args = (step.undo.name, step.undo.args) if undo and step.undo else (step.name, step.args)
        detail = {"undo": undo, "kind": step.kind.value}
        self._pen.record(session, run, "step.intent", outcome="intent", step=f"{n} {name}", params=args, detail=detail)

    def going_back(self, run: Run, why: str) -> None:
        """Commit that what was done is taken back now, and why: whoever takes the run up has to know."""
        with self.store.transaction() as session:
            change(session, run, {"state": RunState.UNDOING.value, "error": why})

    def outcome(self, run: Run, n: int, step: Step, state: StepState, shown: Evidence) -> None:
        """Commit how a step ended, after it ended."""
        with self.store.transaction() as session:
            self._outcome(session, run, n, step, state, shown)
            self.book.touch(session, run.request)

    def lose(self, run: Run, n: int, step: Step, said: str, why: str) -> None:
        """Commit that nobody knows how a step ended, and with it the run: nothing of it is done again by itself."""
        with self.store.transaction() as session:
            self._outcome(session, run, n, step, StepState.UNKNOWN, Evidence(said))
            self.book.finish(session, run.request, Outcome.UNKNOWN, why)
            self._end(session, run, Outcome.UNKNOWN, why)

    def _outcome(self, session: Session, run: Run, n: int, step: Step, state: StepState, shown: Evidence) -> StepRecord:
        old = next((record for record in run.steps if record.n == n), None)
        name = step.undo.name if state is StepState.UNDONE and step.undo else step.name
        at = stamp(self.clock.now())
        data = json.loads(json.dumps(shown.data))  # later steps see it as they would after a restart
        record = StepRecord(n, step.name, state, old.started_at if old else None, at, shown.text, data)
        change(session, run, {"progress": "{}"})  # whoever lost the run finds no row
        rows.set_step(session, run.id, record)
        outcome = _STEP_OUTCOMES.get(state, "failure")
        detail = {"text": shown.text, "evidence": shown.data, "state": state.value}
        self._pen.record(session, run, "step.outcome", outcome=outcome, step=f"{n} {name}", detail=detail)
        return record

    def progress(self, run: Run, shown: Mapping[str, object]) -> None:
        """Show how far a step is."""
        with self.store.transaction() as session:
            change(session, run, {"progress": json.dumps(shown)})
            self.book.touch(session, run.request)

    def refuse(self, run: Run, *, changes: Sequence[str] = (), refusal: Refusal | None = None) -> None:
        """End a run before its first effect: the cluster changed, or it may not start."""
        with self.store.transaction() as session:
            if run.begun(1):
                self._outcome(session, run, 1, run.plan.steps[0], StepState.SKIPPED, Evidence("It was not begun."))
            if refusal is not None:
                self.book.block(session, run.request, refusal)
            else:
                self.book.outdate(session, run.request, changes)
            error = refusal.message if refusal else "The cluster changed after approval."
            self._end(session, run, None, error)

    def end(self, run: Run, outcome: Outcome, error: str = "") -> None:
        """End a run, with its request, in one transaction."""
        with self.store.transaction() as session:
            self.book.finish(session, run.request, outcome, error)
            self._end(session, run, outcome, error)

    def settle(self, run: Run, *, happened: bool, people: Sequence[str], done: bool, note: str) -> None:
        """Close a run on the word of people; when somebody else has just done so, nothing happens."""
        current, at = run.current, stamp(self.clock.now())
        outcome = Outcome.SUCCEEDED if done else Outcome.FAILED
        ended = {"state": RunState.ENDED.value, "outcome": outcome.value, "error": note, "ended_at": at}
        with self.store.transaction() as session:
            if not rows.close_unknown(session, run.id, ended):
                return
            if current is not None:
                state = StepState.DONE if happened else StepState.FAILED
                text = f"settled by {' and '.join(people)}"
                record = StepRecord(current.n, current.name, state, current.started_at, at, text)
                rows.set_step(session, run.id, record)
            self.book.settle(session, run.request, done=done, note=note)
            detail = {"settled_by": list(people), "happened": happened, "note": note}
            self._pen.record(session, run, "run.ended", outcome=_OUTCOMES[outcome], detail=detail)

    def _end(self, session: Session, run: Run, outcome: Outcome | None, error: str) -> None:
        state = RunState.UNKNOWN if outcome is Outcome.UNKNOWN else RunState.ENDED
        values = {
            "state": state.value,
            "outcome": outcome.value if outcome else None,
            "error": error,
            "ended_at": stamp(self.clock.now()),
            "progress": "{}",
        }
        change(session, run, values)
        recorded = _OUTCOMES[outcome] if outcome else "failure"
        detail = {"outcome": outcome.value if outcome else "not started", "error": error}
        self._pen.record(session, run, "run.ended", outcome=recorded, detail=detail)


def _foreseen(plan: Plan, n: int) -> Step | None:
    """Give the n-th step if its intent may stand beside something else: of an OPAQUE one nobody could tell after."""
    return next((step for step in plan.steps[n - 1 : n] if step.kind is not Kind.OPAQUE), None)
