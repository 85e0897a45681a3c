"""The windows in which people type: approve, reject, settle, stop, and the full plan."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from approvals.model import Request
from bot.blocks import Block, choice, context, modal, pieces, section, text_input
from bot.texts import Texts, inert
from core.plan import Plan, Risk

MOST_SIGNED = 90  # blocks; Slack takes 100 in a window, and the inputs stand beside them
MOST_READ = 98
MOST_BYTES = 200_000  # of a window's JSON; Slack refuses a view above 250 kB


@dataclass(frozen=True)
class Submission:
    """A modal that somebody sent, read out of its payload."""

    callback: str
    request: str
    channel: str
    values: Mapping[str, str]


def approve(texts: Texts, request: Request, channel: str, look: bool = False) -> Block:  # noqa: FBT001, FBT002  # as its callers write it
    """Give the window in which an approver types the target's name, above everything that is signed.

    With ``look`` the fact that the plan lets look up is asked for, and not shown. A plan that can't be shown whole
    can't be approved here: the window then has no button and says how else.
    """
    plan = request.plan
    parts = texts.parts("approve_modal.j2", {"request": request, "plan": plan})
    whole = whole_plan(texts, plan, hide_look=look)
    if whole is None:
        return modal("request.approve", _about(request, channel), parts["title"], "", [section(parts["too_long"])])
    blocks = [section(parts["body"])]
    if plan.risk is Risk.DESTRUCTIVE:
        blocks.append(text_input("target", "typed", parts["label"], hint=parts["hint"]))
    if look and plan.look is not None:
        blocks.append(text_input("look", "typed", parts["look_label"], hint=parts["look_hint"]))
    blocks += [{"type": "divider"}, section(parts["signed"]), *whole]
    return modal("request.approve", _about(request, channel), parts["title"], "Approve", blocks)


def whole_plan(texts: Texts, plan: Plan, hide_look: bool = False) -> list[Block] | None:  # noqa: FBT001, FBT002  # as above
    """Give everything that is signed; None when it does not fit into a window beside the inputs."""
    parts = texts.parts("full_plan.j2", {"plan": plan, "hide_look": hide_look})
    found = [section(piece) for piece in pieces(parts["signed"])]
    return found if len(found) <= MOST_SIGNED and _bytes(found) <= MOST_BYTES else None


def fits(texts: Texts, plan: Plan) -> bool:
    """Say whether a plan can be shown whole where it is signed."""
    return whole_plan(texts, plan) is not None


def reject(request: Request, channel: str) -> Block:
    """Give the window in which a reason is typed."""
    reason = text_input("reason", "text", "Why not?", multiline=True)
    return modal("request.reject", _about(request, channel), "Reject", "Reject", [reason])


def settle(request: Request, channel: str, facts: str) -> Block:
    """Give the window in which people say what happened."""
    options = (("happened", "It happened"), ("not", "It did not happen"))
    blocks = [
        section(inert(request.note)),
        *[section(piece) for piece in pieces(inert(facts))],
        choice("verdict", "choice", "The step whose end nobody saw", options),
        context("Two people have to say the same. Nothing is repeated by the bot."),
    ]
    return modal("run.settle", _about(request, channel), "Say what happened", "Say it", blocks)


def review(request: Request, channel: str) -> Block:
    """Give the window in which somebody says what they think of what another one ran alone."""
    options = (("fine", "I looked: it was right"), ("not", "I looked: it was not right"))
    blocks = [
        section(f"*{inert(request.plan.title)}*\n{request.requester}: {inert(request.wish.reason)}"),
        choice("verdict", "choice", "What do you say?", options),
        text_input("note", "text", "What should others know?", multiline=True),
    ]
    return modal("debt.review", _about(request, channel), "Look at it", "Note it", blocks)


def full_plan(texts: Texts, request: Request, look: bool = False) -> Block:  # noqa: FBT001, FBT002  # as above
    """Give the whole plan to read; what does not fit is said to be missing, and where it is whole."""
    data = {"plan": request.plan, "hide_look": look, "torn_id": request.id}
    parts = texts.parts("full_plan.j2", data)
    blocks = [section(piece) for part in ("signed", "beside") for piece in pieces(parts[part])]
    shown = _fitting(blocks)
    if len(shown) < len(blocks):
        shown.append(section(parts["torn"]))
    return modal("request.plan", "", "Full plan", "", shown)


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


def _fitting(blocks: Sequence[Block]) -> list[Block]:
    """Give the first blocks, as many as a window takes beside one more."""
    shown, size = [], 0
    for block in blocks[:MOST_READ]:
        size += _bytes([block])
        if size > MOST_BYTES:
            break
        shown.append(block)
    return shown


def _bytes(blocks: Sequence[Block]) -> int:
    return len(json.dumps(blocks))
