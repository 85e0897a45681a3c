"""What the bot does to itself, through the same gate: a hold is lifted, looser rules are put in force."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from approvals.holds.book import Hold
from approvals.inforce.book import Change
from approvals.model import Request, State, Typed, Verdict, Wish
from bot.chores import RULES, VERSIONS
from bot.settings import load_settings
from bot.wiring import House
from core.errors import StepFailed
from core.outcome import Probe, Refusal
from core.plan import Kind, Plan, Risk, Step
from core.step import StepContext
from fleet import hold as files
from runs.runner import Runner
from tests.fixtures.small import actor_of, hold_files, small_house, written

CONTEXT = StepContext("r-1", "run-1", 1, 1, 60.0, {}, lambda _done, _total, _note: None, lambda: False)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = small_house(tmp_path / "home")
    yield opened
    opened.close()


def held(house: House, scope: str, reason: str = "storage is moved") -> Hold:
    """Set a hold, with its files on the nodes."""
    made = house.holds.put(actor_of(house, "cy"), scope, reason)
    assert isinstance(made, Hold)
    for name in house.sites.clusters if scope == "all" else [scope]:
        assert files.lay(house.sites.of(name), reason) == {}
    return made


def planned(house: House, action: str, **asked: object) -> Plan:
    plan = house.verbs.chores.plan(action, asked)
    assert isinstance(plan, Plan), plan
    return plan


def approved(house: House, plan: Plan) -> Request:
    """Ask as ana, approve as ben."""
    made = house.road.ask(actor_of(house, "ana"), plan, Wish(), origin="test", channel="ops")
    assert isinstance(made, Request), made
    came = house.gate.vote(actor_of(house, "ben"), made.id, Verdict.APPROVE, typed=Typed(plan.target))
    assert isinstance(came, Request), came
    return came


def run(house: House) -> None:
    (grant,) = house.ending.claimable()
    house.runner.start(grant)


def now(house: House, request: Request) -> Request:
    found = house.gate.find(request.id)
    assert found is not None
    return found


def offered(house: House, **change: tuple[str, ...]) -> Change | None:
    """Change the file, and offer it as a bot does that starts."""
    return house.configuration.offer(load_settings(written(house.settings.path.parent, change)).body)


def test_lifting_a_hold_takes_its_files_away_and_lets_things_start_again(house: House, tmp_path: Path) -> None:
    held(house, "main")
    assert set(hold_files(tmp_path / "home")) == {"db1", "db2"}
    request = approved(house, planned(house, "lift", scope="main"))
    run(house)
    assert now(house, request).state is State.SUCCEEDED
    assert (house.holds.standing(), hold_files(tmp_path / "home")) == ([], {})


def test_a_lift_is_destructive_and_shows_who_holds_and_why(house: House) -> None:
    held(house, "main")
    plan = planned(house, "lift", scope="main")
    assert (plan.risk, plan.target, plan.version) == (Risk.DESTRUCTIVE, "main", VERSIONS["lift"])
    assert "on hold by cy since " in plan.costs[0]
    assert plan.costs[0].endswith(": storage is moved")
    assert {fact.budget for fact in plan.facts} == {None}


def test_another_hold_in_the_meantime_is_another_plan(house: House, tmp_path: Path) -> None:
    first = held(house, "main")
    request = approved(house, planned(house, "lift", scope="main"))
    house.holds.lift(first.id, by="r-other")
    held(house, "main", "the rack burns")
    run(house)
    assert now(house, request).state is State.OUTDATED
    assert [hold.reason for hold in house.holds.standing("main")] == ["the rack burns"]
    assert set(hold_files(tmp_path / "home")) == {"db1", "db2"}


def test_what_was_lifted_in_the_meantime_is_not_lifted_again(house: House) -> None:
    first = held(house, "main")
    request = approved(house, planned(house, "lift", scope="main"))
    house.holds.lift(first.id, by="r-other")
    run(house)
    assert now(house, request).state.ended
    assert now(house, request).state is not State.SUCCEEDED


def test_nothing_is_lifted_where_nothing_is_held(house: House) -> None:
    held(house, "mail")
    refused = house.verbs.chores.plan("lift", {"scope": "main"})
    assert isinstance(refused, Refusal)
    assert refused.code == "HOLD-NONE"


@pytest.mark.parametrize(
    ("holds", "lifted", "left"),
    [
        (["all"], "all", set()),
        (["all", "main"], "all", {"db1", "db2"}),
        (["all", "main"], "main", {"db1", "db2", "mx1"}),
        (["main", "mail"], "main", {"mx1"}),
        (["all", "main", "mail"], "all", {"db1", "db2", "mx1"}),
    ],
)
def test_a_node_that_another_hold_holds_keeps_its_file(
    house: House, tmp_path: Path, holds: list[str], lifted: str, left: set[str]
) -> None:
    for scope in holds:
        held(house, scope)
    approved(house, planned(house, "lift", scope=lifted))
    run(house)
    assert {hold.scope for hold in house.holds.standing()} == set(holds) - {lifted}
    assert set(hold_files(tmp_path / "home")) == left


def test_a_node_that_can_not_be_reached_is_named_and_the_hold_is_lifted_all_the_same(
    house: House, tmp_path: Path
) -> None:
    held(house, "main")
    plan = planned(house, "lift", scope="main")
    jobs = tmp_path / "home" / "db1" / "jobs"
    (jobs / "hold").unlink()
    (jobs / "hold" / "folder").mkdir(parents=True)  # rm takes no folder away
    said = house.verbs.chores.do(plan, plan.steps[0], CONTEXT)
    assert said.text.startswith("db1: ")
    assert said.text.endswith(". Remove it there by hand.")
    assert set(hold_files_of(tmp_path)) == {"db1"}
    assert house.verbs.chores.do(plan, plan.steps[1], CONTEXT).text == "lifted"
    assert house.verbs.chores.do(plan, plan.steps[1], CONTEXT).text == "was lifted already"


def hold_files_of(tmp_path: Path) -> list[str]:
    return [path.parents[1].name for path in (tmp_path / "home").glob("*/jobs/hold")]


def test_looser_rules_are_put_in_force_by_two(house: House) -> None:
    change = offered(house, cy=("dba",))
    assert change is not None
    assert change.waits
    plan = planned(house, RULES)
    assert (plan.target, plan.title) == (RULES, "Loosen the rules: 1 change")
    assert plan.costs == ("cy gets the group dba",)
    request = approved(house, plan)
    assert actor_of(house, "cy").person.groups == frozenset()
    run(house)
    assert now(house, request).state is State.SUCCEEDED
    assert actor_of(house, "cy").person.groups == {"dba"}
    refused = house.verbs.chores.plan(RULES, {})
    assert isinstance(refused, Refusal)
    assert refused.code == "RULES-NONE"


def test_consent_to_one_configuration_does_not_put_the_next_in_force(house: House) -> None:
    offered(house, cy=("dba",))
    request = approved(house, planned(house, RULES))
    offered(house, cy=("dba",), eve=("dba",))
    run(house)
    found = now(house, request)
    assert found.state is State.OUTDATED
    assert actor_of(house, "cy").person.groups == frozenset()
    assert house.configuration.waiting() is not None


def test_a_configuration_that_comes_in_the_last_moment_is_not_the_one_that_is_adopted(house: House) -> None:
    offered(house, cy=("dba",))
    plan = planned(house, RULES)
    offered(house, eve=("dba",))
    with pytest.raises(StepFailed, match="changed in the meantime"):
        house.verbs.chores.do(plan, plan.steps[0], CONTEXT)
    assert house.gate.rules().roster.named("eve") is None


def test_a_step_that_a_dead_bot_left_is_done_again(house: House) -> None:
    held(house, "main")
    request = approved(house, planned(house, "lift", scope="main"))
    leaving = threading.Event()
    leaving.set()
    (grant,) = house.ending.claimable()
    left = Runner(house.journal, house.runner.carrier, leaving).start(grant)
    assert not isinstance(left, Refusal)
    assert now(house, request).state is State.RUNNING
    house.runner.take_up(left)
    assert now(house, request).state is State.SUCCEEDED
    assert house.holds.standing() == []


def test_nobody_s_step_is_carried_out(house: House) -> None:
    held(house, "main")
    plan = planned(house, "lift", scope="main")
    other = Step("drop", {}, "drop it", Kind.IDEMPOTENT, 5.0)
    with pytest.raises(StepFailed, match="lift has no step drop"):
        house.verbs.chores.do(plan, other, CONTEXT)
    assert {house.verbs.chores.probe(plan, step, CONTEXT) for step in plan.steps} == {Probe.NOT_DONE}
    assert house.verbs.chores.version("promote") is None
    assert replace(plan, costs=()).plan_hash == plan.plan_hash
