"""Posts once: whichever bot asks, and whatever died or went unanswered in between."""

import fcntl
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from audit.store import Store
from bot import outbox as boxes
from bot import store as rows
from bot.cards import Message
from bot.outbox import Outbox
from bot.store import Said
from core.clock import stamp
from tests.fixtures.house import StandingClock, clock, store
from tests.fixtures.outbox import outbox_of
from tests.fixtures.slack_hands import Hands, Json, eventually

__all__ = ["clock", "store"]
pytest_plugins = ["tests.fixtures.slack_standin"]
POST = "chat.postMessage"
CARD: dict[str, object] = {"event_type": "seconder_request", "event_payload": {"request": "r-1", "version": 1}}
HELLO = Message("✅ main is <well> & fine", [])


@dataclass
class Scene:
    """Bots over one store and one Slack."""

    store: Store
    clock: StandingClock
    client: WebClient
    hands: Hands

    def bot(self) -> Outbox:
        """A bot that starts when all others are dead."""
        return outbox_of(self.store, self.clock, self.client)

    def texts(self) -> list[Json]:
        return self.hands.messages()

    def fault(self, **how: object) -> None:
        self.hands.act("faults", method=POST, **how)


@pytest.fixture
def scene(store: Store, clock: StandingClock, client: WebClient, hands: Hands) -> Scene:
    clock.at = datetime.now(UTC)  # the stand-in's messages carry the real time
    scene = Scene(store, clock, client, hands)
    scene.bot().once("first", "ops", Message("so that the channel's id is known", []))
    return scene


def test_what_was_said_is_not_said_again_by_any_bot(scene: Scene) -> None:
    said = [scene.bot().once("k", "ops", HELLO) for _ in range(3)]
    assert len({one.ts for one in said if one}) == 1
    assert [message["text"] for message in scene.texts()][1:] == [HELLO.text]


@pytest.mark.parametrize("message", [HELLO, Message("a card", [], CARD)], ids=["words", "a card"])
def test_a_post_that_slack_took_without_saying_so_is_found(scene: Scene, message: Message) -> None:
    bot = scene.bot()
    scene.fault(status=500, after=True)
    with pytest.raises(SlackApiError):
        bot.once("k", "ops", message)
    assert len(scene.texts()) == 2
    said = bot.once("k", "ops", message)
    assert said is not None
    assert (len(scene.texts()), said.ts) == (2, scene.texts()[1]["ts"])


def test_a_post_that_slack_did_not_take_is_made_after_looking(scene: Scene) -> None:
    bot = scene.bot()
    scene.fault(status=500)
    with pytest.raises(SlackApiError):
        bot.once("k", "ops", HELLO)
    assert bot.once("k", "ops", HELLO) is not None
    assert len(scene.texts()) == 2


def test_a_bot_that_died_between_the_post_and_its_note_is_followed_by_one_that_finds_it(scene: Scene) -> None:
    with scene.store.transaction() as session:
        rows.say(session, Said("k", "a-dead-bot", stamp(scene.clock.now()), asked="ops"))
    scene.clock.forward(1)
    scene.client.chat_postMessage(channel="ops", text=HELLO.text)
    assert scene.bot().once("k", "ops", HELLO) is not None
    assert len(scene.texts()) == 2


def test_what_a_living_bot_is_saying_is_left_to_it(scene: Scene) -> None:
    one, two = scene.bot(), scene.bot()
    two = replace(two, presence=replace(two.presence, folder=one.presence.folder))
    with (one.presence.folder / "held.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with scene.store.transaction() as session:
            rows.say(session, Said("k", "host:1:held", stamp(scene.clock.now()), asked="ops"))
        assert two.once("k", "ops", HELLO) is None
    assert two.once("k", "ops", HELLO) is not None


def test_a_no_of_slack_s_is_no_post_and_nothing_has_to_be_looked_for(scene: Scene) -> None:
    bot = scene.bot()
    scene.fault(error="ratelimited", retry_after=1)
    with pytest.raises(SlackApiError):
        bot.once("k", "ops", HELLO)
    before = len(scene.hands.look("calls", method="conversations.history")["calls"])
    assert bot.once("k", "ops", HELLO) is not None
    assert len(scene.hands.look("calls", method="conversations.history")["calls"]) == before


def test_while_slack_can_not_be_asked_a_post_waits_and_then_rather_stands_twice_than_never(scene: Scene) -> None:
    bot = scene.bot()
    scene.fault(status=500)
    with pytest.raises(SlackApiError):
        bot.once("k", "ops", HELLO)
    scene.hands.act("faults", method="conversations.history", status=503, times=2)
    with pytest.raises(SlackApiError):
        bot.once("k", "ops", HELLO)
    scene.clock.forward(boxes.UNSEEN.total_seconds())
    assert bot.once("k", "ops", HELLO) is not None


def test_without_the_right_to_look_it_is_posted_again_at_once(scene: Scene) -> None:
    bot = scene.bot()
    scene.fault(status=500)
    with pytest.raises(SlackApiError):
        bot.once("k", "ops", HELLO)
    scene.hands.act("faults", method="conversations.history", error="missing_scope")
    assert bot.once("k", "ops", HELLO) is not None


def test_what_was_sent_without_an_answer_may_still_arrive_and_is_waited_for(scene: Scene) -> None:
    hasty = WebClient(scene.client.token, base_url=scene.client.base_url, timeout=1)
    hasty.proxy = None
    scene.fault(delay=3.0)
    with pytest.raises(OSError, match="timed out"):
        outbox_of(scene.store, scene.clock, hasty).once("k", "ops", HELLO)
    bot = scene.bot()
    assert bot.once("k", "ops", HELLO) is None
    eventually(lambda: len(scene.texts()) == 2)
    scene.clock.forward(boxes.UNDER_WAY.total_seconds())
    assert bot.once("k", "ops", HELLO) is not None
    assert len(scene.texts()) == 2


def test_what_was_never_sent_is_sent_at_once_when_slack_is_back(scene: Scene) -> None:
    nobody = outbox_of(scene.store, scene.clock, WebClient("xoxb-test", base_url="http://127.0.0.1:9/api/", timeout=1))
    with pytest.raises(OSError, match="refused"):
        nobody.once("k", "ops", HELLO)
    assert scene.bot().once("k", "ops", HELLO) is not None
