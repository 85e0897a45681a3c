"""What people type: commands, messages, mentions."""

from typing import Any

import pytest

from tests.fixtures.slack_hands import Hands, WireApp

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


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


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_object_is_refused(hands: Hands, body: bytes) -> None:
    assert hands.ask("/sandbox/command", body).status == 400
