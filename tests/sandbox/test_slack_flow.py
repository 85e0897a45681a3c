"""The whole flow of a bot, with an unmodified Bolt over the built-in Socket Mode client (slack.md 4.5)."""

import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from sandbox.slack.server import StandIn
from tests.fixtures.slack_hands import APP_TOKEN, BOT_TOKEN, Hands, button, card, eventually, modal, text_input

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]
OPTION = {"text": {"type": "plain_text", "text": "db2"}, "value": "db2"}


def flow(client: WebClient) -> App:
    """Build an app that plays every step of the flow."""
    app = App(client=client, logger=logging.getLogger("flow"))
    _on_cards(app, client)
    _on_modals(app, client)
    return app


def _on_cards(app: App, client: WebClient) -> None:
    @app.command("/db")
    def command(ack: Ack, command: Json) -> None:
        if command["text"] == "answer":
            ack("answered")
            return
        ack()
        client.chat_postMessage(
            channel=command["channel_id"],
            text="asked",
            blocks=card(button("update", "Update"), button("ask", "Ask…"), button("later", "Later")),
        )

    @app.action("update")
    def update(ack: Ack, body: Json) -> None:
        ack()
        client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="updated", blocks=card(button("ask", "Ask…"))
        )

    @app.action("later")
    def later(ack: Ack, respond: Respond) -> None:
        ack()
        respond("later")

    @app.event("app_mention")
    def mentioned(event: Json) -> None:
        client.chat_postMessage(channel=event["channel"], text="heard", thread_ts=event["ts"])


def _on_modals(app: App, client: WebClient) -> None:
    @app.action("ask")
    def ask(ack: Ack, body: Json) -> None:
        ack()
        menu = {"type": "external_select", "action_id": "node", "min_query_length": 0}
        label = {"type": "plain_text", "text": "Node"}
        node = {"type": "input", "block_id": "node", "optional": True, "label": label, "element": menu}
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input(), node))

    @app.view("why")
    def why(ack: Ack, body: Json) -> None:
        typed = body["view"]["state"]["values"]["reason"]["text"]["value"]
        if len(typed) < 5:
            ack(response_action="errors", errors={"reason": "Say more."})
        elif typed == "change it":
            ack(response_action="update", view=modal(callback_id="changed"))
        else:
            ack()

    @app.options("node")
    def options(ack: Ack, payload: Json) -> None:
        ack(options=[OPTION] if payload["value"] == "db" else [])

    @app.shortcut("db_run")
    def run(ack: Ack, shortcut: Json) -> None:
        ack()
        client.views_open(trigger_id=shortcut["trigger_id"], view=modal(callback_id="run"))


@pytest.fixture
def start_bot(stand_in: StandIn) -> Iterator[Callable[[], SocketModeHandler]]:
    """Start bots, each with a connection of its own."""
    started: list[SocketModeHandler] = []

    def start() -> SocketModeHandler:
        client = WebClient(BOT_TOKEN, base_url=stand_in.api_url)
        client.proxy = None
        handler = SocketModeHandler(flow(client), APP_TOKEN, ping_interval=0.3)
        handler.client.proxy = None
        handler.connect()  # type: ignore[no-untyped-call]  # Bolt's
        started.append(handler)
        return handler

    yield start
    for handler in started:
        handler.client.default_auto_reconnect_enabled = handler.client.auto_reconnect_enabled = False
    stand_in.stop()  # first, so that no client waits 3 s for the last frame of its socket
    for handler in started:
        handler.close()  # type: ignore[no-untyped-call]  # Bolt's


@pytest.fixture
def bot(start_bot: Callable[[], SocketModeHandler], hands: Hands) -> SocketModeHandler:
    handler = start_bot()
    eventually(lambda: hands.look("envelopes")["sockets"] == 1)
    return handler


def new_card(hands: Hands) -> Json:
    before = hands.messages()[-1]["ts"] if hands.messages() else ""
    assert hands.command("promote main")["acked"] is True
    found: Json = hands.messages(since=before, wait=3)[-1]
    return found


def click(hands: Hands, message: Json, action_id: str, user: str = "ben", **more: object) -> Json:
    return hands.act("click", user=user, channel="ops", ts=message["ts"], action_id=action_id, **more)


@pytest.mark.usefixtures("bot")
def test_a_command_becomes_a_card_and_a_click_changes_it(hands: Hands) -> None:
    asked = new_card(hands)
    assert asked["user"] == "U0SECONDER"
    assert click(hands, asked, "update")["acked"] is True
    updated = eventually(lambda: [each for each in hands.messages() if each["version"] == 2])[0]
    assert (updated["ts"], updated["text"], updated["edited"]) == (asked["ts"], "updated", True)
    assert "no update" in hands.refused("click", user="ben", channel="ops", ts=asked["ts"], action_id="update")
    assert click(hands, asked, "update", version=1)["acked"] is True


