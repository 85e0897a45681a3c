"""What people press: buttons of today and yesterday, confirm dialogs, shortcuts."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.fixtures.slack_hands import SILENT, Hands, WireApp, button, card

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


def test_a_shortcut_on_a_message_carries_it(app: WireApp, hands: Hands, asked: Json) -> None:
    hands.act("shortcut", user="ana", callback_id="db_thread", **asked)
    payload = app.payloads()[-1]
    assert (payload["type"], payload["message"]["ts"]) == ("message_action", asked["ts"])
    hands.act("shortcut", user="ana", callback_id="db_run")
    assert app.payloads()[-1]["type"] == "shortcut"


def test_buttons_of_an_attachment_can_be_pressed(app: WireApp, hands: Hands, client: WebClient) -> None:
    coloured = [{"color": "#2eb886", "blocks": card(button("go", "Go"))}]
    made = client.chat_postMessage(channel="ops", text="x", attachments=coloured)
    hands.act("click", user="ana", channel="ops", ts=made["ts"], action_id="go")
    assert app.payloads()[-1]["actions"][0]["action_id"] == "go"
