"""A request as programs read it (the contract of `seconder requests --json`)."""

from approvals.model import Request
from audit.store import Store
from bot import store as rows
from core.clock import stamp
from runs import store as runs
from runs.model import Run, StepState


def request_json(store: Store, request: Request) -> dict[str, object]:
    """Give a request as plain data; ``run`` is null until a step has begun."""
    with store.reading() as session:
        run = runs.of_request(session, request.id)
        card = rows.card(session, request.id)
    begun = run is not None and any(step.state is not StepState.PENDING for step in run.steps)
    return {
        "id": request.id,
        "state": request.state.value,
        "action": request.plan.action,
        "cluster": request.plan.cluster,
        "risk": request.plan.risk.value,
        "requester": request.requester,
        "needed": request.needed,
        "votes": [
            {"person": vote.person, "verdict": vote.verdict.value, "at": stamp(vote.at)} for vote in request.votes
        ],
        "plan": request.plan.to_json(),
        "plan_hash": request.plan_hash,
        "expires_at": stamp(request.expires_at),
        "channel": card.channel if card else request.channel,
        "ts": card.ts if card else None,
        "version": request.version,
        "note": request.note,
        "reason": request.wish.reason,
        "start_at": stamp(request.wish.start_at) if request.wish.start_at else None,
        "emergency": request.wish.emergency,
        "run": _run(run) if run is not None and begun else None,
    }


def _run(run: Run) -> dict[str, object]:
    steps = [
        {"n": record.n, "name": record.name, "title": step.title, "state": record.state.value, "text": record.text}
        for record, step in zip(run.steps, run.plan.steps, strict=False)
    ]
    return {"id": run.id, "steps": steps, "outcome": run.outcome, "error": run.error or None}
