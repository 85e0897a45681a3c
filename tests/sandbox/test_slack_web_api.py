"""The Web API, as the unmodified SDK meets it."""

from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.slack.server import StandIn
from tests.fixtures.slack_hands import APP_TOKEN, BOT_TOKEN, Hands, button, card

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def test_who_am_i(client: WebClient, stand_in: StandIn) -> None:
    found = client.auth_test()
    assert found["user_id"] == "U0SECONDER"
    assert found["user"] == "seconder"
    assert found["team_id"] == "T0SITE"
    assert found["url"] == stand_in.url + "/"
    assert "chat:write" in found.headers["x-oauth-scopes"]


def test_an_empty_json_body_is_an_empty_object(hands: Hands) -> None:
    answer = hands.ask("/api/auth.test", b"", authorization=f"Bearer {BOT_TOKEN}", content_type="application/json")
    assert answer.body["ok"] is True


def test_a_token_may_come_in_the_form(hands: Hands) -> None:
    answer = hands.ask("/api/auth.test", b"token=xoxb-1", content_type="application/x-www-form-urlencoded")
    assert answer.body["ok"] is True


@pytest.mark.parametrize(
    ("method", "token", "word"),
    [
        pytest.param("auth.test", "", "not_authed", id="none"),
        pytest.param("auth.test", "hello", "invalid_auth", id="no token at all"),
        pytest.param("chat.postMessage", APP_TOKEN, "not_allowed_token_type", id="the app's for the bot's"),
        pytest.param("apps.connections.open", BOT_TOKEN, "not_allowed_token_type", id="the bot's for the app's"),
        pytest.param("chat.postMassage", BOT_TOKEN, "unknown_method", id="no such method"),
    ],
)
def test_a_wrong_token_or_method_is_refused(hands: Hands, method: str, token: str, word: str) -> None:
    assert hands.api(method, token)["error"] == word


@pytest.mark.parametrize(
    ("body", "word"),
    [
        pytest.param(b"{nope", "invalid_json", id="broken JSON"),
        pytest.param(b"[1]", "json_not_object", id="a list"),
        pytest.param(b"\xff\xfe{}", "invalid_charset", id="not UTF-8"),
        pytest.param(b" " * (4 * 1024 * 1024 + 1), "request_too_large", id="too much"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(hands: Hands, body: bytes, word: str) -> None:
    answer = hands.ask("/api/auth.test", body, authorization=f"Bearer {BOT_TOKEN}", content_type="application/json")
    assert answer.body == {"ok": False, "error": word}


def test_missing_scopes_are_refused_and_named() -> None:
    with StandIn(scopes=["chat:write"]) as bare:
        hands = Hands(bare.url)
        refused = hands.api("users.info", user="U0ANA")
        assert refused == {"ok": False, "error": "missing_scope", "needed": "users:read", "provided": "chat:write"}
        assert hands.api("conversations.info", channel="C0OPS")["needed"] == "channels:read"
        assert hands.api("conversations.history", channel="D0ANA")["needed"] == "im:history"
        assert hands.api("reactions.add", channel="C0OPS")["error"] == "missing_scope"
        assert hands.api("chat.postMessage", channel="ops", text="x")["ok"] is True


def test_every_call_is_kept_as_it_came(client: WebClient, hands: Hands) -> None:
    client.chat_postMessage(channel="ops", text="hello", blocks=card(button("go", "Go")))
    client.users_info(user="U0ANA")
    post, info = hands.look("calls")["calls"]
    assert post["method"] == "chat.postMessage"
    assert post["params"]["text"] == "hello"
    assert post["content_type"].startswith("application/json")
    assert post["token"] == "xoxb-"
    assert post["at"] <= info["at"]
    assert info["params"]["user"] == "U0ANA"
    assert "xoxb-test" not in str(hands.look("calls"))
