"""What is shown: messages, views, and the page's view of everything; and waiting for news."""

import threading
import time
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient

from tests.fixtures.slack_hands import Hands, WireApp, button, card, modal

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def soon(work: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(0.2, work)
    timer.start()
    return timer


def test_messages_are_listed_oldest_first_with_all_that_programs_need(hands: Hands, client: WebClient) -> None:
    metadata = {"event_type": "seconder_request", "event_payload": {"request": "r-1"}}
    client.chat_postMessage(channel="ops", text="one", metadata=metadata)
    client.chat_postMessage(channel="ops", text="two", blocks=card(button("go", "Go")))
    one, two = hands.messages()
    assert one.keys() >= {"ts", "user", "text", "blocks", "thread_ts", "metadata", "version", "ephemeral_to"}
    assert (one["text"], one["metadata"], one["version"], one["user"]) == ("one", metadata, 1, "U0SECONDER")
    assert one["ts"] < two["ts"]
    assert [each["text"] for each in hands.messages(since=one["ts"])] == ["two"]


def test_waiting_for_messages_ends_with_the_first_new_one(hands: Hands, client: WebClient) -> None:
    timer = soon(lambda: client.chat_postMessage(channel="ops", text="late"))
    began = time.monotonic()
    assert [each["text"] for each in hands.messages(wait=5)] == ["late"]
    assert 0.1 < time.monotonic() - began < 3
    timer.join()
    assert hands.messages(since=hands.messages()[-1]["ts"], wait=0.1) == []


def test_waiting_for_a_change_sees_edits_too(hands: Hands, client: WebClient) -> None:
    ts = client.chat_postMessage(channel="ops", text="before")["ts"]
    rev = hands.look("messages", channel="ops")["rev"]
    timer = soon(lambda: client.chat_update(channel="C0OPS", ts=ts, text="after"))
    assert hands.messages(rev=rev, wait=5)[0]["text"] == "after"
    timer.join()


def test_the_page_sees_what_its_person_sees(hands: Hands, client: WebClient, app: WireApp) -> None:
    client.chat_postMessage(channel="ops", text="for all")
    client.chat_postEphemeral(channel="ops", user="U0BEN", text="for ben")
    client.chat_postMessage(channel="U0CY", text="for cy")
    seen = {
        user: [each["text"] for each in hands.look("state", user=user)["messages"]] for user in ("ana", "ben", "cy")
    }
    assert seen == {"ana": ["for all"], "ben": ["for all", "for ben"], "cy": ["for all", "for cy"]}
    hands.command(user="ben")
    client.views_open(trigger_id=app.payloads()[-1]["trigger_id"], view=modal())
    view = hands.look("state", user="ben")["views"][0]
    assert view.keys() >= {"id", "callback_id", "title", "submit", "close", "blocks", "state", "errors"}
    assert hands.look("state", user="ana")["views"] == []


def test_the_page_waits_for_news(hands: Hands, client: WebClient) -> None:
    rev = hands.look("state", user="ana")["rev"]
    assert hands.look("state", user="ana", since=rev - 1, wait=5)["rev"] == rev
    timer = soon(lambda: client.chat_postMessage(channel="ops", text="news"))
    news = hands.look("state", user="ana", since=rev, wait=5)
    assert (news["rev"] > rev, news["messages"][-1]["text"]) == (True, "news")
    timer.join()
    began = time.monotonic()
    hands.look("state", user="ana", since=news["rev"], wait=0.2)
    assert 0.1 < time.monotonic() - began < 2


def test_looks_at_what_does_not_exist_are_refused(hands: Hands) -> None:
    for path in ("messages", "messages?channel=nope", "messages?channel=ops&user=zoe", "views?user=zoe"):
        assert 400 <= hands.ask(f"/sandbox/{path}").status < 500
    for query in ("wait=soon", "wait=-1", "wait=nan", "wait=inf", "rev=x"):
        assert hands.ask(f"/sandbox/messages?channel=ops&{query}").status == 400


def test_calls_can_be_asked_for_by_method(hands: Hands, client: WebClient) -> None:
    client.auth_test()
    client.users_info(user="U0ANA")
    assert [each["method"] for each in hands.look("calls", method="auth.test")["calls"]] == ["auth.test"]
