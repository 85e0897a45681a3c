"""User groups of Slack: who is in one, for how long that is believed, and that nobody is when Slack does not say."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.usergroups import ASK_AFTER, FRESH, PAUSE, UserGroups
from sandbox.slack.server import StandIn
from tests.fixtures.odd_slack import odd_slack, silent_slack
from tests.fixtures.slack_hands import Hands

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]
METHOD = "usergroups.users.list"
DBA, WEB = "T0SITE/S0DBA", "T0SITE/S0WEB"
ANA, BEN, CY = "T0SITE/U0ANA", "T0SITE/U0BEN", "T0SITE/U0CY"
BOTH, ONLY_CY = frozenset({ANA, BEN}), frozenset({CY})


@dataclass
class Watch:
    """A time that stands until it is moved."""

    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Scene:
    """Fed groups over a stand-in."""

    client: WebClient
    hands: Hands
    feeds: dict[str, str] = field(default_factory=lambda: {"dba": DBA})
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        self.groups = UserGroups(self.client, self.feeds, self.watch)

    def refreshed(self, after: float = 0.0, group: str = "dba") -> frozenset[str] | None:
        """Let time pass and ask; gives the group as it is known then."""
        self.watch.at += after
        self.groups.refresh()
        return self.groups.members(group)

    def calls(self) -> list[str]:
        """The user groups that were asked for, oldest first."""
        return [call["params"]["usergroup"] for call in self.hands.look("calls", method=METHOD)["calls"]]

    def put(self, *users: str, name: str = "S0DBA", handle: str = "dba", **more: object) -> None:
        self.hands.act("usergroups", id=name, handle=handle, users=list(users), **more)

    def fault(self, **how: object) -> None:
        self.hands.act("faults", method=METHOD, **how)


@pytest.fixture
def scene(client: WebClient, hands: Hands) -> Scene:
    return Scene(client, hands)


def test_members_are_accounts_of_the_feeds_workspace(scene: Scene) -> None:
    assert scene.refreshed() == BOTH


def test_nobody_is_known_before_slack_was_asked_and_looking_asks_nothing(scene: Scene) -> None:
    assert scene.groups.members("dba") is None
    assert scene.groups.trouble("dba") == ""
    assert scene.calls() == []


def test_the_fed_groups_have_names_and_others_are_never_known(scene: Scene) -> None:
    assert scene.groups.fed() == {"dba"}
    assert scene.refreshed(group="web") is None


def test_an_empty_user_group_is_known_to_be_empty(scene: Scene) -> None:
    scene.put()
    assert scene.refreshed() == frozenset()


def test_a_change_is_seen_after_the_next_question(scene: Scene) -> None:
    scene.refreshed()
    scene.put("ben", "cy")
    assert scene.refreshed(after=ASK_AFTER - 1) == BOTH
    assert scene.refreshed(after=1) == frozenset({BEN, CY})
    assert len(scene.calls()) == 2


def test_an_answer_is_believed_for_a_minute_and_no_longer(scene: Scene) -> None:
    scene.refreshed()
    scene.watch.at += FRESH
    assert scene.groups.members("dba") == BOTH
    scene.watch.at += 0.1
    assert scene.groups.members("dba") is None


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param({"error": "missing_scope"}, "Slack says missing_scope", id="a scope that is gone"),
        pytest.param({"error": "account_inactive"}, "Slack says account_inactive", id="a bot that is gone"),
        pytest.param({"status": 503}, "Slack says internal_error", id="a broken Slack"),
        pytest.param({"retry_after": 1}, "Slack says ratelimited", id="too often"),
    ],
)
def test_a_failure_keeps_the_old_answer_and_its_age(scene: Scene, fault: Json, said: str) -> None:
    scene.refreshed()
    scene.put("cy")
    scene.fault(**fault, times=99)
    assert scene.refreshed(after=ASK_AFTER) == BOTH
    assert scene.groups.trouble("dba") == said
    assert scene.refreshed(after=FRESH - ASK_AFTER) == BOTH
    assert scene.refreshed(after=1) is None
    scene.hands.act("faults")
    assert scene.refreshed(after=PAUSE) == ONLY_CY
    assert scene.groups.trouble("dba") == ""


@pytest.mark.parametrize(
    "answer",
    [
        b'{"ok": true}',
        b'{"ok": true, "users": null}',
        b'{"ok": true, "users": "U0ANA"}',
        b'{"ok": true, "users": ["U0ANA", null]}',
        b'{"ok": true, "users": ["U0ANA", ""]}',
        b'{"ok": true, "users": {"U0ANA": 1}}',
        b'["U0ANA"]',
        b"<html>Please log in to the network</html>",
        b"\xff\xfe",
        b"",
    ],
)
def test_an_answer_that_is_no_list_of_ids_lets_nobody_in(answer: bytes) -> None:
    with odd_slack(answer) as client:
        groups = UserGroups(client, {"dba": DBA})
        groups.refresh()
    assert groups.members("dba") is None
    assert groups.trouble("dba")


def test_a_disabled_user_group_lets_nobody_in_at_once(scene: Scene) -> None:
    scene.refreshed()
    scene.put("ana", "ben", disabled=True)
    assert scene.refreshed(after=ASK_AFTER) is None
    assert scene.groups.trouble("dba") == "Slack says no_such_subteam"


def test_a_user_group_that_never_was_lets_nobody_in(scene: Scene) -> None:
    scene.feeds["dba"] = "T0SITE/S404"
    assert scene.refreshed() is None


def test_a_user_group_is_not_found_by_its_name(scene: Scene) -> None:
    scene.feeds["dba"] = "T0SITE/dba"
    assert scene.refreshed() is None


def test_a_failed_feed_is_left_alone_for_a_while(scene: Scene) -> None:
    scene.fault(error="fatal_error")
    for after in (0, 1, 1):
        assert scene.refreshed(after=after) is None
    assert len(scene.calls()) == 1
    assert scene.refreshed(after=PAUSE - 2) == BOTH


def test_a_feed_waits_as_long_as_slack_says(scene: Scene) -> None:
    scene.fault(retry_after=30)
    scene.refreshed()
    assert scene.refreshed(after=29) is None
    assert len(scene.calls()) == 1
    assert scene.refreshed(after=1) == BOTH


def test_one_feed_that_fails_holds_up_no_other(scene: Scene) -> None:
    scene.put("cy", name="S0WEB", handle="web")
    scene.feeds |= {"all": "T0SITE/S404", "web": WEB}
    scene.refreshed()
    assert [scene.groups.members(name) for name in ("all", "dba", "web")] == [None, BOTH, ONLY_CY]


def test_two_groups_with_one_source_ask_once(scene: Scene) -> None:
    scene.feeds["web"] = DBA
    assert scene.refreshed() == scene.groups.members("web") == BOTH
    assert scene.calls() == ["S0DBA"]


def test_a_group_with_another_source_forgets_who_was_in_it(scene: Scene) -> None:
    scene.put("cy", name="S0WEB", handle="web")
    scene.groups = UserGroups(scene.client, lambda: dict(scene.feeds), scene.watch)
    assert scene.refreshed() == BOTH
    scene.feeds["dba"] = WEB
    assert scene.groups.members("dba") is None
    assert scene.refreshed() == ONLY_CY
    del scene.feeds["dba"]
    assert (scene.groups.members("dba"), scene.groups.fed()) == (None, frozenset())


def test_a_slack_that_is_gone_lets_nobody_in(hands: Hands, stand_in: StandIn, client: WebClient) -> None:
    scene = Scene(client, hands)
    scene.refreshed()
    stand_in.stop()
    assert scene.refreshed(after=ASK_AFTER) == BOTH
    assert scene.groups.trouble("dba") == "Slack is not reached"
    assert scene.refreshed(after=FRESH) is None


def test_a_slack_that_hangs_is_given_up_on_and_the_feeds_take_turns() -> None:
    watch = Watch()
    with silent_slack(seconds=1) as client:
        groups = UserGroups(client, {"dba": DBA, "web": WEB}, watch)
        groups.refresh()
        assert (groups.trouble("dba"), groups.trouble("web")) == ("Slack is not reached", "")
        watch.at += 1
        groups.refresh()
    assert groups.trouble("web") == "Slack is not reached"


def test_a_slow_answer_is_as_old_as_its_question(scene: Scene) -> None:
    times = iter([1000.0, 1000.0])  # the second is that of the question
    scene.groups = UserGroups(scene.client, scene.feeds, lambda: next(times, 1000.0 + FRESH + 1))
    scene.groups.refresh()
    assert scene.groups.members("dba") is None


def test_it_asks_once_however_many_want_to_know(scene: Scene) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: scene.groups.refresh(), range(8)))
    assert scene.groups.members("dba") == BOTH
    assert scene.calls() == ["S0DBA"]


def test_a_trouble_is_logged_once(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    scene.fault(error="missing_scope", times=3)
    with caplog.at_level(logging.WARNING, "bot.usergroups"):
        for _ in range(3):
            scene.refreshed(after=PAUSE)
    (line,) = caplog.messages
    assert line.startswith(f"The user group {DBA}: Slack says missing_scope.")
