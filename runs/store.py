"""The rows of runs, steps and schedule slots."""

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import Index, bindparam, text
from sqlmodel import Field, Session, SQLModel, col, or_, select, update

from audit.store import changed_one
from core.plan import Lock, Plan, plan_from_json
from runs.model import Run, RunState, StepRecord, StepState

_HOLDING = [state.value for state in RunState if state.holds_cluster]
_ALONE = text("state IN ('" + "','".join(_HOLDING) + f"') AND lock <> '{Lock.NONE.value}'")


class RunRow(SQLModel, table=True):
    """One run. ``epoch`` rises with every claim; an older owner's writes find no row."""

    __tablename__ = "run"
    __table_args__ = (
        Index(
            "one_run_per_cluster",
            "cluster",
            unique=True,
            sqlite_where=_ALONE,
            postgresql_where=_ALONE,
        ),
    )
    id: str = Field(primary_key=True)
    request: str = Field(unique=True)
    cluster: str
    action: str
    plan: str
    plan_hash: str
    risk: str
    lock: str
    state: str = Field(index=True)
    epoch: int = 1
    owner: str
    heartbeat_at: str
    started_at: str
    ended_at: str | None = None
    outcome: str | None = None
    error: str = ""
    stop_by: str | None = None
    progress: str = "{}"


class StepRow(SQLModel, table=True):
    """One step of a run, or the undo of one."""

    __tablename__ = "step"
    run: str = Field(primary_key=True, foreign_key="run.id")
    n: int = Field(primary_key=True)
    name: str
    state: str
    started_at: str | None = None
    ended_at: str | None = None
    text: str = ""
    data: str = "{}"


class SettleRow(SQLModel, table=True):
    """What one person says about a step whose end nobody saw."""

    __tablename__ = "settlement"
    run: str = Field(primary_key=True, foreign_key="run.id")
    person: str = Field(primary_key=True)
    happened: bool
    at: str


# Made once, of the tables and not of their classes: the ORM takes ten times as long over a statement.
_RUN, _STEP = SQLModel.metadata.tables["run"], SQLModel.metadata.tables["step"]
_ADD_RUN, _ADD_STEP = _RUN.insert(), _STEP.insert().values(text="", data="{}")
_CHANGE = update(_RUN).where(
    _RUN.c.id == bindparam("this"), _RUN.c.epoch == bindparam("this_epoch"), _RUN.c.owner == bindparam("this_owner")
)
_SET_STEP = update(_STEP).where(_STEP.c.run == bindparam("this"), _STEP.c.n == bindparam("this_n"))
_HOLDER = select(_RUN.c.request).where(
    _RUN.c.cluster == bindparam("this"), _RUN.c.state.in_(_HOLDING), _RUN.c.lock != Lock.NONE.value
)
_MOVED = select(_RUN.c.id).where(
    _RUN.c.cluster == bindparam("this"),
    or_(_RUN.c.started_at >= bindparam("since"), _RUN.c.ended_at >= bindparam("since"), _RUN.c.ended_at.is_(None)),
)
_STOP = select(_RUN.c.stop_by).where(_RUN.c.id == bindparam("this"))


def insert(session: Session, run: Run) -> None:
    """Add a run with its steps; the partial unique index holds one with a lock per cluster (IntegrityError)."""
    whole = {
        "id": run.id,
        "request": run.request,
        "cluster": run.plan.cluster,
        "action": run.plan.action,
        "plan": json.dumps(run.plan.to_json()),
        "plan_hash": run.plan_hash,
        "risk": run.plan.risk.value,
        "lock": run.plan.lock.value,
        "state": run.state.value,
        "epoch": run.epoch,
        "owner": run.owner,
        "heartbeat_at": run.heartbeat_at,
        "started_at": run.started_at,
        "error": run.error,
        "progress": json.dumps(run.progress),
    }
    session.connection().execute(_ADD_RUN, whole)
    if run.steps:
        steps = [
            {"run": run.id, "n": step.n, "name": step.name, "state": step.state.value, "started_at": step.started_at}
            for step in run.steps
        ]
        session.connection().execute(_ADD_STEP, steps)


def load(session: Session, run_id: str) -> Run | None:
    """Give one run with its steps."""
    row = session.get(RunRow, run_id)
    return None if row is None else _run(session, row)


def of_request(session: Session, request_id: str) -> Run | None:
    """Give the run of a request, if it has one."""
    row = session.exec(select(RunRow).where(RunRow.request == request_id)).first()
    return None if row is None else _run(session, row)


