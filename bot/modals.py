"""The windows in which people type: approve, reject, settle, the full plan."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from approvals.model import Request
from bot.blocks import Block, choice, context, modal, pieces, section, text_input
from bot.texts import Texts
from core.plan import Risk


@dataclass(frozen=True)
class Submission:
    """A modal that somebody sent, read out of its payload."""

    callback: str
    request: str
    channel: str
    values: Mapping[str, str]


def approve(texts: Texts, request: Request, channel: str) -> Block:
    """Give the window in which an approver types the target's name."""
    plan = request.plan
    parts = texts.parts("approve_modal.j2", {"request": request, "plan": plan})
    blocks = [section(piece) for piece in pieces(parts["body"])]
    if plan.risk is Risk.DESTRUCTIVE:
        blocks.append(text_input("target", "typed", parts["label"], hint=parts["hint"]))
    return modal("request.approve", _about(request, channel), parts["title"], "Approve", blocks)


def reject(request: Request, channel: str) -> Block:
    """Give the window in which a reason is typed."""
    reason = text_input("reason", "text", "Why not?", multiline=True)
    return modal("request.reject", _about(request, channel), "Reject", "Reject", [reason])


def settle(request: Request, channel: str, facts: str) -> Block:
    """Give the window in which people say what happened."""
    options = (("happened", "It happened"), ("not", "It did not happen"))
    blocks = [
        section(request.note or " "),
        *[section(piece) for piece in pieces(facts)],
        choice("verdict", "choice", "The step whose end nobody saw", options),
        context("Two people have to say the same. Nothing is repeated by the bot."),
    ]
    return modal("run.settle", _about(request, channel), "Say what happened", "Say it", blocks)


def full_plan(texts: Texts, request: Request) -> Block:
    """Give the whole plan to read."""
    text = texts.whole("full_plan.j2", {"plan": request.plan})
    return modal("request.plan", "", "Full plan", "", [section(piece) for piece in pieces(text)][:100])


def read(view: Mapping[str, object]) -> Submission:
    """Read what somebody typed. The metadata holds opaque ids only."""
    metadata = view.get("private_metadata")
    about = json.loads(metadata) if isinstance(metadata, str) and metadata else {}
    state = view.get("state")
    blocks = state.get("values", {}) if isinstance(state, Mapping) else {}
    values = {block: _value(next(iter(actions.values()), {})) for block, actions in blocks.items()}
    return Submission(
        str(view.get("callback_id", "")), str(about.get("request", "")), str(about.get("channel", "")), values
    )


def _value(action: Mapping[str, object]) -> str:
    chosen = action.get("selected_option")
    if isinstance(chosen, Mapping):
        return str(chosen.get("value", ""))
    return str(action.get("value") or "").strip()


def _about(request: Request, channel: str) -> str:
    return json.dumps({"request": request.id, "channel": channel})