@pytest.mark.usefixtures("bot")
def test_a_click_opens_a_modal_that_is_rejected_changed_and_accepted(hands: Hands) -> None:
    click(hands, new_card(hands), "ask")
    view = hands.wait_for_view("ben")
    assert hands.look("views", user="ana")["views"] == []
    rejected = hands.act("submit", user="ben", view_id=view["id"], values={"reason": {"text": "no"}})
    assert rejected["errors"] == {"reason": "Say more."}
    assert rejected["views"][0]["errors"] == {"reason": "Say more."}
    changed = hands.act("submit", user="ben", view_id=view["id"], values={"reason": {"text": "change it"}})
    assert (changed["response_action"], changed["views"][0]["callback_id"]) == ("update", "changed")
    assert changed["views"][0]["hash"] != view["hash"]
    hands.act("close-view", user="ben", view_id=view["id"])
    click(hands, new_card(hands), "ask")
    view = hands.wait_for_view("ben")
    hands.act("submit", user="ben", view_id=view["id"], values={"reason": {"text": "long enough"}})
    assert hands.look("views", user="ben")["views"] == []


@pytest.mark.usefixtures("bot")
def test_a_menu_asks_the_bot_for_its_options(hands: Hands) -> None:
    click(hands, new_card(hands), "ask")
    view = hands.wait_for_view("ben")
    found = hands.act("suggest", user="ben", view_id=view["id"], action_id="node", value="db")
    assert found["options"] == [OPTION]
    values = {"reason": {"text": "long enough"}, "node": {"node": OPTION}}
    assert hands.act("submit", user="ben", view_id=view["id"], values=values)["errors"] == {}


@pytest.mark.usefixtures("bot")
def test_acks_with_words_and_later_answers_are_seen_by_one_person(hands: Hands) -> None:
    assert hands.command("answer")["ephemeral"][0]["text"] == "answered"
    click(hands, new_card(hands), "later", user="cy")
    later = eventually(lambda: [each for each in hands.messages(user="cy") if each["text"] == "later"])[0]
    assert later["ephemeral_to"] == "U0CY"
    assert "later" not in [each["text"] for each in hands.messages(user="ben")]


@pytest.mark.usefixtures("bot")
def test_a_mention_is_heard_and_answered_in_its_thread(hands: Hands) -> None:
    done = hands.act("mention", user="ana", channel="ops", text="status")
    assert done["acked"] is True
    answer = eventually(lambda: [each for each in hands.messages() if each["text"] == "heard"])[0]
    assert answer["thread_ts"] == done["ts"]
    assert hands.messages()[0]["text"] == "<@U0SECONDER> status"


@pytest.mark.usefixtures("bot")
def test_a_shortcut_opens_a_modal(hands: Hands) -> None:
    assert hands.act("shortcut", user="ana", callback_id="db_run")["acked"] is True
    assert hands.wait_for_view("ana")["callback_id"] == "run"


@pytest.mark.usefixtures("bot")
def test_a_command_that_the_bot_does_not_know_is_never_acknowledged(hands: Hands) -> None:
    done = hands.command(command="/nope")
    assert done["acked"] is False
    assert done["ephemeral"][0]["text"] == '/nope failed with the error "operation_timeout"'


@pytest.mark.usefixtures("bot")
def test_the_bot_comes_back_after_a_refresh_without_losing_a_command(hands: Hands) -> None:
    for _ in range(3):
        hands.act("faults", sockets="refresh")
        assert hands.command("answer")["acked"] is True
    assert hands.look("envelopes")["sockets"] == 1


@pytest.mark.usefixtures("bot")
def test_the_bot_comes_back_after_its_connection_was_cut(hands: Hands) -> None:
    hands.act("faults", sockets="abort")
    assert hands.command("answer")["sent"] is False
    eventually(lambda: hands.look("envelopes")["sockets"] == 1, 10)
    assert hands.command("answer")["acked"] is True


def test_when_one_of_two_bots_dies_the_other_goes_on(
    bot: SocketModeHandler, start_bot: Callable[[], SocketModeHandler], hands: Hands
) -> None:
    start_bot()
    eventually(lambda: hands.look("envelopes")["sockets"] == 2)
    bot.client.auto_reconnect_enabled = False
    session = bot.client.current_session
    assert session is not None
    assert session.sock is not None
    session.sock.shutdown(socket.SHUT_RDWR)
    eventually(lambda: hands.look("envelopes")["sockets"] == 1)
    assert all(hands.command("answer")["acked"] for _ in range(4))
