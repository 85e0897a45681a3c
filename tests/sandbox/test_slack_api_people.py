"""users.*, usergroups.*, conversations.* and their like: who and where."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fixtures.slack_hands import Hands

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def error(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as refused:
        call()
    return str(refused.value.response["error"])


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
