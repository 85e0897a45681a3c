"""What people do with open views: send them, or close them; and what the app's ack makes of it."""

from collections.abc import Mapping

from sandbox.slack import payloads
from sandbox.slack.blocks import check_view
from sandbox.slack.people import User
from sandbox.slack.scene import Scene
from sandbox.slack.shapes import Json, SlackError, Wrong
from sandbox.slack.socket_mode import Delivery
from sandbox.slack.views import View

TROUBLE = "We had some trouble connecting. Try again?"  # what Slack shows under a view


def open_view(scene: Scene, user: User, view_id: str) -> View:
    """Give an open view of somebody. Raises Wrong."""
    stack = scene.space.views.of(user.id)
    for view in stack:
        if view.id == view_id:
            return view
    there = ", ".join(view.id for view in stack) or "none"
    raise Wrong(f"{user.name} has no open view {view_id or 'without view_id'}; open: {there}.", 404)


async def submit(scene: Scene, user: User, view: View, values: Json) -> Json:
    """Fill a view in and send it. Raises Wrong, with ``errors`` by block, where Slack's client would not send it."""
    space, before = scene.space, scene.space.changes.rev
    _ready(scene, user, view, values)
    payload = payloads.interaction("view_submission", user) | {
        "view": view.as_slack(),
        "response_urls": [],
        "trigger_id": space.triggers.make(user.id, view.id),
    }
    view.errors = {}
    done = await scene.wire.send("interactive", payload, answers=True)
    answer = done.answer or {}
    notice = None if done.acked else TROUBLE
    if done.acked and view in space.views.of(user.id):
        notice = _answered(scene, user, view, answer)
    space.notice(user.id, notice)
    said = answer.get("response_action")
    return scene.outcome(user, before, done, response_action=said, errors=view.errors, notice=notice)


def _ready(scene: Scene, user: User, view: View, values: Json) -> None:
    if scene.space.views.of(user.id)[-1] is not view:
        raise Wrong(f"View {view.id} lies under another one: only the top view can be sent.")
    if not view.body.get("submit"):
        raise Wrong(f"View {view.id} has no submit button.")
    view.fill(values)
    wrong = view.complaints()
    if wrong:
        view.errors = wrong
        scene.space.touched(view)
        said = "; ".join(f"{block}: {text}" for block, text in wrong.items())
        raise Wrong(f"Slack's client does not send it like that. {said}", errors=wrong)


async def close(scene: Scene, user: User, view: View, *, clear: bool) -> Json:
    """Close a view, and what lies on it; the app hears of those that asked for it."""
    space, before = scene.space, scene.space.changes.rev
    clear = clear or bool(view.body.get("clear_on_close"))
    gone = space.views.close(view, clear=clear)
    space.notice(user.id, None)
    space.changes.bump()
    done = Delivery(sent=False)
    for each in gone:
        if each.body.get("notify_on_close"):
            payload = payloads.interaction("view_closed", user) | {"view": each.as_slack(), "is_cleared": clear}
            done = await scene.wire.send("interactive", payload, answers=False)
    return scene.outcome(user, before, done)


def _answered(scene: Scene, user: User, view: View, answer: Json) -> str | None:
    try:
        _carry_out(scene, user, view, answer)
    except SlackError as no:
        return f"{TROUBLE} ({no.error})"
    scene.space.touched(view)
    return None


def _carry_out(scene: Scene, user: User, view: View, answer: Json) -> None:
    space, views = scene.space, scene.space.views
    match answer.get("response_action"):
        case "errors":
            _put_errors(view, answer.get("errors"))
        case "update":
            view.show(check_view(answer.get("view")), views.new_hash())
        case "push":
            space.touched(views.push(user.id, check_view(answer.get("view"))))
        case "clear":
            views.close(view, clear=True)
        case None:
            views.close(view)
        case other:
            raise SlackError(f"invalid response_action {other}")


def _put_errors(view: View, errors: object) -> None:
    blocks = {block["block_id"] for block, _ in view.inputs() if block["type"] == "input"}
    if not isinstance(errors, Mapping) or not errors or not set(errors) <= blocks:
        raise SlackError("errors name no input block of this view")
    view.errors = {str(block): str(text) for block, text in errors.items()}