def holding(session: Session, cluster: str) -> str | None:
    """Give the request whose run holds a cluster."""
    holder: str | None = session.connection().execute(_HOLDER, {"this": cluster}).scalar()
    return holder


def unfinished(session: Session) -> list[Run]:
    """List runs that somebody carries out, or did before it died."""
    query = select(RunRow).where(col(RunRow.state).in_([state.value for state in RunState if state.live]))
    return [_run(session, row) for row in session.exec(query).all()]


def last_end(session: Session, risk: str) -> str | None:
    """Give when the last run of a risk ended."""
    query = select(RunRow.ended_at).where(RunRow.risk == risk, col(RunRow.ended_at).is_not(None))
    return session.exec(query.order_by(col(RunRow.ended_at).desc()).limit(1)).first()


def moved_since(session: Session, cluster: str, since: str) -> bool:
    """Say whether a run of a cluster began or ended since then, or is under way."""
    return session.connection().execute(_MOVED, {"this": cluster, "since": since}).first() is not None


def change(session: Session, run: Run, values: Mapping[str, object]) -> bool:
    """Set columns if this owner still holds the run at its epoch; say whether it does."""
    return changed_one(session, _CHANGE, {**values, "this": run.id, "this_epoch": run.epoch, "this_owner": run.owner})


def claim(session: Session, run: Run, owner: str) -> bool:
    """Take a dead owner's run over: one compare-and-set that raises the epoch. When it was last alive stays."""
    statement = (
        update(RunRow)
        .where(col(RunRow.id) == run.id, col(RunRow.epoch) == run.epoch, col(RunRow.state) == run.state.value)
        .values(owner=owner, epoch=run.epoch + 1)
    )
    return changed_one(session, statement)


def ask_stop(session: Session, run_id: str, person: str) -> bool:
    """Note that somebody pressed Stop, once."""
    statement = (
        update(RunRow)
        .where(
            col(RunRow.id) == run_id,
            col(RunRow.stop_by).is_(None),
            col(RunRow.state).in_([state.value for state in RunState if state.live]),
        )
        .values(stop_by=person)
    )
    return changed_one(session, statement)


def stop_asked(session: Session, run_id: str) -> str | None:
    """Give who pressed Stop, if anybody did."""
    stop_by: str | None = session.connection().execute(_STOP, {"this": run_id}).scalar()
    return stop_by


def close_unknown(session: Session, run_id: str, values: Mapping[str, object]) -> bool:
    """End a run whose result was unknown, once."""
    statement = (
        update(RunRow).where(col(RunRow.id) == run_id, col(RunRow.state) == RunState.UNKNOWN.value).values(**values)
    )
    return changed_one(session, statement)


def set_step(session: Session, run_id: str, record: StepRecord) -> None:
    """Write where a step stands."""
    values = {
        "state": record.state.value,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "text": record.text,
        "data": json.dumps(record.data),
    }
    changed_one(session, _SET_STEP, {**values, "this": run_id, "this_n": record.n})


def say(session: Session, run_id: str, person: str, *, happened: bool, at: str) -> list[tuple[str, bool]]:
    """Note what a person says about a run's open step, and give what everybody said."""
    row = session.get(SettleRow, (run_id, person)) or SettleRow(run=run_id, person=person, happened=happened, at=at)
    row.happened, row.at = happened, at
    session.add(row)
    session.flush()
    query = select(SettleRow).where(SettleRow.run == run_id).order_by(col(SettleRow.at))
    return [(said.person, said.happened) for said in session.exec(query).all()]


def _run(session: Session, row: RunRow) -> Run:
    steps: Sequence[StepRow] = session.exec(select(StepRow).where(StepRow.run == row.id).order_by(col(StepRow.n))).all()
    plan: Plan = plan_from_json(json.loads(row.plan))
    return Run(
        id=row.id,
        request=row.request,
        plan=plan,
        plan_hash=row.plan_hash,
        state=RunState(row.state),
        epoch=row.epoch,
        owner=row.owner,
        heartbeat_at=row.heartbeat_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        error=row.error,
        stop_by=row.stop_by,
        progress=json.loads(row.progress),
        steps=tuple(
            StepRecord(s.n, s.name, StepState(s.state), s.started_at, s.ended_at, s.text, json.loads(s.data))
            for s in steps
        ),
    )
