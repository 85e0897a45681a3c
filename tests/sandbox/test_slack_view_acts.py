"""Sending and closing views, and what the app's ack makes of it."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.fixtures.slack_hands import Hands, WireApp, modal, text_input

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def open_modal(app: WireApp, hands: Hands, client: WebClient, view: Json) -> str:
    hands.command()
    opened = client.views_open(trigger_id=app.payloads()[-1]["trigger_id"], view=view)
    return str(opened["view"]["id"])


def test_a_submission_carries_every_input(app: WireApp, hands: Hands, client: WebClient) -> None:
    fields = text_input(), text_input("more") | {"optional": True}
    view = open_modal(app, hands, client, modal(*fields, private_metadata="r-1"))
    hands.act("submit", user="ana", view_id=view, values={"reason": {"text": "why"}})
    payload = app.payloads()[-1]
    assert payload["type"] == "view_submission"
    assert payload["view"]["private_metadata"] == "r-1"
    assert payload["view"]["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "why"}},
        "more": {"text": {"type": "plain_text_input", "value": None}},
    }
    assert "message" not in payload


def test_a_required_field_left_empty_is_not_sent(app: WireApp, hands: Hands, client: WebClient) -> None:
    view = open_modal(app, hands, client, modal())
    count = len(app.frames)
    answer = hands.ask("/sandbox/submit", {"user": "ana", "view_id": view, "values": {}})
    assert answer.status == 400
    assert answer.body["errors"] == {"reason": "Please complete this required field."}
    assert hands.wait_for_view("ana")["errors"] == answer.body["errors"]
    assert len(app.frames) == count


def test_submissions_that_nobody_could_make_are_refused(app: WireApp, hands: Hands, client: WebClient) -> None:
    view = open_modal(app, hands, client, modal())
    assert "ben has no open view" in hands.refused("submit", user="ben", view_id=view)
    assert "open: " + view in hands.refused("submit", user="ana", view_id="V404")
    assert "no input nope / text" in hands.refused("submit", user="ana", view_id=view, values={"nope": {"text": "x"}})
    assert "an object" in hands.refused("submit", user="ana", view_id=view, values=["x"])
    assert "values are" in hands.refused("submit", user="ana", view_id=view, values={"reason": "x"})
    bare = open_modal(app, hands, client, modal({"type": "divider"}, submit=None))
    assert "no submit button" in hands.refused("submit", user="ana", view_id=bare)


def test_what_the_ack_of_a_submission_says_happens(app: WireApp, hands: Hands, client: WebClient) -> None:
    view = open_modal(app, hands, client, modal())
    values = {"reason": {"text": "why"}}
    app.reply = lambda _: {"response_action": "push", "view": modal(callback_id="second")}
    pushed = hands.act("submit", user="ana", view_id=view, values=values)
    assert [each["callback_id"] for each in hands.look("views", user="ana")["views"]] == ["why", "second"]
    assert "lies under another" in hands.refused("submit", user="ana", view_id=view, values=values)
    top = pushed["views"][-1]["id"]
    app.reply = lambda _: None
    hands.act("submit", user="ana", view_id=top, values=values)
    assert [each["id"] for each in hands.look("views", user="ana")["views"]] == [view]
    app.reply = lambda _: {"response_action": "clear"}
    hands.act("submit", user="ana", view_id=view, values=values)
    assert hands.look("views", user="ana")["views"] == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"response_action": "errors", "errors": {"nope": "x"}}, id="an error under no block"),
        pytest.param({"response_action": "errors"}, id="no errors"),
        pytest.param({"response_action": "update", "view": {"type": "modal"}}, id="a bad view"),
        pytest.param({"response_action": "dance"}, id="an unknown action"),
    ],
)
def test_an_ack_that_slack_cannot_follow_is_told_and_the_view_stays(
    app: WireApp, hands: Hands, client: WebClient, answer: Json
) -> None:
    view = open_modal(app, hands, client, modal())
    app.reply = lambda _: answer
    done = hands.act("submit", user="ana", view_id=view, values={"reason": {"text": "why"}})
    assert done["notice"].startswith("We had some trouble connecting.")
    assert hands.wait_for_view("ana")["id"] == view
    assert hands.look("state", user="ana")["notice"] == {"text": done["notice"]}


def test_closing_is_told_to_apps_that_asked_for_it(app: WireApp, hands: Hands, client: WebClient) -> None:
    quiet = open_modal(app, hands, client, modal())
    count = len(app.frames)
    hands.act("close-view", user="ana", view_id=quiet)
    assert len(app.frames) == count
    told = open_modal(app, hands, client, modal(notify_on_close=True))
    hands.act("close-view", user="ana", view_id=told)
    assert (app.payloads()[-1]["type"], app.payloads()[-1]["is_cleared"]) == ("view_closed", False)
    assert "no open view" in hands.refused("close-view", user="ana", view_id=told)


def test_a_menu_in_a_view_is_pressed_with_a_value(app: WireApp, hands: Hands, client: WebClient) -> None:
    option = {"text": {"type": "plain_text", "text": "db2"}, "value": "db2"}
    menu = {"type": "static_select", "action_id": "node", "options": [option]}
    view = open_modal(app, hands, client, modal({"type": "actions", "block_id": "b", "elements": [menu]}, text_input()))
    hands.act("click", user="ana", view_id=view, action_id="node", value="db2", values={"reason": {"text": "so"}})
    payload = app.payloads()[-1]
    assert payload["actions"][0]["selected_option"] == option
    assert payload["view"]["state"]["values"]["reason"]["text"]["value"] == "so"
    assert "channel" not in payload
    assert "no option 'db9'" in hands.refused("click", user="ana", view_id=view, action_id="node", value="db9")
    assert "has its options already" in hands.refused("suggest", user="ana", view_id=view, action_id="node")


def choices(*values: str) -> list[Json]:
    return [{"text": {"type": "plain_text", "text": f"The {value}"}, "value": value} for value in values]


def asking(kind: str, *values: str, **more: object) -> Json:
    element = {"type": kind, "action_id": "pick", "options": choices(*values)}
    label = {"type": "plain_text", "text": "Node"}
    return {"type": "input", "block_id": "node", "label": label, "element": element, **more}


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("static_select", "selected_option", "db2"),
        ("radio_buttons", "selected_option", "db2"),
        ("checkboxes", "selected_options", ["db1", "db2"]),
        ("multi_static_select", "selected_options", ["db2"]),
    ],
)
def test_a_choice_is_told_at_once_where_the_app_asked_for_that(
    app: WireApp, hands: Hands, client: WebClient, kind: str, key: str, value: object
) -> None:
    form = modal(asking(kind, "db1", "db2", dispatch_action=True), text_input(), private_metadata="r-1")
    view = open_modal(app, hands, client, form)
    hands.act("click", user="ana", view_id=view, action_id="pick", value=value)
    payload = app.payloads()[-1]
    assert (payload["type"], payload["container"]) == ("block_actions", {"type": "view", "view_id": view})
    assert payload["trigger_id"]
    assert not {"channel", "message", "response_url"} & set(payload)
    action, state = payload["actions"][0], payload["view"]["state"]["values"]
    assert (action["block_id"], action["type"], state["node"]["pick"][key]) == ("node", kind, action[key])
    held = action[key] if isinstance(action[key], list) else [action[key]]
    assert [each["value"] for each in held] == (value if isinstance(value, list) else [value])
    assert (payload["view"]["private_metadata"], state["reason"]["text"]["value"]) == ("r-1", None)


def test_a_choice_by_its_words_is_kept_too_and_can_be_taken_back(app: WireApp, hands: Hands, client: WebClient) -> None:
    element = asking("static_select", "db1", "db2")["element"]
    view = open_modal(app, hands, client, modal({"type": "actions", "block_id": "node", "elements": [element]}))
    hands.act("click", user="ana", view_id=view, action_id="pick", label="The db2")
    assert app.payloads()[-1]["view"]["state"]["values"]["node"]["pick"]["selected_option"]["value"] == "db2"
    hands.act("click", user="ana", view_id=view, action_id="pick", value="")
    assert app.payloads()[-1]["view"]["state"]["values"]["node"]["pick"]["selected_option"] is None


def test_a_plain_input_tells_nothing_before_it_is_sent(app: WireApp, hands: Hands, client: WebClient) -> None:
    view = open_modal(app, hands, client, modal(asking("static_select", "db1")))
    count = len(app.frames)
    said = hands.refused("click", user="ana", view_id=view, action_id="pick", value="db1")
    assert "without dispatch_action" in said
    assert len(app.frames) == count


def test_a_window_changes_with_a_choice_in_it(app: WireApp, hands: Hands, client: WebClient) -> None:
    form = modal(asking("static_select", "db1", "db2", dispatch_action=True), text_input())
    view = open_modal(app, hands, client, form)
    typed = {"reason": {"text": "so"}}
    hands.act("click", user="ana", view_id=view, action_id="pick", value="db2", values=typed)
    client.views_update(view_id=view, hash=app.payloads()[-1]["view"]["hash"], view=form)
    kept = hands.wait_for_view("ana")["state"]["values"]
    assert (kept["node"]["pick"]["selected_option"]["value"], kept["reason"]["text"]["value"]) == ("db2", "so")
    client.views_update(view_id=view, view=modal(asking("static_select", "db1", "db3"), text_input()))
    assert hands.wait_for_view("ana")["state"]["values"]["node"]["pick"]["selected_option"] is None
