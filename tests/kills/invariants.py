"""What must hold after any crash: nothing twice, nothing without its intent, nothing stuck, one record of it all."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import col, select

from approvals import store as requests
from approvals.model import State
from audit.store import AuditEvent, Session, Store
from audit.verify import verify_store
from core.plan import Kind
from runs import store as rows
from runs.model import Run, RunState, StepState
from tests.kills.fleet import Effect, effects

REPEATED = {Kind.LOOK, Kind.IDEMPOTENT}


@dataclass(frozen=True)
class Seen:
    """All runs, what happened, and where in the record its intents stand, by run, step and epoch."""

    runs: dict[str, Run]
    effects: list[Effect]
    intents: dict[tuple[str | None, str | None, int], list[int]]


def hold(store: Store, path: Path) -> list[Run]:
    """See that all of it holds; give all runs, oldest first."""
    with store.reading() as session:
        ids = session.exec(select(rows.RunRow.id).order_by(rows.RunRow.started_at)).all()
        runs = [run for run in (rows.load(session, one) for one in ids) if run is not None]
        seen = Seen({run.id: run for run in runs}, effects(path), _intents(session))
        for run in runs:
            _final(session, run)
        assert not rows.unfinished(session)
    _nothing_twice(seen)
    _nothing_without_its_intent(seen)
    for run in runs:
        _in_order(run, [one for one in seen.effects if one.run == run.id])
    report = verify_store(store.url)
    assert report.ok is True, report
    return runs


def _intents(session: Session) -> dict[tuple[str | None, str | None, int], list[int]]:
    found = defaultdict(list)
    for row in session.exec(select(AuditEvent).where(AuditEvent.action == "step.intent").order_by(col(AuditEvent.seq))):
        found[row.run, row.step, json.loads(row.body)["source"]["epoch"]].append(row.seq)
    return found


def _final(session: Session, run: Run) -> None:
    """A run has ended, or is unknown and holds its cluster; its request says the same."""
    request = requests.load(session, run.request)
    assert request is not None
    assert not run.state.live, run
    if run.state is RunState.UNKNOWN:
        assert (run.outcome, request.state) == ("unknown", State.UNKNOWN)
        assert rows.holding(session, run.plan.cluster) == run.request
    elif run.outcome is None:
        assert request.state in {State.BLOCKED, State.OUTDATED}
    else:
        assert request.state.value == run.outcome


def _nothing_twice(seen: Seen) -> None:
    forth = Counter((one.run, one.n) for one in seen.effects if _forth(seen.runs[one.run], one))
    for (run, n), count in forth.items():
        step = seen.runs[run].plan.steps[n - 1]
        assert count == 1 or step.kind in REPEATED, f"{run}: {n} {step.name} happened {count} times"


def _nothing_without_its_intent(seen: Seen) -> None:
    """Each effect has an intent of its own, of the same bot, that everybody could read before it happened."""
    for one in seen.effects:
        mine = seen.intents.get((one.run, f"{one.n} {one.name}", one.epoch), [])
        assert mine, f"{one} has no intent"
        assert mine.pop(0) <= one.after, f"{one} came before its intent"


def _in_order(run: Run, happened: list[Effect]) -> None:
    """Steps come in order; nothing is taken back behind the point of no return; no success lacks a step."""
    forth = [one.n for one in happened if _forth(run, one)]
    assert forth == sorted(forth)
    point = next((n for n, step in enumerate(run.plan.steps, start=1) if step.ponr), len(run.plan.steps) + 1)
    taken_back = [one for one in happened if not _forth(run, one)]
    assert not (taken_back and forth and forth[-1] >= point), run.id
    done = [step.n for step in run.steps if step.state is StepState.DONE]
    assert set(done) <= set(forth), f"{run.id}: the journal has steps that never happened"
    if run.outcome == "succeeded":
        assert done == [step.n for step in run.steps]


def _forth(run: Run, one: Effect) -> bool:
    return one.name == run.plan.steps[one.n - 1].name
