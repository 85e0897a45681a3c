"""What people can and can't do, and the sentence that they get."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.fixtures.slack_hands import SILENT, Hands, WireApp, button, card, modal, text_input

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]
CONFIRM = {
    "title": {"type": "plain_text", "text": "Sure?"},
    "text": {"type": "plain_text", "text": "Promotes db2."},
    "confirm": {"type": "plain_text", "text": "Yes"},
    "deny": {"type": "plain_text", "text": "No"},
}


@pytest.fixture
def asked(client: WebClient) -> Json:
    """A card with two buttons, one of which asks for confirmation."""
    blocks = card(button("approve", "Approve…", value="r-1", confirm=CONFIRM), button("reject", "Reject…"))
    made = client.chat_postMessage(channel="ops", text="asked", blocks=blocks)
    return {"channel": "ops", "ts": made["ts"]}


def open_modal(app: WireApp, hands: Hands, client: WebClient, view: Json) -> str:
    hands.command()
    opened = client.views_open(trigger_id=app.payloads()[-1]["trigger_id"], view=view)
    return str(opened["view"]["id"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"user": "zoe"}, "There is no user 'zoe'; there are", id="unknown user"),
        pytest.param({"user": None}, '"user" is missing', id="no user"),
        pytest.param({"channel": "opps"}, "There is no channel 'opps'; there are ops, random, and dm", id="channel"),
        pytest.param({"channel": "D0BEN"}, "ana is not in D0BEN", id="somebody else's direct messages"),
        pytest.param({"command": "db"}, "'db' is no command", id="no slash"),
        pytest.param({"text": 5}, '"text" is a text, not 5', id="a number for a text"),
        pytest.param({"thread_ts": "1.2"}, "/db is not supported in threads. Sorry!", id="in a thread"),
    ],
)
def test_a_command_that_slack_would_not_take_is_refused(app: WireApp, hands: Hands, change: Json, words: str) -> None:
    body = {"user": "ana", "channel": "ops", "command": "/db", "text": "status"} | change
    assert words in hands.refused("command", **body)
    assert app.frames == []


def test_people_and_channels_go_by_id_or_name(app: WireApp, hands: Hands) -> None:
    for user, channel in (("U0ANA", "C0OPS"), ("ana", "ops"), ("@ana", "#ops")):
        assert hands.command(user=user, channel=channel)["acked"] is True
    hands.command(channel="dm")
    assert app.payloads()[-1]["channel_id"] == "D0ANA"
    assert app.payloads()[-1]["channel_name"] == "directmessage"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        pytest.param("ask @ben in #ops", "ask <@U0BEN|ben> in <#C0OPS|ops>", id="names"),
        pytest.param("a < b & c > d", "a &lt; b &amp; c &gt; d", id="entities"),
        pytest.param("<@U0BEN|ben>", "<@U0BEN|ben>", id="escaped already"),
        pytest.param("me@example.org @nobody", "me@example.org @nobody", id="no names of anybody"),
    ],
)
def test_the_text_of_a_command_is_escaped(app: WireApp, hands: Hands, typed: str, sent: str) -> None:
    hands.command(typed)
    assert app.payloads()[-1]["text"] == sent


def test_a_click_carries_the_message_and_the_action(app: WireApp, hands: Hands, asked: Json) -> None:
    hands.act("click", user="ben", **asked, action_id="approve")
    payload = app.payloads()[-1]
    assert payload["type"] == "block_actions"
    assert payload["user"]["id"] == "U0BEN"
    assert payload["container"] == {
        "type": "message",
        "message_ts": asked["ts"],
        "channel_id": "C0OPS",
        "is_ephemeral": False,
    }
    assert payload["message"]["text"] == "asked"
    assert payload["channel"] == {"id": "C0OPS", "name": "ops"}
    assert payload["actions"][0]["value"] == "r-1"
    assert payload["trigger_id"]
    assert payload["response_url"]


def test_an_older_rendering_can_still_be_pressed(app: WireApp, hands: Hands, client: WebClient, asked: Json) -> None:
    client.chat_update(channel="C0OPS", ts=asked["ts"], text="approved")
    assert "There is nothing" not in hands.refused("click", user="ben", **asked, action_id="approve")
    hands.act("click", user="ben", **asked, action_id="approve", version=1)
    assert app.payloads()[-1]["message"]["text"] == "asked"
    assert "renderings 1 to 2, not 3" in hands.refused("click", user="ben", **asked, action_id="approve", version=3)


def test_a_confirm_dialog_that_is_denied_sends_nothing(app: WireApp, hands: Hands, asked: Json) -> None:
    denied = hands.act("click", user="ben", **asked, action_id="approve", confirm=False)
    assert (denied["acked"], denied["sent"]) == (False, False)
    assert app.frames == []
    assert "asks nobody to confirm" in hands.refused("click", user="ben", **asked, action_id="reject", confirm=False)
    assert hands.act("click", user="ben", **asked, action_id="approve", confirm=True)["acked"] is True


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"action_id": "promote"}, "There is: approve (Approve…), reject (Reject…)", id="no such button"),
        pytest.param({"action_id": ""}, 'Say what to press: "action_id" or "label"', id="nothing named"),
        pytest.param({"ts": "1.2"}, "ben sees no message 1.2 in ops", id="no such message"),
        pytest.param({"ts": None}, '"ts" is missing', id="no ts"),
        pytest.param({"user": "eve"}, "eve is not in ops", id="not in the channel"),
        pytest.param({"version": "two"}, "a whole number", id="a word for a version"),
        pytest.param({"confirm": "no"}, "true or false", id="a word for a flag"),
    ],
)
def test_a_click_that_nobody_could_make_is_refused(
    app: WireApp, hands: Hands, asked: Json, change: Json, words: str
) -> None:
    hands.act("users", name="eve", channels=[])
    assert words in hands.refused("click", **({"user": "ben", **asked, "action_id": "approve"} | change))
    assert app.frames == []


def test_an_ephemeral_is_clicked_by_its_own_person_only(app: WireApp, hands: Hands, client: WebClient) -> None:
    ts = client.chat_postEphemeral(channel="ops", user="U0ANA", text="x", blocks=card(button("go", "Go")))["message_ts"]
    assert "ben sees no message" in hands.refused("click", user="ben", channel="ops", ts=ts, action_id="go")
    hands.act("click", user="ana", channel="ops", ts=ts, action_id="go")
    assert app.payloads()[-1]["container"]["is_ephemeral"] is True


def test_a_click_in_a_thread_says_so(app: WireApp, hands: Hands, client: WebClient, asked: Json) -> None:
    reply = client.chat_postMessage(channel="ops", text="x", blocks=card(button("go", "Go")), thread_ts=asked["ts"])
    hands.act("click", user="ana", channel="ops", ts=reply["ts"], label="Go")
    assert app.payloads()[-1]["container"]["thread_ts"] == asked["ts"]


def test_a_click_without_an_ack_is_told_to_its_person(app: WireApp, hands: Hands, asked: Json) -> None:
    app.reply = lambda _: SILENT
    done = hands.act("click", user="ben", **asked, action_id="reject")
    assert done["ephemeral"][0]["text"] == '“Reject…” failed with the error "operation_timeout"'


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


def test_messages_reach_the_bot_where_it_is_named_or_alone_with_somebody(app: WireApp, hands: Hands) -> None:
    hands.act("say", user="ana", channel="ops", text="lunch?")
    assert app.frames == []
    hands.act("say", user="ana", channel="ops", text="@seconder status")
    assert app.payloads()[-1]["event"]["type"] == "app_mention"
    assert app.payloads()[-1]["event"]["text"] == "<@U0SECONDER> status"
    hands.act("say", user="ana", channel="dm", text="hello")
    event = app.payloads()[-1]["event"]
    assert (event["type"], event["channel_type"], event["channel"]) == ("message", "im", "D0ANA")
    assert "never reaches it" in hands.refused("mention", user="ana", channel="random", text="x")
    assert "to answer to" in hands.refused("mention", user="ana", channel="ops", text="x", thread_ts="1.2")
    assert "needs a text" in hands.refused("say", user="ana", channel="ops", text=" ")


def test_a_shortcut_on_a_message_carries_it(app: WireApp, hands: Hands, asked: Json) -> None:
    hands.act("shortcut", user="ana", callback_id="db_thread", **asked)
    payload = app.payloads()[-1]
    assert (payload["type"], payload["message"]["ts"]) == ("message_action", asked["ts"])
    hands.act("shortcut", user="ana", callback_id="db_run")
    assert app.payloads()[-1]["type"] == "shortcut"


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(hands: Hands, body: bytes) -> None:
    assert hands.ask("/sandbox/command", body).status == 400


def test_buttons_of_an_attachment_can_be_pressed(app: WireApp, hands: Hands, client: WebClient) -> None:
    coloured = [{"color": "#2eb886", "blocks": card(button("go", "Go"))}]
    made = client.chat_postMessage(channel="ops", text="x", attachments=coloured)
    hands.act("click", user="ana", channel="ops", ts=made["ts"], action_id="go")
    assert app.payloads()[-1]["actions"][0]["action_id"] == "go"
