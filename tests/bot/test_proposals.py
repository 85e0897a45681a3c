"""The window in which something is asked for by choosing: opened, redrawn, read; on the stand-in, through the desk."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from slack_sdk import WebClient

from approvals.model import State
from audit import store as audit_rows
from bot.clicks import Clicks
from bot.commands import Commands
from bot.desk import Desk
from bot.proposals import Proposals
from bot.who import Who
from bot.wiring import House
from sandbox.slack.server import StandIn
from tests.fixtures.slack_hands import Hands, Json, WireApp
from tests.fixtures.small import small_house, with_keep

pytest_plugins = ["tests.fixtures.slack_standin"]
KINDS = {"block_actions": "click", "view_submission": "submission"}


@dataclass
class Scene:
    """A desk over a stand-in; what people do arrives at it as from Slack."""

    house: House
    desk: Desk
    hands: Hands
    app: WireApp
    woken: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app.reply = self._acknowledged

    def _acknowledged(self, frame: Json) -> object:
        payload = frame["payload"]
        wrong = self.desk.check(payload) if payload.get("type") == "view_submission" else {}
        return {"response_action": "errors", "errors": wrong} if wrong else None

    def types(self, text: str, user: str = "ana") -> None:
        self.hands.command(text, user=user)
        self._deal()

    def chooses(self, name: str, value: str) -> None:
        """Choose an action or a cluster, of which the bot hears at once."""
        self.hands.act("click", user="ana", view_id=self.window()["id"], action_id=f"propose.{name}", value=value)
        self._deal()

    def sends(self, **values: Json) -> Json:
        """Send the window; gives what is said under its fields."""
        before = len(self.app.frames)
        answer = self.hands.ask("/sandbox/submit", {"user": "ana", "view_id": self.window()["id"], "values": values})
        errors: Json = (self.views() or [{}])[-1].get("errors") or answer.body.get("errors") or {}
        if len(self.app.frames) > before and not errors:
            self._deal()
        return errors

    def _deal(self) -> None:
        payload = self.app.payloads()[-1]
        self.desk.deal(KINDS.get(payload.get("type", ""), "command"), payload)

    def views(self, user: str = "ana") -> list[Json]:
        found: list[Json] = self.hands.look("views", user=user)["views"]
        return found

    def window(self) -> Json:
        return self.hands.wait_for_view("ana")

    def answers(self, user: str = "ana") -> list[str]:
        return [message["text"] for message in self.hands.messages(user=user) if message["ephemeral_to"]]

    def opened(self) -> list[tuple[str, str, str, str]]:
        """What was asked for: action, cluster, reason, who asked."""
        return [(one.plan.action, one.plan.cluster, one.wish.reason, one.requester) for one in self.house.gate.listed()]


@pytest.fixture
def house(tmp_path: Path, stand_in: StandIn) -> Iterator[House]:
    opened = small_house(tmp_path / "home", stand_in.api_url)
    yield with_keep(opened)
    opened.close()


@pytest.fixture
def scene(house: House, client: WebClient, hands: Hands, app: WireApp) -> Scene:
    woken: list[bool] = []

    def wake() -> None:
        woken.append(True)

    commands = Commands(house.road, house.texts, "/db", lambda _actor: None, wake, house.verbs)
    clicks = Clicks(house.gate, house.stops, commands, house.texts, client, wake)
    proposals = Proposals(client, house.texts, commands)
    desk = Desk(client, Who(house.gate.rules, client), house.texts, commands, clicks, proposals)
    return Scene(house, desk, hands, app, woken)


def blocks(view: Json) -> list[str]:
    return [block["block_id"].split("/")[0] for block in view["blocks"] if block["type"] == "input"]


@pytest.mark.parametrize("text", ["", "  "])
def test_the_command_alone_opens_the_window_and_asks_for_nothing(scene: Scene, text: str) -> None:
    scene.types(text)
    assert (scene.window()["callback_id"], blocks(scene.window())) == ("propose", ["action", "cluster"])
    assert (scene.opened(), scene.answers(), scene.woken) == ([], [], [])


@pytest.mark.parametrize("text", ["keep", " Keep ", "PROMOTE", "backup", "resync"])
def test_an_action_s_name_alone_opens_its_own_window(scene: Scene, text: str) -> None:
    scene.types(text)
    assert blocks(scene.window())[0] == "cluster"
    assert scene.window()["title"]["text"] == f"Ask: {text.strip().lower()}"
    assert scene.opened() == []


@pytest.mark.parametrize("text", ["help", "status", "requests", "keep main", "frobnicate", "hold", "rules"])
def test_whatever_else_is_typed_is_read_as_it_is(scene: Scene, text: str) -> None:
    scene.types(text)
    assert scene.views() == []
    assert scene.answers() or scene.opened()


def test_what_is_chosen_goes_the_road_that_typed_words_go(scene: Scene) -> None:
    scene.types("")
    scene.chooses("action", "keep")
    scene.chooses("cluster", "mail")
    assert blocks(scene.window()) == ["action", "cluster", "argument", "reason"]
    assert scene.sends(reason={"text": "it's time; don't wait"}) == {}
    assert scene.opened() == [("keep", "mail", "it's time; don't wait", "ana")]
    (request,) = scene.house.gate.listed()
    assert (request.state, request.origin, request.channel) == (State.APPROVED, "slack:T0SITE", "ops")
    assert scene.woken == [True]
    assert scene.views() == []


def test_an_answer_to_a_window_is_seen_where_the_command_was_typed(scene: Scene) -> None:
    scene.types("promote")
    scene.chooses("cluster", "main")
    assert scene.sends() == {}
    assert scene.opened() == []  # nobody answers there: the refusal is shown to who asked
    assert len(scene.answers()) == 1
    with scene.house.store.reading() as session:
        (row,) = audit_rows.tail(session, 1)
    assert (row.action, row.actor) == ("input.refused", "ana")


def test_what_is_missing_is_said_in_the_window_and_nothing_is_asked_for(scene: Scene) -> None:
    scene.types("keep")
    before = scene.window()["id"]
    scene.chooses("cluster", "main")
    errors = scene.sends(reason={"text": "--rebuild"})
    assert errors == {"reason": "Begin with a word: a dash begins an option."}
    assert scene.window()["id"] == before
    assert scene.opened() == []
    assert scene.sends(reason={"text": "now it is right"}) == {}
    assert scene.opened() == [("keep", "main", "now it is right", "ana")]


def test_the_rules_are_asked_when_it_is_sent_whoever_opened_it(scene: Scene) -> None:
    scene.hands.command("", user="cy")
    scene._deal()
    assert [view["callback_id"] for view in scene.views("cy")] == ["propose"]
    view = scene.views("cy")[-1]
    for name, value in (("action", "keep"), ("cluster", "main")):
        scene.hands.act("click", user="cy", view_id=view["id"], action_id=f"propose.{name}", value=value)
        scene._deal()
    scene.hands.act("submit", user="cy", view_id=view["id"], values={})
    scene._deal()
    assert scene.opened() == []
    assert "cy may not ask for this" in scene.answers("cy")[-1]


def test_a_stranger_gets_no_window(scene: Scene) -> None:
    scene.hands.act("users", name="eve")
    scene.types("", user="eve")
    assert scene.views("eve") == []
    assert "I don't know you" in str(scene.hands.messages(user="eve")[-1]["blocks"])


def test_when_slack_opens_no_window_the_command_alone_still_helps(scene: Scene) -> None:
    scene.hands.act("faults", method="views.open", error="internal_error")
    scene.types("")
    assert scene.views() == []
    assert len(scene.answers()) == 1
    assert scene.opened() == []


def test_when_slack_opens_no_window_an_action_s_name_starts_nothing(scene: Scene) -> None:
    scene.hands.act("faults", method="views.open", error="expired_trigger_id")
    scene.types("keep")
    assert scene.opened() == []
    (said,) = scene.answers()
    assert "Slack did not open the window for keep, and nothing was asked for." in said


@pytest.mark.parametrize("error", ["not_found", "internal_error", "ratelimited"])
def test_a_window_that_can_not_be_redrawn_is_no_bug_and_asks_for_nothing(scene: Scene, error: str) -> None:
    scene.types("keep")
    scene.hands.act("faults", method="views.update", error=error)
    scene.chooses("cluster", "main")
    assert scene.answers() == []
    errors = scene.sends()
    assert set(errors) == {"cluster"}
    assert scene.opened() == []


def test_only_choices_that_change_the_rest_redraw_the_window(scene: Scene) -> None:
    scene.types("keep")
    scene.chooses("cluster", "main")
    drawn = len(scene.hands.look("calls", method="views.update")["calls"])
    body = {**scene.app.payloads()[-1], "actions": [{"action_id": "propose.argument", "block_id": "x"}]}
    assert scene.desk.proposals.chose(body)
    assert len(scene.hands.look("calls", method="views.update")["calls"]) == drawn


@pytest.mark.parametrize("view", [None, "V1", {"callback_id": "request.approve"}, {}])
def test_a_click_elsewhere_is_not_for_the_window(scene: Scene, view: object) -> None:
    assert not scene.desk.proposals.chose({"view": view, "actions": [{"action_id": "propose.action"}]})
