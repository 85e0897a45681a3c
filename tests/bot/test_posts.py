"""Slack as a view of the store: what it refuses changes no request, posts nothing twice, and is mended afterwards."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from slack_sdk import WebClient

from approvals.debts.ledger import Reviews
from approvals.gate import Gate
from approvals.lease import Book
from approvals.model import Request, State, Verdict
from audit.store import Store
from bot import posts as posting
from bot import store as rows
from bot.posts import Posts
from bot.sites import Sites
from bot.store import Card
from bot.texts import Texts
from core.plan import Plan
from runs.journal import Journal
from runs.model import Run
from runs.runner import Runner
from tests.fixtures.house import TYPED, StandingClock, a_plan, actor, book, clock, gate, grants, store
from tests.fixtures.outbox import outbox_of
from tests.fixtures.slack_hands import Hands, Json, eventually
from tests.runs.test_runner import World

__all__ = ["book", "clock", "gate", "store"]
pytest_plugins = ["tests.fixtures.slack_standin"]
POST, UPDATE = "chat.postMessage", "chat.update"
FAULTS: dict[str, Json] = {
    "ratelimited": {"error": "ratelimited", "retry_after": 1},
    "a broken Slack": {"status": 500},
    "an error of Slack's": {"error": "fatal_error"},
}
NEVER = ("message_not_found", "cant_update_message", "edit_window_closed", "channel_not_found", "is_archived")


@dataclass
class Scene:
    """Cards over a stand-in. ``posts`` stays, as in one bot; ``anew`` is a bot that was started again."""

    store: Store
    gate: Gate
    client: WebClient
    hands: Hands
    clock: StandingClock

    def __post_init__(self) -> None:
        self.posts = self.anew()

    def anew(self, client: WebClient | None = None) -> Posts:
        reviews = Reviews(self.store, self.gate.rules, self.clock)
        sites = Sites({}, Path("/nonexistent"))
        outbox = outbox_of(self.store, self.clock, client or self.client)
        return Posts(self.store, self.gate, reviews, sites, Texts(), client or self.client, outbox)

    def asked(self, plan: Plan | None = None) -> Request:
        made = self.gate.open(actor("ana"), plan or a_plan(), origin="slack:T0SITE", channel="ops")
        assert isinstance(made, Request), made
        return made

    def drawn(self) -> Request:
        request = self.asked()
        self.posts.look()
        return request

    def rejected(self, request: Request) -> Request:
        came = self.gate.vote(actor("ben"), request.id, Verdict.REJECT, "not tonight")
        assert isinstance(came, Request), came
        return came

    def card(self, request: Request) -> Card:
        with self.store.reading() as session:
            found = rows.card(session, request.id)
        assert found is not None
        return found

    def now(self, request: Request) -> Request:
        found = self.gate.find(request.id)
        assert found is not None
        return found

    def cards(self) -> list[Json]:
        kinds = {"event_type": "seconder_request"}
        return [message for message in self.hands.messages() if kinds.items() <= (message["metadata"] or {}).items()]

    def thread(self) -> list[str]:
        return [message["text"] for message in self.hands.messages() if message["thread_ts"]]

    def shown(self) -> tuple[str, int]:
        """What the one card says, and the version that it says it of."""
        (message,) = self.cards()
        return str(message["blocks"]), int(message["metadata"]["event_payload"]["version"])

    def calls(self, method: str) -> int:
        return len(self.hands.look("calls", method=method)["calls"])

    def looks_until(self, holds: Callable[[], object]) -> None:
        """Have the bot draw again and again until something holds."""

        def looked() -> object:
            self.posts.look()
            return holds()

        eventually(looked)

    def fault(self, method: str, **how: object) -> None:
        self.hands.act("faults", method=method, **how)


@pytest.fixture
def scene(
    store: Store, gate: Gate, client: WebClient, hands: Hands, clock: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    monkeypatch.setattr(posting, "EDIT_EVERY", 0.0)
    monkeypatch.setattr(posting, "STARTS_WITHIN", 0.0)
    return Scene(store, gate, client, hands, clock)


def test_a_card_is_hung_once_and_says_which_request_it_shows(scene: Scene) -> None:
    request = scene.drawn()
    scene.posts.look()
    scene.anew().look()
    words, version = scene.shown()
    assert (scene.calls(POST), scene.calls(UPDATE), version) == (1, 0, request.version)
    assert "needs 1 approval from dba" in words


def test_whoever_moved_a_request_its_card_follows(scene: Scene) -> None:
    request = scene.rejected(scene.drawn())
    scene.anew().look()  # another process: nothing of it lies in memory
    words, version = scene.shown()
    assert ("rejected" in words, version) == (True, request.version)
    assert scene.card(request).rendered_version == request.version


@pytest.mark.parametrize("fault", FAULTS)
def test_a_slack_that_fails_for_a_while_changes_nothing_and_the_card_is_true_afterwards(
    scene: Scene, fault: str
) -> None:
    request = scene.rejected(scene.drawn())
    scene.fault(UPDATE, **FAULTS[fault])
    scene.posts.look()
    assert "needs 1 approval" in scene.shown()[0]
    assert scene.card(request).rendered_version < request.version
    assert scene.now(request) == request
    scene.looks_until(lambda: scene.shown()[1] == request.version)
    assert "rejected" in scene.shown()[0]
    assert len(scene.cards()) == 1
    assert len(scene.thread()) == 1
    assert scene.now(request) == request


@pytest.mark.parametrize("error", NEVER)
def test_a_card_that_can_never_be_edited_is_left_alone_and_no_second_one_is_posted(scene: Scene, error: str) -> None:
    request = scene.rejected(scene.drawn())
    scene.fault(UPDATE, error=error, times=99)
    for _ in range(4):
        scene.posts.look()
    assert (scene.calls(UPDATE), len(scene.cards())) == (1, 1)
    assert (scene.now(request), scene.card(request).told_end) == (request, True)
    assert len(scene.thread()) == 1


def test_a_card_that_can_not_be_edited_is_tried_again_when_the_request_moves_on(scene: Scene) -> None:
    request = scene.drawn()
    scene.fault(UPDATE, error="cant_update_message")
    with scene.store.transaction() as session:
        rows.redraw(session, request.id)
    scene.posts.look()
    moved = scene.rejected(request)
    scene.posts.look()
    assert scene.shown()[1] == moved.version


@pytest.mark.parametrize("fault", FAULTS)
def test_a_card_that_could_not_be_hung_is_hung_later_and_once(scene: Scene, fault: str) -> None:
    scene.fault(POST, **FAULTS[fault])
    request = scene.drawn()
    assert scene.cards() == []
    scene.looks_until(scene.cards)
    scene.posts.look()
    assert len(scene.cards()) == 1
    assert scene.now(request) == request


def test_when_slack_says_wait_nothing_is_sent_until_then(scene: Scene) -> None:
    scene.fault(POST, retry_after=1)
    scene.drawn()
    began, calls = time.monotonic(), scene.calls(POST)
    while time.monotonic() - began < 0.5:
        scene.posts.look()
    assert scene.calls(POST) == calls == 1
    scene.looks_until(scene.cards)
    assert time.monotonic() - began >= 0.9


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived"])
def test_a_channel_that_is_gone_is_not_asked_again_and_again(scene: Scene, error: str) -> None:
    scene.fault(POST, error=error)
    gone = scene.asked()
    other = scene.asked()
    for _ in range(4):
        scene.posts.look()
    assert [message["metadata"]["event_payload"]["request"] for message in scene.cards()] == [other.id]
    assert scene.calls(POST) == 2
    scene.anew().look()
    assert len(scene.cards()) == 2
    assert scene.now(gone) == gone


def test_one_card_that_slack_does_not_take_holds_no_other_up(scene: Scene) -> None:
    first, second = scene.drawn(), scene.drawn()
    scene.rejected(first)
    scene.rejected(second)
    scene.fault(UPDATE, error="fatal_error")
    scene.posts.look()
    shown = sorted("rejected" in str(message["blocks"]) for message in scene.cards())
    assert shown == [False, True]
    scene.looks_until(lambda: all("rejected" in str(message["blocks"]) for message in scene.cards()))


def test_a_slack_that_is_not_reached_changes_nothing(scene: Scene) -> None:
    request = scene.rejected(scene.drawn())
    nobody = scene.anew(WebClient("xoxb-test", base_url="http://127.0.0.1:9/api/", timeout=1))
    nobody.look()
    assert (scene.now(request), scene.card(request).told_end) == (request, False)
    scene.posts.look()
    assert (scene.shown()[1], len(scene.thread())) == (request.version, 1)


def test_a_card_that_lags_is_drawn_again_and_one_that_does_not_is_left(scene: Scene) -> None:
    request = scene.drawn()
    assert scene.calls(UPDATE) == 0
    with scene.store.transaction() as session:
        rows.hang(session, replace(scene.card(request), rendered_version=request.version - 1))
    scene.posts.look()
    assert scene.calls(UPDATE) == 0  # what is shown never gets older
    with scene.store.transaction() as session:
        rows.redraw(session, request.id)
    assert scene.card(request).rendered_version == 0
    scene.posts.look()
    scene.posts.look()
    assert (scene.calls(UPDATE), scene.card(request).rendered_version) == (1, request.version)


def test_what_has_no_card_is_not_drawn_again_by_asking_for_it(scene: Scene) -> None:
    request = scene.asked()
    with scene.store.transaction() as session:
        rows.redraw(session, request.id)
        assert rows.lagging(session) == [(request.id, None, False)]
        assert rows.card(session, request.id) is None


def test_a_card_is_edited_once_in_three_seconds(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "EDIT_EVERY", 60.0)
    request = scene.drawn()
    moved = scene.rejected(request)
    for _ in range(5):
        scene.posts.look()
    assert (scene.calls(UPDATE), len(scene.thread())) == (0, 1)
    monkeypatch.setattr(posting, "EDIT_EVERY", 0.5)
    scene.looks_until(lambda: scene.shown()[1] == moved.version)
    assert scene.calls(UPDATE) == 1


def test_what_is_approved_is_drawn_when_it_runs_or_when_nobody_runs_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "STARTS_WITHIN", 0.3)
    request = scene.drawn()
    scene.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    scene.posts.look()
    assert scene.calls(UPDATE) == 0
    scene.looks_until(lambda: scene.calls(UPDATE) == 1)
    assert "approved" in scene.shown()[0]


def test_the_end_is_told_once_in_the_thread_and_mentions_who_asked(scene: Scene) -> None:
    request = scene.rejected(scene.drawn())
    scene.fault(POST, error="internal_error")
    scene.posts.look()
    assert (scene.thread(), scene.card(request).told_end) == ([], False)
    scene.looks_until(scene.thread)
    scene.posts.look()
    scene.anew().look()
    (told,) = scene.thread()
    assert "<@U0ANA>" in told
    assert "not tonight" in told


def test_what_was_withdrawn_is_told_to_nobody(scene: Scene) -> None:
    request = scene.drawn()
    scene.gate.withdraw(actor("ana"), request.id)
    scene.posts.look()
    assert (scene.thread(), scene.card(request).told_end) == ([], True)
    assert "withdrawn" in scene.shown()[0]


BY_HAND = replace(a_plan(), onward=("/bin/true RUN",), back=("/bin/false",))


@pytest.fixture
def begun(scene: Scene, book: Book) -> Run:
    """A run of a plan that has commands for people."""
    request = scene.asked(BY_HAND)
    scene.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    (grant,) = grants(scene.gate)
    run = Journal(scene.store, book, scene.clock, "bot-1").begin(grant)
    assert isinstance(run, Run)
    return run


def test_before_the_first_effect_the_commands_for_people_stand_under_the_card(scene: Scene, begun: Run) -> None:
    scene.posts.announce(begun)
    (card,) = scene.cards()
    (told,) = [message for message in scene.hands.messages() if message["thread_ts"]]
    assert told["thread_ts"] == card["ts"]
    assert f"/bin/true {begun.id}" in told["text"]
    assert "/bin/false" in told["text"]


def test_a_slack_that_hangs_holds_a_run_up_for_a_moment_only(
    scene: Scene, begun: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "ANNOUNCE_WITHIN", 0.2)
    scene.fault(POST, delay=1.0)
    before = time.monotonic()
    scene.posts.announce(begun)
    assert time.monotonic() - before < 0.9
    eventually(lambda: len(scene.hands.messages()) == 2)


@pytest.mark.parametrize("fault", [*FAULTS.values(), {"error": "channel_not_found"}], ids=str)
def test_a_run_goes_on_whatever_slack_says(scene: Scene, book: Book, fault: Json) -> None:
    world = World(BY_HAND)
    request = scene.asked(BY_HAND)
    scene.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=TYPED)
    scene.fault("*", **fault, times=99)
    (grant,) = grants(scene.gate)
    Runner(Journal(scene.store, book, scene.clock, "bot-1"), world, announce=scene.posts.announce).start(grant)
    scene.posts.look()
    assert scene.now(request).state is State.SUCCEEDED
    assert scene.cards() == []
    scene.hands.act("faults")
    scene.anew().look()
    assert "done" in scene.shown()[0].lower() or "succeeded" in scene.shown()[0]


@pytest.fixture
def drawing(scene: Scene) -> Iterator[threading.Event]:
    """A bot that draws."""
    leaving = threading.Event()
    thread = threading.Thread(target=scene.posts.serve, args=(leaving,))
    thread.start()
    yield leaving
    leaving.set()
    thread.join(5)
    assert not thread.is_alive()


def test_a_bot_that_draws_goes_on_after_a_bug(
    scene: Scene, drawing: threading.Event, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a template is wrong")

    with caplog.at_level(logging.ERROR, "bot.posts"):
        with monkeypatch.context() as patch:
            patch.setattr(scene.posts, "_message", broken)
            request = scene.asked()
            eventually(lambda: "this is a bug" in caplog.text)
        assert scene.cards() == []
        eventually(scene.cards)
    assert not drawing.is_set()
    assert scene.now(request) == request
