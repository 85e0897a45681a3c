"""Envelopes and acks on the wire: turns, tickets, faults, retries."""

import time
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.fixtures.slack_hands import APP_TOKEN, SILENT, Hands, WireApp, eventually

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def test_a_socket_is_greeted_first(hands: Hands) -> None:
    app = WireApp(hands)
    hello, again = app.open(), app.open()
    assert hello["type"] == "hello"
    assert hello["connection_info"] == {"app_id": "A0SECONDER"}
    assert (hello["num_connections"], again["num_connections"]) == (1, 2)
    app.close()


def test_a_ticket_opens_one_socket(hands: Hands) -> None:
    url = hands.api("apps.connections.open", APP_TOKEN)["url"]
    with connect(url, proxy=None):
        for used_up in (url, url.replace("ticket=", "ticket=x"), url.partition("?")[0] + "?"):
            with pytest.raises(InvalidStatus), connect(used_up, proxy=None):
                pass


def test_envelopes_take_turns_over_the_sockets(app: WireApp, hands: Hands) -> None:
    app.open()
    for _ in range(4):
        hands.command()
    assert [number for number, _ in app.frames] in ([0, 1, 0, 1], [1, 0, 1, 0])
    assert len({frame["envelope_id"] for _, frame in app.frames}) == 4


def test_a_dead_socket_gets_nothing(app: WireApp, hands: Hands) -> None:
    app.open()
    app.sockets[0].close()
    eventually(lambda: hands.look("envelopes")["sockets"] == 1)
    assert all(hands.command()["acked"] for _ in range(3))
    assert {number for number, _ in app.frames} == {1}


def test_a_slash_command_carries_what_slack_sends(app: WireApp, hands: Hands) -> None:
    done = hands.command("promote main")
    assert done["acked"] is True
    assert 0 <= done["ack_ms"] < 3000
    frame = app.frames[-1][1]
    assert (frame["type"], frame["accepts_response_payload"]) == ("slash_commands", True)
    payload = frame["payload"]
    assert payload.pop("trigger_id").count(".") == 2
    assert payload.pop("response_url").startswith(hands.url + "/response/")
    assert payload.pop("token")
    assert payload == {
        "api_app_id": "A0SECONDER",
        "team_id": "T0SITE",
        "team_domain": "site",
        "channel_id": "C0OPS",
        "channel_name": "ops",
        "user_id": "U0ANA",
        "user_name": "ana",
        "command": "/db",
        "text": "promote main",
        "is_enterprise_install": "false",
    }


def test_an_ack_with_words_becomes_an_ephemeral_or_a_message(app: WireApp, hands: Hands) -> None:
    app.reply = lambda _: {"text": "only you"}
    assert [each["text"] for each in hands.command()["ephemeral"]] == ["only you"]
    app.reply = lambda _: {"text": "for all", "response_type": "in_channel"}
    hands.command()
    assert [each["text"] for each in hands.messages()] == ["for all"]
    app.reply = lambda _: {"blocks": [{"type": "modal"}]}
    assert [each["text"] for each in hands.command()["ephemeral"]] == ['/db failed with the error "invalid_blocks"']


def test_without_an_app_the_command_fails_at_once(hands: Hands) -> None:
    began = time.monotonic()
    done = hands.command()
    assert time.monotonic() - began < 1
    assert (done["acked"], done["ack_ms"], done["sent"]) == (False, None, False)
    assert done["ephemeral"][0]["text"] == '/db failed with the error "dispatch_failed"'
    assert done["ephemeral"][0]["user"] == "USLACKBOT"


def test_without_an_ack_the_person_is_told_after_three_seconds(app: WireApp, hands: Hands) -> None:
    app.reply = lambda _: SILENT
    began = time.monotonic()
    done = hands.command()
    assert 2.9 < time.monotonic() - began < 4
    assert (done["acked"], done["ack_ms"], done["sent"]) == (False, None, True)
    assert [each["text"] for each in done["ephemeral"]] == ['/db failed with the error "operation_timeout"']
    assert hands.messages(user="ben") == []


def test_frames_that_are_no_acks_are_skipped(app: WireApp, hands: Hands) -> None:
    for noise in ("not json", "[1]", '{"envelope_id": "unknown"}', b"\x00"):
        app.sockets[0].send(noise)
    assert hands.command()["acked"] is True


def test_a_doubled_envelope_arrives_twice_with_one_id(app: WireApp, hands: Hands) -> None:
    hands.act("faults", envelopes="double", times=1)
    hands.command()
    eventually(lambda: len(app.frames) == 2)
    assert len({frame["envelope_id"] for _, frame in app.frames}) == 1
    hands.command()
    assert len(app.frames) == 3


@pytest.mark.usefixtures("app")
def test_a_delayed_envelope_arrives_late(hands: Hands) -> None:
    hands.act("faults", envelopes="delay", seconds=0.3)
    assert hands.command()["ack_ms"] > 300
    assert hands.command()["ack_ms"] < 300


def test_a_dropped_envelope_never_arrives_and_clearing_forgets_the_rest(app: WireApp, hands: Hands) -> None:
    hands.act("faults", envelopes="drop", times=5)
    assert hands.command()["acked"] is False
    hands.act("faults")
    assert hands.command()["acked"] is True
    assert len(app.frames) == 1


def test_refreshed_sockets_are_asked_to_come_back_and_closed_for_the_new_one(app: WireApp, hands: Hands) -> None:
    hands.act("faults", sockets="refresh")
    assert eventually(lambda: app.frames)[0][1]["reason"] == "refresh_requested"
    app.open()
    eventually(lambda: hands.look("envelopes")["sockets"] == 1)
    hands.command()
    assert app.frames[-1][0] == 1


def test_aborted_sockets_end_without_a_farewell(app: WireApp, hands: Hands) -> None:
    hands.act("faults", sockets="abort")
    assert hands.command()["sent"] is False
    app.open()
    assert hands.command()["acked"] is True


def test_an_event_that_nobody_acknowledges_comes_again(app: WireApp, hands: Hands) -> None:
    app.reply = lambda frame: SILENT if frame["retry_attempt"] == 0 else None
    done = hands.act("mention", user="ana", channel="ops", text="status")
    assert done["acked"] is False
    eventually(lambda: len(app.frames) == 2)
    first, second = (frame for _, frame in app.frames)
    assert (second["retry_attempt"], second["retry_reason"]) == (1, "timeout")
    assert first["payload"]["event_id"] == second["payload"]["event_id"]
    assert first["envelope_id"] != second["envelope_id"]


def test_the_log_of_envelopes_says_how_soon_each_was_acknowledged(app: WireApp, hands: Hands) -> None:
    done = hands.command()
    noted = hands.look("envelopes")["envelopes"][-1]
    assert noted["envelope_id"] == app.frames[-1][1]["envelope_id"]
    assert (noted["acked"], noted["ack_ms"]) == (True, done["ack_ms"])
