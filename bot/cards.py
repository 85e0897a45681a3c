"""A request's card: drawn from the store and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from approvals.debts.ledger import Debt
from approvals.model import Request, State
from bot.blocks import CUT, Block, buttons, context, section
from bot.texts import Markup, Texts
from core.outcome import AMISS
from core.plan import Step
from runs.model import Run, StepRecord, StepState

TEMPLATES = {
    State.OPEN: "card_open.j2",
    State.APPROVED: "card_running.j2",
    State.RUNNING: "card_running.j2",
    State.OUTDATED: "card_outdated.j2",
    State.UNKNOWN: "card_unknown.j2",
}
_TOUCHED = {StepState.STARTED.value, StepState.DONE.value, StepState.FAILED.value}
_MARKS = {
    StepState.PENDING: "▫️",
    StepState.STARTED: "⏳",
    StepState.DONE: "✅",
    StepState.FAILED: "❌",
    StepState.UNKNOWN: "❓",
    StepState.UNDONE: "↩️",
    StepState.SKIPPED: "▫️",
}
_AMISS = "⚠️"  # done with, but it did not come about


@dataclass(frozen=True)
class Message:
    """What is sent: ``text`` carries the whole outcome for screen readers and notifications."""

    text: str
    blocks: list[Block]
    metadata: dict[str, object] | None = None


@dataclass(frozen=True)
class Line:
    """One step as the card shows it."""

    n: int
    mark: str
    word: str
    step: Step
    said: str


def request_card(
    texts: Texts, request: Request, run: Run | None, audit_head: str, approvers: str, debt: Debt | None = None
) -> Message:
    """Draw a request's card as it stands. ``approvers`` says which approvals are still wanted."""
    data = {
        "request": request,
        "plan": request.plan,
        "run": run,
        "lines": lines(request, run),
        "past_return": bool(run and run.past_return),
        "approved_by": [vote.person for vote in request.votes if vote.approves],
        "rejected_by": [vote.person for vote in request.votes if not vote.approves],
        "approvers": approvers,
        "audit_head": audit_head,
        "debt": debt,
        "undoing": [line.step.undo.title for line in lines(request, run) if line.step.undo and line.word in _TOUCHED],
        "state": request.state.value,
        "progress": dict(run.progress) if run and run.progress else None,
    }
    parts = texts.parts(TEMPLATES.get(request.state, "card_ended.j2"), data)
    metadata: dict[str, object] = {
        "event_type": "seconder_request",
        "event_payload": {"request": request.id, "version": request.version},
    }
    return assemble(parts, request.id, metadata)


def card_fits(texts: Texts, request: Request) -> bool:
    """Say whether a request's card shows every step whole; if not, an approver is shown the full plan first."""
    drawn = request_card(texts, replace(request, state=State.OPEN), None, "", "")
    return not any(CUT.strip() in str(block) for block in drawn.blocks)


def assemble(parts: Mapping[str, str], value: str, metadata: dict[str, object] | None = None) -> Message:
    """Put a template's blocks (title, meta, body, steps, buttons, footer) into one message."""
    blocks: list[Block] = []
    for name, made in (("title", section), ("meta", context), ("body", section), ("steps", section)):
        if parts.get(name):
            blocks.append(made(parts[name]))
    blocks += buttons(parts.get("buttons", ""), value)
    if parts.get("footer"):
        blocks.append(context(parts["footer"]))
    return Message(parts.get("text") or parts.get("title", ""), blocks, metadata)


def lines(request: Request, run: Run | None) -> list[Line]:
    """Pair the plan's steps with where they stand."""
    records = run.steps if run else ()
    shown = []
    for n, step in enumerate(request.plan.steps, start=1):
        record = records[n - 1] if n <= len(records) else StepRecord(n, step.name, StepState.PENDING)
        mark = _AMISS if AMISS in record.data else _MARKS[record.state]
        shown.append(Line(n, Markup(mark), record.state.value, step, record.text))
    return shown
