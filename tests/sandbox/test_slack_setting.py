"""Setting the scene: people, channels, faults."""

from typing import Any

import pytest
from slack_sdk import WebClient

from tests.fixtures.slack_hands import Hands, WireApp

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def test_the_seed_is_what_everybody_expects(hands: Hands) -> None:
    state = hands.look("state", user="gil")
    people = {user["name"]: (user["id"], user["kind"]) for user in state["users"]}
    assert people == {
        "seconder": ("U0SECONDER", "bot"),
        "slackbot": ("USLACKBOT", "bot"),
        "ana": ("U0ANA", "member"),
        "ben": ("U0BEN", "member"),
        "cy": ("U0CY", "member"),
        "gil": ("U0GIL", "guest"),
    }
    assert [user["name"] for user in state["users"] if "dba" in user["groups"]] == ["ana", "ben"]
    assert [channel["name"] for channel in state["channels"]] == ["ops", "random", "directmessage"]
    assert state["team"]["id"] == "T0SITE"


def test_people_are_added_and_changed(hands: Hands, app: WireApp) -> None:
    made = hands.act("users", name="sue", kind="stranger")["user"]
    assert (made["id"], made["team_id"], made["is_stranger"]) == ("U0SUE", "T0OTHER", True)
    assert hands.command(user="sue")["acked"] is True
    assert app.payloads()[-1]["user_id"] == "U0SUE"
    changed = hands.act("users", user="ana", kind="deactivated")["user"]
    assert (changed["id"], changed["deleted"]) == ("U0ANA", True)
    hands.act("users", name="ann", id="U0ANN", kind="single-channel-guest", channels=["ops"], groups=["dba", "night"])
    found = {user["name"]: user for user in hands.look("state", user="ann")["users"]}
    assert (found["ann"]["kind"], found["ann"]["groups"]) == ("single_channel_guest", ["dba", "night"])
    assert [each["name"] for each in hands.look("state", user="ann")["channels"]] == ["ops", "directmessage"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({}, '"name" is missing', id="nameless"),
        pytest.param({"name": "x", "kind": "boss"}, "no kind 'boss'; there are member, guest", id="unknown kind"),
        pytest.param({"name": "Big Name"}, "can't be", id="no name at all"),
        pytest.param({"name": "bot2", "id": "U0SECONDER"}, "can't be", id="the bot's id"),
        pytest.param({"name": "other", "id": "U0ANA"}, "belongs to ana", id="somebody's id"),
        pytest.param({"name": "x1", "channels": ["nope"]}, "Not all of these are channels", id="unknown channel"),
        pytest.param({"name": "x1", "channels": "ops"}, "list of names", id="no list"),
    ],
)
def test_people_that_cannot_be_are_refused(hands: Hands, body: Json, words: str) -> None:
    assert words in hands.refused("users", **body)


def test_channels_are_added(hands: Hands, client: WebClient) -> None:
    hands.act("channels", name="night", members=["ana"], bot=True)
    assert client.conversations_members(channel="C0NIGHT")["members"] == ["U0ANA", "U0SECONDER"]
    assert "no name of a channel" in hands.refused("channels", name="A B")
    assert "belongs to ops" in hands.refused("channels", name="other", id="C0OPS")


def test_a_method_fails_as_often_as_asked(hands: Hands) -> None:
    hands.act("faults", method="chat.postMessage", error="internal_error", times=2)
    errors = [hands.api("chat.postMessage", channel="ops", text="x").get("error") for _ in range(3)]
    assert errors == ["internal_error", "internal_error", None]
    assert len(hands.messages()) == 1


def test_a_method_is_throttled_with_retry_after(hands: Hands) -> None:
    hands.act("faults", method="chat.update", retry_after=7)
    answer = hands.ask("/api/chat.update", {}, authorization="Bearer xoxb-1", content_type="application/json")
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert answer.body == {"ok": False, "error": "ratelimited"}


def test_a_method_breaks_before_or_after_it_did_its_work(hands: Hands) -> None:
    hands.act("faults", method="*", status=500)
    hands.act("faults", method="*", status=503, after=True)
    headers = {"authorization": "Bearer xoxb-1", "content_type": "application/json"}
    for status, count in ((500, 0), (503, 1), (200, 2)):
        answer = hands.ask("/api/chat.postMessage", {"channel": "ops", "text": "x"}, **headers)
        assert (answer.status, len(hands.messages())) == (status, count)


def test_faults_are_shown_and_cleared(hands: Hands) -> None:
    hands.act("faults", method="auth.test", error="x", times=9)
    hands.act("faults", envelopes="drop")
    armed = hands.look("faults")
    assert (armed["methods"][0]["times"], armed["envelopes"][0]["how"]) == (9, "drop")
    hands.act("faults")
    assert hands.look("faults") == {"ok": True, "methods": [], "envelopes": [], "throttle": False}
    assert hands.api("auth.test")["ok"] is True


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"envelopes": "burn"}, "drop, double or delay, not burn", id="unknown fate"),
        pytest.param({"sockets": "burn"}, "A fault is", id="unknown trouble"),
        pytest.param({"method": "auth.test"}, "needs error, status, retry_after or delay", id="no fault"),
        pytest.param({"method": "auth.test", "eror": "x"}, "This fault has no eror", id="a slip"),
        pytest.param({"method": "auth.test", "error": "x", "times": "two"}, "whole number", id="a word for a number"),
        pytest.param({"envelopes": "delay", "seconds": "long"}, "seconds", id="a word for seconds"),
    ],
)
def test_faults_that_do_not_exist_are_refused(hands: Hands, body: Json, words: str) -> None:
    assert words in hands.refused("faults", **body)


def test_slacks_pace_of_one_message_a_second_can_be_switched_on(hands: Hands) -> None:
    hands.act("faults", throttle=True)
    assert hands.api("chat.postMessage", channel="ops", text="1")["ok"] is True
    assert hands.api("chat.postMessage", channel="ops", text="2")["error"] == "ratelimited"
    assert hands.api("chat.postMessage", channel="U0ANA", text="2")["ok"] is True
