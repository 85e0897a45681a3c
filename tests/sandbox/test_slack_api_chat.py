"""chat.*: what an app may say, and how Slack refuses the rest."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fixtures.slack_hands import Hands, button, card

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def error(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as refused:
        call()
    return str(refused.value.response["error"])


def test_a_message_is_posted_updated_and_deleted(client: WebClient, hands: Hands) -> None:
    metadata = {"event_type": "seconder_request", "event_payload": {"request": "r-1", "version": 1}}
    made = client.chat_postMessage(channel="#ops", text="asked", blocks=card(button("go", "Go")), metadata=metadata)
    assert made["channel"] == "C0OPS"
    assert made["message"]["bot_id"] == "B0SECONDER"
    client.chat_update(channel=made["channel"], ts=made["ts"], text="done", blocks=card(button("no", "No")))
    shown = hands.messages()[-1]
    assert (shown["text"], shown["version"], shown["edited"], shown["metadata"]) == ("done", 2, True, metadata)
    client.chat_update(channel=made["channel"], ts=made["ts"], text="only text")
    assert hands.messages()[-1]["blocks"] == []
    link = client.chat_getPermalink(channel="C0OPS", message_ts=made["ts"])["permalink"]
    assert link.endswith(made["ts"].replace(".", ""))
    client.chat_delete(channel=made["channel"], ts=made["ts"])
    assert hands.messages() == []


def test_a_person_is_written_to_by_id(client: WebClient, hands: Hands) -> None:
    assert client.chat_postMessage(channel="U0BEN", text="psst")["channel"] == "D0BEN"
    assert hands.messages("D0BEN")[0]["text"] == "psst"


def test_an_answer_in_a_thread_keeps_its_thread(client: WebClient, hands: Hands) -> None:
    first = client.chat_postMessage(channel="ops", text="card")
    client.chat_postMessage(channel="ops", text="detail", thread_ts=first["ts"])
    assert [each["thread_ts"] for each in hands.messages()] == [None, first["ts"]]
    assert [each["text"] for each in client.conversations_replies(channel="C0OPS", ts=first["ts"])["messages"]] == [
        "card",
        "detail",
    ]
    assert [each["text"] for each in client.conversations_history(channel="C0OPS")["messages"]] == ["card"]


@pytest.mark.parametrize(
    ("params", "word"),
    [
        pytest.param({"channel": "C404", "text": "x"}, "channel_not_found", id="unknown channel"),
        pytest.param({"channel": "random", "text": "x"}, "not_in_channel", id="the bot is not in it"),
        pytest.param({"channel": "ops"}, "no_text", id="nothing to say"),
        pytest.param({"channel": "ops", "text": "x", "thread_ts": "1.2"}, "thread_not_found", id="no such thread"),
        pytest.param({"channel": "ops", "text": "x", "blocks": "{"}, "invalid_blocks_format", id="broken blocks"),
        pytest.param({"channel": "ops", "text": "x", "metadata": {"a": 1}}, "invalid_metadata_format", id="metadata"),
        pytest.param({"channel": "ops", "attachments": "x"}, "invalid_attachments", id="attachments"),
    ],
)
def test_a_message_that_slack_would_not_take_is_refused(hands: Hands, params: Json, word: str) -> None:
    assert hands.api("chat.postMessage", **params)["error"] == word
    assert hands.messages() == []


def test_bad_blocks_are_refused_with_pointers(hands: Hands) -> None:
    refused = hands.api("chat.postMessage", channel="ops", text="x", blocks=[{"type": "modal"}])
    words = "unsupported type: modal [json-pointer:/blocks/0/type]"
    assert refused == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": [words],
        "response_metadata": {"messages": [f"[ERROR] {words}"]},
    }


def test_only_the_bots_own_messages_can_be_changed(client: WebClient, hands: Hands) -> None:
    ts = hands.act("say", user="ana", channel="ops", text="mine")["ts"]
    assert error(lambda: client.chat_update(channel="C0OPS", ts=ts, text="x")) == "cant_update_message"
    assert error(lambda: client.chat_delete(channel="C0OPS", ts=ts)) == "cant_delete_message"
    assert error(lambda: client.chat_update(channel="C0OPS", ts="1.2", text="x")) == "message_not_found"
    long = client.chat_postMessage(channel="ops", text="x")["ts"]
    assert error(lambda: client.chat_update(channel="C0OPS", ts=long, text="x" * 4001)) == "msg_too_long"


def test_an_ephemeral_is_seen_by_one_person_and_cannot_be_updated(client: WebClient, hands: Hands) -> None:
    ts = client.chat_postEphemeral(channel="ops", user="U0BEN", text="only you")["message_ts"]
    assert [each["ephemeral_to"] for each in hands.messages(user="ben")] == ["U0BEN"]
    assert hands.messages(user="ana") == hands.messages() == []
    assert client.conversations_history(channel="C0OPS")["messages"] == []
    assert error(lambda: client.chat_update(channel="C0OPS", ts=ts, text="x")) == "message_not_found"
    hands.act("users", name="eve", kind="guest", channels=["random"])
    refused = error(lambda: client.chat_postEphemeral(channel="ops", user="U0EVE", text="x"))
    assert refused == "user_not_in_channel"


def test_an_archived_channel_takes_nothing(client: WebClient, hands: Hands) -> None:
    hands.act("channels", name="ops", archived=True)
    assert error(lambda: client.chat_postMessage(channel="ops", text="x")) == "is_archived"
