"""What everybody must know is told once, by whichever bot comes to it, and is never lost."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from slack_sdk import WebClient

from approvals.debts.ledger import Reviews
from approvals.gate import Gate
from approvals.holds.book import Hold, Holds
from approvals.inforce.book import ConfigurationBook
from approvals.model import Request, Wish
from audit.store import Store
from bot import store as rows
from bot.announcer import Announcer
from bot.settings_rules import rules_of
from bot.store import Card
from bot.texts import Texts
from tests.approvals.test_inforce import configuration
from tests.fixtures.house import DBA, StandingClock, a_plan, actor, clock, gate, store, with_rule
from tests.fixtures.outbox import outbox_of
from tests.fixtures.slack_hands import Hands, Json, eventually

__all__ = ["clock", "gate", "store"]
pytest_plugins = ["tests.fixtures.slack_standin"]
POST = "chat.postMessage"
CHANNELS = {"main": "ops", "mail": "mail"}


@dataclass
class Scene:
    """An announcer over a stand-in, and what it announces. ``announcer`` is a fresh one: of a bot that starts."""

    store: Store
    gate: Gate
    clock: StandingClock
    client: WebClient
    hands: Hands
    channel: str = "ops"
    cards: list[Card] = field(default_factory=list)

    @property
    def announcer(self) -> Announcer:
        gate = with_rule(self.gate, emergency=DBA, review=3600)
        book = ConfigurationBook(self.store, self.clock, rules_of)
        reviews = Reviews(self.store, gate.rules, self.clock)
        return Announcer(
            gate,
            book,
            Holds(self.store, self.clock),
            reviews,
            Texts(),
            outbox_of(self.store, self.clock, self.client),
            "/db",
            self.channel,
            CHANNELS,
        )

    def texts(self, channel: str = "ops") -> list[str]:
        return [message["text"] for message in self.hands.messages(channel)]

    def held(self, scope: str, reason: str = "storage is moved") -> None:
        assert isinstance(self.announcer.holds.put(actor("cy"), scope, reason), Hold)

    def configured(self, approvals: int, **people: list[str]) -> None:
        self.announcer.configuration.offer(configuration(approvals, **people))

    def emergency(self, *, card: bool = True) -> Request:
        """Have ana run something alone; its card hangs, or does not yet."""
        wish = Wish("the disk dies", emergency=True)
        made = self.announcer.gate.open(actor("ana"), a_plan(), origin="slack:T0SITE", channel="ops", wish=wish)
        assert isinstance(made, Request), made
        if card:
            self.hang(made)
        return made

    def hang(self, request: Request) -> str:
        posted = self.client.chat_postMessage(channel="ops", text="the card")
        shown = Card(request.id, str(posted["channel"]), str(posted["ts"]), request.version, told_end=False)
        with self.store.transaction() as session:
            rows.hang(session, shown)
        return shown.ts

    def looks_until(self, announcer: Announcer, holds: Callable[[], object]) -> None:
        """Have one bot look again and again until something holds."""

        def looked() -> object:
            announcer.look()
            return holds()

        eventually(looked)

    def fault(self, **how: object) -> None:
        self.hands.act("faults", method=POST, **how)

    def calls(self) -> int:
        return len(self.hands.look("calls", method=POST)["calls"])


@pytest.fixture
def scene(store: Store, gate: Gate, clock: StandingClock, client: WebClient, hands: Hands) -> Scene:
    hands.act("channels", name="mail", bot=True)
    return Scene(store, gate, clock, client, hands)


def shown(message: Json) -> str:
    return str(message["blocks"])


THINGS: dict[str, tuple[Callable[[Scene], object], str]] = {
    "a record that begins": (lambda scene: scene.configured(2), "A new record begins"),
    "a hold": (lambda scene: scene.held("main"), "main is on hold: storage is moved (cy)"),
    "an emergency": (lambda scene: scene.emergency(), "*ana runs this alone*"),
}


@pytest.mark.parametrize("thing", THINGS)
def test_each_thing_is_told_once_whatever_is_started_anew(scene: Scene, thing: str) -> None:
    happens, words = THINGS[thing]
    happens(scene)
    for _ in range(3):
        scene.announcer.look()
    assert sum(words in text for text in scene.texts()) == 1


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize(
    "fault",
    [{"error": "internal_error"}, {"status": 503}, {"error": "not_in_channel"}, {"error": "fatal_error"}],
    ids=lambda fault: next(iter(fault.values())),
)
def test_what_slack_did_not_take_is_told_later_by_whichever_bot(scene: Scene, thing: str, fault: Json) -> None:
    happens, words = THINGS[thing]
    happens(scene)
    scene.fault(**fault, times=2)
    scene.announcer.look()
    scene.announcer.look()
    assert not any(words in text for text in scene.texts())
    scene.announcer.look()
    scene.announcer.look()
    assert sum(words in text for text in scene.texts()) == 1


@pytest.mark.parametrize("thing", THINGS)
def test_a_slack_that_is_not_reached_loses_nothing(scene: Scene, thing: str) -> None:
    happens, words = THINGS[thing]
    happens(scene)
    nobody = WebClient("xoxb-test", base_url="http://127.0.0.1:9/api/", timeout=1)
    replace(scene.announcer, outbox=outbox_of(scene.store, scene.clock, nobody)).look()
    scene.announcer.look()
    assert sum(words in text for text in scene.texts()) == 1


def test_one_thing_that_slack_does_not_take_holds_no_other_up(scene: Scene) -> None:
    scene.configured(2)
    scene.held("main")
    scene.fault(error="internal_error")
    scene.announcer.look()
    assert [("on hold" in text) for text in scene.texts()] == [True]
    scene.announcer.look()
    assert len(scene.texts()) == 2


def test_when_slack_says_wait_nothing_is_sent_until_then(scene: Scene) -> None:
    scene.held("main")
    scene.held("all", "the rack burns")
    announcer = scene.announcer
    scene.fault(retry_after=1)
    began = time.monotonic()
    announcer.look()
    announcer.look()
    assert scene.calls() == 1
    scene.looks_until(announcer, lambda: len(scene.texts()) == 2)
    assert time.monotonic() - began >= 1


def test_a_channel_that_is_gone_is_left_alone_for_a_while_and_others_are_told(scene: Scene) -> None:
    scene.held("mail")
    scene.held("main")
    scene.hands.act("channels", name="mail", archived=True)
    announcer = scene.announcer
    for _ in range(5):
        announcer.look()
    assert len(scene.texts()) == 1
    assert scene.calls() == 2
    scene.hands.act("channels", name="mail", archived=False)
    scene.announcer.look()
    assert len(scene.texts("mail")) == 1


def test_a_hold_is_told_where_its_cluster_s_cards_hang_and_all_of_them_where_the_bot_speaks(scene: Scene) -> None:
    scene.held("mail")
    scene.held("all", "the rack burns")
    scene.announcer.look()
    assert scene.texts("mail") == ["✋ mail is on hold: storage is moved (cy)"]
    assert scene.texts() == ["✋ all is on hold: the rack burns (cy)"]
    assert "Everything is on hold" in shown(scene.hands.messages()[0])
    assert "`/db lift all`" in shown(scene.hands.messages()[0])


def test_without_a_channel_there_is_nobody_to_tell(scene: Scene) -> None:
    scene.channel = ""
    scene.configured(2)
    scene.announcer.look()
    assert scene.announcer.configuration.unannounced() == []
    assert scene.texts() == []


def test_what_waits_for_consent_is_told_with_what_gets_looser(scene: Scene) -> None:
    scene.configured(2)
    scene.configured(1, cy=["dba"])
    scene.announcer.look()
    first, second = scene.hands.messages()
    assert "Nobody has agreed to these rules yet" in shown(first)
    assert "The old rules stay in force" in shown(second)
    for line in ("cy gets the group dba", "destructive: 2 → 1 approvals", "policy.destructive.approvals: 2 → 1"):
        assert line in shown(second)
    assert "Ask for it: `/db rules`" in shown(second)


def test_what_is_stricter_is_told_as_being_in_force(scene: Scene) -> None:
    scene.configured(1)
    scene.configured(2)
    scene.announcer.look()
    last = shown(scene.hands.messages()[-1])
    assert "The configuration changed, and is in force" in last
    assert "policy.destructive.approvals: 1 → 2" in last
    assert "Ask for it" not in last


def test_what_replaced_a_waiting_one_is_told_and_what_was_put_back_is_not(scene: Scene) -> None:
    scene.configured(2)
    scene.announcer.look()
    scene.configured(1)
    scene.configured(2)
    scene.announcer.look()
    assert len(scene.texts()) == 1
    scene.configured(1, cy=["dba"])
    scene.announcer.look()
    assert len(scene.texts()) == 2


def test_an_emergency_names_who_was_passed_over_and_not_who_asked(scene: Scene) -> None:
    request = scene.emergency()
    scene.announcer.look()
    card, told = scene.hands.messages()
    assert told["thread_ts"] == card["ts"]
    assert re.findall(r"<@(\w+)>", told["text"]) == ["U0BEN", "U0DAN"]  # neither ana nor cy, who could not have agreed
    assert f"`/db review {request.id} fine`" in told["text"]
    assert "Why: the disk dies." in told["text"]
    (call,) = [
        call["params"] for call in scene.hands.look("calls", method=POST)["calls"] if "thread_ts" in call["params"]
    ]
    assert str(call["reply_broadcast"]).lower() in {"true", "1"}  # in the channel too, not only in the thread


def test_an_emergency_waits_for_its_card(scene: Scene) -> None:
    request = scene.emergency(card=False)
    scene.announcer.look()
    assert scene.texts() == []
    scene.hang(request)
    scene.announcer.look()
    assert len(scene.texts()) == 2


def test_who_deletes_the_card_of_an_emergency_silences_nobody(scene: Scene, client: WebClient) -> None:
    request = scene.emergency(card=False)
    client.chat_delete(channel="C0OPS", ts=scene.hang(request))
    scene.announcer.look()
    (told,) = [message for message in scene.hands.messages() if "runs this alone" in message["text"]]
    assert not told["thread_ts"]
    scene.announcer.look()
    assert sum("runs this alone" in text for text in scene.texts()) == 1


def test_when_nobody_was_passed_over_it_says_that(scene: Scene) -> None:
    scene.emergency()
    announcer = scene.announcer
    nobody = with_rule(scene.gate, emergency=DBA, groups=frozenset({"web"}))
    replace(announcer, gate=nobody).look()
    told = scene.texts()[-1]
    assert "Nobody else could have been asked." in told
    assert "<@" not in told


def test_reasons_of_people_mention_nobody(scene: Scene) -> None:
    scene.held("main", "<!channel> <@U0BEN> *bold*")
    scene.announcer.look()
    (message,) = scene.hands.messages()
    assert "<!channel>" not in message["text"] + shown(message)
    assert "<@U0BEN>" not in message["text"] + shown(message)


def test_at_the_start_it_warns_of_what_nobody_could_approve(scene: Scene) -> None:
    scene.announcer.warn([])
    assert scene.texts() == []
    scene.announcer.warn(["Nobody can have it approved.", "And more."])
    (message,) = scene.hands.messages()
    assert message["text"] == "⚠️ Nobody can have it approved. And more."
    assert "not everything can be approved" in shown(message)
