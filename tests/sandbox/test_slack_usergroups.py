"""User groups: set by the driver, asked for by their id, failing on demand; and accounts that change what they are."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack.scopes import DEFAULT_SCOPES
from sandbox.slack.server import StandIn
from tests.fixtures.slack_hands import BOT_TOKEN, Hands

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def members(client: WebClient, name: str = "S0DBA", *, disabled: bool = False) -> list[str]:
    found: list[str] = client.usergroups_users_list(usergroup=name, include_disabled=disabled)["users"]
    return found


def refusal(call: Callable[[], object]) -> Json:
    with pytest.raises(SlackApiError) as refused:
        call()
    found: Json = refused.value.response.data
    return found


def test_a_group_is_made_and_replaced(hands: Hands, client: WebClient) -> None:
    made = hands.act("usergroups", id="S0WEB", handle="web", users=["cy", "U0ANA"])["usergroup"]
    assert (made["handle"], made["users"], made["user_count"]) == ("web", ["U0ANA", "U0CY"], 2)
    assert members(client, "S0WEB") == ["U0ANA", "U0CY"]
    hands.act("usergroups", id="S0WEB", users=["ben"])
    assert members(client, "S0WEB") == ["U0BEN"]
    hands.act("usergroups", id="S0WEB", users=[])
    assert members(client, "S0WEB") == []
    hands.act("usergroups", id="S0WEB", handle="www")
    assert [each["handle"] for each in client.usergroups_list()["usergroups"]] == ["dba", "www"]


def test_a_person_put_into_a_group_by_its_handle_is_in_the_one_that_has_it(hands: Hands, client: WebClient) -> None:
    hands.act("usergroups", id="S0123", handle="web", users=[])
    hands.act("users", user="cy", groups=["web", "night-shift"])
    assert (members(client, "S0123"), members(client, "S0NIGHTSHIFT")) == (["U0CY"], ["U0CY"])


@pytest.mark.parametrize("name", ["dba", "@dba", "S404"])
def test_a_group_is_known_by_its_id_alone(client: WebClient, name: str) -> None:
    assert refusal(lambda: members(client, name)) == {"ok": False, "error": "no_such_subteam"}


def test_a_disabled_group_is_not_there(hands: Hands, client: WebClient) -> None:
    hands.act("usergroups", id="S0DBA", disabled=True)
    assert refusal(lambda: members(client))["error"] == "no_such_subteam"
    assert members(client, disabled=True) == ["U0ANA", "U0BEN"]
    assert client.usergroups_list()["usergroups"] == []
    hands.act("usergroups", id="S0DBA", disabled=False)
    assert members(client) == ["U0ANA", "U0BEN"]


def test_a_token_without_the_scope_is_told_which_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    scopes = [scope for scope in DEFAULT_SCOPES if scope != "usergroups:read"]
    with StandIn(scopes=scopes) as bare:
        said = refusal(lambda: members(WebClient(BOT_TOKEN, base_url=bare.api_url)))
    assert (said["error"], said["needed"]) == ("missing_scope", "usergroups:read")
    assert said["provided"] == ",".join(scopes)


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        pytest.param({"error": "missing_scope"}, 200, "missing_scope", id="a scope that is gone"),
        pytest.param({"retry_after": 9}, 429, "ratelimited", id="too often"),
        pytest.param({"status": 503}, 503, "internal_error", id="a broken Slack"),
    ],
)
def test_it_fails_on_demand(hands: Hands, client: WebClient, fault: Json, status: int, error: str) -> None:
    hands.act("faults", method="usergroups.users.list", **fault)
    with pytest.raises(SlackApiError) as refused:
        members(client)
    assert (refused.value.response.status_code, refused.value.response["error"]) == (status, error)
    assert members(client) == ["U0ANA", "U0BEN"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param({"handle": "web"}, '"id" is missing', id="no id"),
        pytest.param({"id": "web", "handle": "web"}, "no id of a user group", id="a word for an id"),
        pytest.param({"id": "S0WEB"}, '"handle" is missing', id="a new one without a handle"),
        pytest.param({"id": "S0WEB", "handle": "The Web"}, "no handle", id="a name for a handle"),
        pytest.param({"id": "S0WEB", "handle": "dba"}, "belongs to another", id="a handle that is taken"),
        pytest.param({"id": "S0WEB", "handle": "web", "users": ["eve"]}, "no user 'eve'", id="nobody"),
        pytest.param({"id": "S0WEB", "handle": "web", "users": "ana"}, "list of names", id="no list"),
    ],
)
def test_groups_that_cannot_be_are_refused(hands: Hands, client: WebClient, body: Json, words: str) -> None:
    assert words in hands.refused("usergroups", **body)
    assert len(client.usergroups_list()["usergroups"]) == 1


@pytest.mark.parametrize(
    ("kind", "flags"),
    [
        ("guest", {"is_restricted"}),
        ("single_channel_guest", {"is_restricted", "is_ultra_restricted"}),
        ("stranger", {"is_stranger"}),
        ("bot", {"is_bot"}),
        ("deactivated", {"deleted"}),
        ("member", set()),
    ],
)
def test_somebody_becomes_another_kind_of_account(hands: Hands, client: WebClient, kind: str, flags: set[str]) -> None:
    hands.act("users", user="ana", kind=kind)
    ana = client.users_info(user="U0ANA")["user"]
    known = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
    assert {flag for flag in known if ana[flag]} == flags
    assert members(client) == ["U0ANA", "U0BEN"]


def test_somebody_moves_to_another_workspace_and_back(hands: Hands, client: WebClient) -> None:
    hands.act("users", user="ana", team="T0ELSE")
    hands.act("users", user="ana", groups=["dba"])
    assert client.users_info(user="U0ANA")["user"]["team_id"] == "T0ELSE"
    hands.act("users", user="ana", team="T0SITE")
    assert client.users_info(user="U0ANA")["user"]["team_id"] == "T0SITE"


def test_a_channel_comes_to_be_shared_with_another_organisation(hands: Hands, client: WebClient) -> None:
    for shared in (True, False):
        hands.act("channels", name="ops", shared=shared)
        ops = client.conversations_info(channel="C0OPS")["channel"]
        assert (ops["is_shared"], ops["is_ext_shared"]) == (shared, shared)


@pytest.mark.parametrize(
    ("fault", "status", "wait"),
    [
        pytest.param({"error": "message_not_found"}, 200, None, id="gone"),
        pytest.param({"error": "cant_update_message"}, 200, None, id="not ours"),
        pytest.param({"error": "ratelimited", "retry_after": 3}, 429, "3", id="too often"),
        pytest.param({"status": 500}, 500, None, id="broken"),
    ],
)
def test_an_edit_fails_on_demand_and_changes_nothing(
    hands: Hands, client: WebClient, fault: Json, status: int, wait: str | None
) -> None:
    ts = client.chat_postMessage(channel="C0OPS", text="before")["ts"]
    hands.act("faults", method="chat.update", **fault)
    with pytest.raises(SlackApiError) as refused:
        client.chat_update(channel="C0OPS", ts=ts, text="after")
    answer = refused.value.response
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, wait)
    assert answer["error"] == fault.get("error", "internal_error")
    assert hands.messages()[-1]["text"] == "before"
