"""The Web API, as the unmodified SDK meets it."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from sandbox.slack.server import StandIn
from tests.fixtures.slack_hands import APP_TOKEN, BOT_TOKEN, Hands, WireApp, button, card, modal

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def error(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as refused:
        call()
    return str(refused.value.response["error"])


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


def test_people_are_described_by_what_they_are(client: WebClient, hands: Hands) -> None:
    flags = {"guest": "is_restricted", "bot": "is_bot", "stranger": "is_stranger", "deactivated": "deleted"}
    for kind, flag in flags.items():
        hands.act("users", name=f"a-{kind}", kind=kind)
        user = client.users_info(user=f"U0A{kind.upper()}")["user"]
        assert [name for name in flags.values() if user[name]] == [flag]
    assert client.users_info(user="U0GIL")["user"]["is_restricted"] is True
    assert client.users_info(user="U0ANA")["user"]["profile"]["display_name"] == "ana"
    assert error(lambda: client.users_info(user="U404")) == "user_not_found"
    assert {"U0ANA", "U0SECONDER"} <= {user["id"] for user in client.users_list()["members"]}


def test_groups_teams_bots_and_reactions_answer(client: WebClient) -> None:
    group = client.usergroups_list(include_users=True)["usergroups"][0]
    assert (group["handle"], group["users"]) == ("dba", ["U0ANA", "U0BEN"])
    assert client.usergroups_users_list(usergroup=group["id"])["users"] == ["U0ANA", "U0BEN"]
    assert error(lambda: client.usergroups_users_list(usergroup="S404")) == "no_such_subteam"
    assert client.team_info()["team"]["id"] == "T0SITE"
    assert client.bots_info(bot="B0SECONDER")["bot"]["user_id"] == "U0SECONDER"
    ts = client.chat_postMessage(channel="ops", text="x")["ts"]
    client.reactions_add(channel="C0OPS", timestamp=ts, name="eyes")
    assert error(lambda: client.reactions_add(channel="C0OPS", timestamp=ts, name="eyes")) == "already_reacted"


def test_channels_are_described_and_listed(client: WebClient, hands: Hands) -> None:
    hands.act("channels", name="secret", private=True, bot=False)
    ops = client.conversations_info(channel="C0OPS")["channel"]
    assert (ops["name"], ops["is_member"], ops["is_private"]) == ("ops", True, False)
    assert client.conversations_info(channel="C0RANDOM")["channel"]["is_member"] is False
    assert "U0GIL" in client.conversations_members(channel="C0OPS")["members"]
    assert client.conversations_open(users="U0CY")["channel"]["id"] == "D0CY"
    listed = client.conversations_list(types="public_channel,private_channel,im", limit=2)
    assert [each["id"] for each in listed["channels"]] == ["C0OPS", "C0RANDOM"]
    more = client.conversations_list(
        types="public_channel,im", limit=2, cursor=listed["response_metadata"]["next_cursor"]
    )
    assert [each["user"] for each in more["channels"]] == ["U0ANA", "U0BEN"]
    assert error(lambda: client.conversations_info(channel="C0SECRET")) == "channel_not_found"
    assert error(lambda: client.conversations_history(channel="C0RANDOM")) == "not_in_channel"


def test_an_archived_channel_takes_nothing(client: WebClient, hands: Hands) -> None:
    hands.act("channels", name="ops", archived=True)
    assert error(lambda: client.chat_postMessage(channel="ops", text="x")) == "is_archived"


def test_a_view_opens_once_per_trigger_and_says_so(app: WireApp, hands: Hands, client: WebClient) -> None:
    hands.command()
    trigger = app.payloads()[-1]["trigger_id"]
    view = client.views_open(trigger_id=trigger, view=modal())["view"]
    assert view["state"] == {"values": {}}
    assert view["root_view_id"] == view["id"]
    assert hands.wait_for_view("ana")["id"] == view["id"]
    assert error(lambda: client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
    assert error(lambda: client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"
    changed = client.views_update(view_id=view["id"], hash=view["hash"], view=modal(callback_id="new"))["view"]
    assert changed["callback_id"] == "new"
    assert error(lambda: client.views_update(view_id=view["id"], hash=view["hash"], view=modal())) == "hash_conflict"
    assert error(lambda: client.views_update(view_id="V404", view=modal())) == "not_found"


def test_a_bad_view_is_refused_and_leaves_the_trigger_unused(app: WireApp, hands: Hands, client: WebClient) -> None:
    hands.command()
    trigger = app.payloads()[-1]["trigger_id"]
    bad = modal(title={"type": "plain_text", "text": "x" * 25})
    assert error(lambda: client.views_open(trigger_id=trigger, view=bad)) == "invalid_arguments"
    assert client.views_open(trigger_id=trigger, view=modal())["ok"] is True


def test_views_are_pushed_three_deep(app: WireApp, hands: Hands, client: WebClient) -> None:
    def trigger() -> str:
        return str(app.payloads()[-1]["trigger_id"])

    hands.command()
    client.views_open(trigger_id=trigger(), view=modal({"type": "actions", "elements": [button("more", "More")]}))
    for _ in range(2):
        hands.act("click", user="ana", view_id=hands.wait_for_view("ana")["id"], action_id="more")
        body = modal({"type": "actions", "elements": [button("more", "More")]})
        client.views_push(trigger_id=trigger(), view=body)
    hands.act("click", user="ana", view_id=hands.wait_for_view("ana")["id"], action_id="more")
    assert error(lambda: client.views_push(trigger_id=trigger(), view=modal())) == "push_limit_reached"
    assert len(hands.look("views", user="ana")["views"]) == 3


def test_a_home_tab_is_published(app: WireApp, hands: Hands, client: WebClient) -> None:
    hands.act("home", user="ana")
    assert app.payloads()[-1]["event"]["type"] == "app_home_opened"
    client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": card(button("go", "Go"))})
    home = hands.look("home", user="ana")["view"]
    assert home["type"] == "home"
    hands.act("click", user="ana", view_id=home["id"], action_id="go")
    assert app.payloads()[-1]["container"] == {"type": "view", "view_id": home["id"]}
    refused = error(lambda: client.views_publish(user_id="U0ANA", view=modal()))
    assert refused == "invalid_arguments"


def test_a_response_url_answers_five_times_even_where_the_bot_is_not(app: WireApp, hands: Hands) -> None:
    hands.command(channel="random")
    webhook = WebhookClient(app.payloads()[-1]["response_url"])
    webhook.proxy = None
    assert webhook.send(text="only ana").status_code == 200
    assert webhook.send(text="all", response_type="in_channel").status_code == 200
    assert webhook.send_dict({"blocks": [{"type": "modal"}]}).status_code == 400
    for number in range(2):
        assert webhook.send(text=str(number)).status_code == 200
    late = webhook.send(text="a sixth")
    assert (late.status_code, late.body) == (404, '{"ok":false,"error":"expired_url"}')
    assert [each["text"] for each in hands.messages("random", user="ana")] == ["only ana", "all", "0", "1"]
    assert [each["text"] for each in hands.messages("random", user="ben")] == ["all"]


def test_a_response_url_replaces_or_deletes_the_ephemeral_that_was_clicked(
    app: WireApp, hands: Hands, client: WebClient
) -> None:
    ts = client.chat_postEphemeral(channel="ops", user="U0ANA", text="menu", blocks=card(button("go", "Go")))[
        "message_ts"
    ]
    hands.act("click", user="ana", channel="ops", ts=ts, action_id="go")
    payload = app.payloads()[-1]
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    webhook = WebhookClient(payload["response_url"])
    webhook.proxy = None
    webhook.send(text="chosen", replace_original=True)
    shown = hands.messages(user="ana")
    assert [(each["ts"], each["text"], each["version"]) for each in shown] == [(ts, "chosen", 2)]
    webhook.send(delete_original=True)
    assert hands.messages(user="ana") == []


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
