"""What can be said about the bot itself: hold, lift, rules, review."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from approvals.debts.store import DebtRow
from approvals.model import Request, State, Wish
from audit import store as audit_rows
from bot.settings import load_settings
from bot.verbs import Held, renewed
from bot.wiring import House
from bot.words import Unclear
from core.facts import Fact
from core.outcome import Refusal
from core.plan import Kind, Plan, Risk, Step
from runs.model import Run
from tests.fixtures.small import actor_of, hold_files, small_house, written


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def house(home: Path) -> Iterator[House]:
    opened = small_house(home)
    yield opened
    opened.close()


def said(house: House, who: str, text: str) -> Held | Request | Refusal:
    return house.verbs.run(actor_of(house, who), text, "slack:T0SITE")


def code(came: object) -> str:
    assert isinstance(came, Refusal), came
    return came.code


def unclear(house: House, text: str, who: str = "ana") -> Unclear:
    with pytest.raises(Unclear) as caught:
        said(house, who, text)
    return caught.value


def last(house: House) -> tuple[str, str, str, str]:
    """The newest line of the record: action, outcome, actor, code."""
    with house.store.reading() as session:
        (row,) = audit_rows.tail(session, 1)
    return row.action, row.outcome, row.actor, str(json.loads(row.body)["detail"].get("code", ""))


def emergency(house: House) -> Request:
    """Have ana run something alone that touches nothing."""
    step = Step("first", {}, "do first", Kind.IDEMPOTENT, 5.0)
    plan = Plan("promote", 1, "main", "db2", "Switch", Risk.DESTRUCTIVE, {}, (Fact("a", "b", 1),), (step,))
    wish = Wish("the disk dies", emergency=True)
    made = house.road.ask(actor_of(house, "ana"), plan, wish, origin="t", channel="ops")
    assert isinstance(made, Request), made
    return made


def test_everybody_in_the_roster_may_hold_and_the_nodes_are_told(house: House, home: Path) -> None:
    came = said(house, "cy", "hold main storage is moved")
    assert isinstance(came, Held)
    assert (came.hold.scope, came.hold.person, came.hold.reason, came.missing) == ("main", "cy", "storage is moved", ())
    assert hold_files(home) == dict.fromkeys(("db1", "db2"), "storage is moved (cy)\n")
    assert last(house) == ("config.changed", "success", "cy", "")


def test_all_is_every_cluster(house: House, home: Path) -> None:
    assert isinstance(said(house, "ben", 'hold all "the rack burns"'), Held)
    assert set(hold_files(home)) == {"db1", "db2", "mx1"}
    assert [hold.scope for hold in house.holds.standing()] == ["all"]


def test_the_reason_may_be_said_as_a_wish(house: House) -> None:
    came = said(house, "cy", 'hold main --reason "storage is moved"')
    assert isinstance(came, Held)
    assert came.hold.reason == "storage is moved"


@pytest.mark.parametrize("wish", ["--at +2h", "--emergency now"])
@pytest.mark.parametrize("verb", ["hold main storage", "review r-1 fine"])
def test_what_is_for_now_takes_no_wish_that_it_would_not_keep(house: House, home: Path, verb: str, wish: str) -> None:
    error = unclear(house, f"{verb} {wish}")
    assert "is for now" in error.message
    assert error.nearest == verb
    assert (house.holds.standing(), hold_files(home)) == ([], {})


@pytest.mark.parametrize(
    ("text", "message", "nearest"),
    [
        ("hold", "hold wants two things", 'hold main "why"'),
        ("hold main", "hold wants two things", 'hold main "why"'),
        ("hold mian storage", "There is no cluster “mian”", "hold main storage"),
        ("lift", "lift wants one word", "lift main"),
        ("lift main mail", "lift wants one word", "lift main"),
        ("lift mian", "There is no cluster “mian”", "lift main"),
        ("lift MAIL", "There is no cluster “MAIL”", "lift mail"),
        ("rules now", "rules takes no more words", "rules"),
        ("review", "review wants the request's id", "review ID"),
        ("review r-1", "Was it fine or not-fine?", "review r-1 fine"),
        ("review r-1 good", "Was it fine or not-fine?", "review r-1 fine"),
        ('hold main "storage', "A quote is opened", "hold main storage"),
    ],
)
def test_what_is_not_understood_changes_nothing_and_is_recorded(
    house: House, home: Path, text: str, message: str, nearest: str
) -> None:
    error = unclear(house, text)
    assert message in error.message
    assert error.nearest == nearest
    assert last(house) == ("input.refused", "denied", "ana", "INPUT")
    assert (house.holds.standing(), hold_files(home), house.gate.listed()) == ([], {}, [])


def test_review_names_what_is_owed(house: House) -> None:
    request = emergency(house)
    assert unclear(house, "review", "ben").nearest == f"review {request.id}"


def test_a_hold_without_a_reason_and_a_second_one_are_refused_and_recorded(house: House) -> None:
    assert code(said(house, "cy", 'hold main " "')) == "HOLD-REASON"
    assert last(house) == ("input.refused", "denied", "cy", "HOLD-REASON")
    assert isinstance(said(house, "cy", "hold main storage"), Held)
    assert code(said(house, "ben", "hold main me too")) == "HELD"
    assert last(house) == ("input.refused", "denied", "ben", "HELD")


def test_where_the_file_can_not_be_laid_it_is_said_and_the_hold_stands(house: House, home: Path) -> None:
    (home / "db2").write_text("where the folder should be")
    came = said(house, "cy", "hold main storage")
    assert isinstance(came, Held)
    (missing,) = came.missing
    assert missing.startswith("main/db2: ")
    assert set(hold_files(home)) == {"db1"}
    assert len(house.holds.standing("main")) == 1


def test_what_runs_goes_on_so_its_nodes_get_no_file(house: House, home: Path) -> None:
    request = emergency(house)
    (grant,) = house.ending.claimable()
    assert isinstance(house.journal.begin(grant), Run)
    came = said(house, "cy", "hold all the rack burns")
    assert isinstance(came, Held)
    (missing,) = came.missing
    assert missing.startswith("main: ")
    assert "runs there and goes on" in missing
    assert request.id in missing
    assert set(hold_files(home)) == {"mx1"}


def test_lifting_is_asked_for_and_is_nobody_s_own_word(house: House, home: Path) -> None:
    said(house, "cy", "hold main storage")
    request = said(house, "ana", 'lift main --reason "it is moved"')
    assert isinstance(request, Request)
    assert (request.state, request.needed, request.channel, request.wish.reason) == (
        State.OPEN,
        1,
        "ops",
        "it is moved",
    )
    assert renewed(request) == "lift main"
    assert set(hold_files(home)) == {"db1", "db2"}
    assert code(said(house, "cy", "lift main")) == "NOT-YOURS-TO-ASK"
    assert last(house) == ("auth.denied", "denied", "cy", "NOT-YOURS-TO-ASK")
    assert code(said(house, "ana", 'lift main --emergency "at once"')) == "EMERGENCY-NO"
    assert last(house) == ("auth.denied", "denied", "ana", "EMERGENCY-NO")


def test_nothing_to_lift_and_nothing_to_loosen_is_said_and_recorded(house: House) -> None:
    assert code(said(house, "ana", "lift all")) == "HOLD-NONE"
    assert last(house) == ("input.refused", "denied", "ana", "HOLD-NONE")
    assert code(said(house, "ana", "RULES")) == "RULES-NONE"
    assert last(house) == ("input.refused", "denied", "ana", "RULES-NONE")


def test_looser_rules_are_asked_for_under_the_old_ones(house: House, home: Path) -> None:
    house.configuration.offer(load_settings(written(home, {"cy": ("dba",)})).body)
    assert code(said(house, "cy", "rules")) == "NOT-YOURS-TO-ASK"
    request = said(house, "ana", "rules --at +2h")
    assert isinstance(request, Request)
    assert request.wish.start_at is not None
    assert (request.plan.target, request.channel, renewed(request)) == ("rules", "ops", "rules")


@pytest.mark.parametrize(
    ("words", "fine", "note"), [("fine", True, ""), ("not-fine call me first", False, "call me first")]
)
def test_somebody_else_looks_at_what_was_run_alone(house: House, words: str, *, fine: bool, note: str) -> None:
    request = emergency(house)
    assert code(said(house, "ana", f"review {request.id} {words}")) == "OWN-REQUEST"
    assert code(said(house, "ben", f"review {request.id} not-fine")) == "REVIEW-NOTE"
    came = said(house, "ben", f"review {request.id} {words}")
    assert isinstance(came, Request)
    debt = house.reviews.of(request.id)
    assert debt is not None
    assert (debt.reviewed_by, debt.fine, debt.note) == ("ben", fine, note)


def test_a_note_may_be_said_as_a_wish(house: House) -> None:
    request = emergency(house)
    said(house, "ben", f'review {request.id} not-fine --reason "call me first"')
    with house.store.reading() as session:
        row = session.get(DebtRow, request.id)
    assert row is not None
    assert row.note == "call me first"
