"""The rules in force with Slack's groups filled in: only people of the roster, and nobody when Slack is silent."""

from dataclasses import dataclass, field, replace

import pytest
from slack_sdk import WebClient

from approvals.eligible import may_vote
from approvals.gate import Gate
from approvals.model import Request, State, Verdict
from approvals.moves import Actor
from approvals.people import Person, Roster
from approvals.policy import Policy
from approvals.rules import Rules
from audit.store import Store
from bot.feeding import Fed
from bot.usergroups import ASK_AFTER, FRESH, UserGroups
from core.outcome import Refusal
from core.plan import Risk
from tests.fixtures.house import PEOPLE, RULES, TYPED, StandingClock, a_plan, clock, person, store
from tests.fixtures.slack_hands import Hands

__all__ = ["clock", "store"]
pytest_plugins = ["tests.fixtures.slack_standin"]

ANA, BEN, CY = (f"T0SITE/U0{name}" for name in ("ANA", "BEN", "CY"))
STRANGER = "T0SITE/U0EVE"


@dataclass
class Told:
    """What Slack says of groups: nothing of those that are not here."""

    groups: dict[str, frozenset[str]] = field(default_factory=dict)

    def members(self, group: str) -> frozenset[str] | None:
        return self.groups.get(group)


def fed(told: Told, feeds: tuple[str, ...] = ("web",), **people: Person) -> Rules:
    roster = Roster({**PEOPLE, **people})
    rules = Rules(roster, Policy(RULES), {group: f"T0SITE/S0{group.upper()}" for group in feeds})
    return Fed(lambda: rules, told)()


def groups(rules: Rules) -> dict[str, set[str]]:
    return {name: set(one.groups) for name, one in rules.roster.people.items()}


def test_who_is_in_the_group_in_slack_is_in_it_here() -> None:
    came = fed(Told({"web": frozenset({ANA, CY})}))
    assert groups(came) == {"ana": {"dba", "web"}, "ben": {"dba"}, "dan": {"dba"}, "cy": {"web"}}
    assert all(not one.unsure for one in came.roster.people.values())
    assert came.feeds == {"web": "T0SITE/S0WEB"}


def test_any_account_of_a_person_counts_and_they_still_are_one() -> None:
    two = Person("eve", frozenset({"T0AWAY/U0AAA", STRANGER}))
    assert groups(fed(Told({"web": frozenset({STRANGER})}), eve=two))["eve"] == {"web"}


def test_who_is_not_in_the_roster_is_never_in_it() -> None:
    came = fed(Told({"web": frozenset({STRANGER, "T0AWAY/U0ANA"})}))
    assert set(came.roster.people) == set(PEOPLE)
    assert came.roster.in_groups(frozenset({"web"})) == ()


def test_a_person_without_an_account_is_in_no_group_of_slack_s() -> None:
    assert groups(fed(Told({"web": frozenset({ANA})}), eve=Person("eve", groups=frozenset({"web"}))))["eve"] == set()


def test_who_was_taken_out_in_slack_is_out_even_if_the_file_names_the_group() -> None:
    came = fed(Told({"dba": frozenset({BEN})}), feeds=("dba",))
    assert groups(came) == {"ana": set(), "ben": {"dba"}, "dan": set(), "cy": set()}


def test_an_empty_group_is_known_to_be_empty() -> None:
    came = fed(Told({"dba": frozenset()}), feeds=("dba",))
    assert came.roster.in_groups(frozenset({"dba"})) == ()
    assert all(not one.unsure for one in came.roster.people.values())


def test_while_slack_does_not_say_nobody_is_in_it_and_everybody_might_be() -> None:
    came = fed(Told(), feeds=("dba",))
    assert came.roster.in_groups(frozenset({"dba"})) == ()
    assert {one.unsure for one in came.roster.people.values()} == {frozenset({"dba"})}


def test_one_silent_group_takes_nothing_from_another() -> None:
    came = fed(Told({"web": frozenset({ANA})}), feeds=("dba", "web"))
    assert groups(came)["ana"] == {"web"}
    assert came.roster.people["ana"].unsure == {"dba"}


def test_groups_that_nobody_feeds_stay_as_the_file_has_them() -> None:
    assert groups(fed(Told({"dba": frozenset()}), feeds=())) == {name: set(one.groups) for name, one in PEOPLE.items()}


@dataclass
class Watch:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Scene:
    """A gate whose dba are fed by a stand-in; the file names nobody else."""

    store: Store
    clock: StandingClock
    client: WebClient
    hands: Hands
    watch: Watch = field(default_factory=Watch)

    def __post_init__(self) -> None:
        rule = replace(RULES[Risk.DESTRUCTIVE], propose=None)
        people = {name: person(name) for name in ("ana", "ben", "cy")}
        rules = Rules(Roster(people), Policy({**RULES, Risk.DESTRUCTIVE: rule}), {"dba": "T0SITE/S0DBA"})
        self.groups = UserGroups(self.client, rules.feeds, self.watch)
        self.gate = Gate(self.store, Fed(lambda: rules, self.groups), self.clock)

    def said(self, *users: str) -> None:
        """Change the group in Slack, and let the bot hear of it."""
        self.hands.act("usergroups", id="S0DBA", users=list(users))
        self.watch.at += ASK_AFTER
        self.groups.refresh()

    def actor(self, name: str) -> Actor:
        """Somebody as they are known at this moment."""
        return Actor(self.gate.rules().roster.people[name], f"T0SITE/U0{name.upper()}")

    def asked(self) -> str:
        made = self.gate.open(self.actor("cy"), a_plan(), origin="t", channel="ops")
        assert isinstance(made, Request), made
        return made.id

    def approves(self, name: str, request: str) -> str:
        came = self.gate.vote(self.actor(name), request, Verdict.APPROVE, typed=TYPED)
        return came.code if isinstance(came, Refusal) else came.state.value


@pytest.fixture
def scene(store: Store, clock: StandingClock, client: WebClient, hands: Hands) -> Scene:
    return Scene(store, clock, client, hands)


def test_an_approval_counts_by_who_is_in_slack_s_group_at_that_moment(scene: Scene) -> None:
    scene.said("ben")
    request = scene.asked()
    scene.said("ana")
    assert scene.approves("ben", request) == "NOT-YOURS-TO-APPROVE"
    scene.said("ana", "ben")
    assert scene.approves("ben", request) == State.APPROVED


def test_when_slack_has_been_silent_for_a_minute_an_approval_is_asked_for_again_and_not_refused(scene: Scene) -> None:
    scene.said("ben")
    request = scene.asked()
    scene.hands.act("faults", method="usergroups.users.list", status=503, times=99)
    scene.watch.at += FRESH
    scene.groups.refresh()
    scene.watch.at += 1
    assert scene.approves("ben", request) == "GROUP-UNKNOWN"
    found = scene.gate.find(request)
    rule = scene.gate.rule(a_plan())
    assert found is not None
    assert not isinstance(rule, Refusal)
    own = may_vote(PEOPLE["cy"], found, rule)
    assert own is not None
    assert own.code == "OWN-REQUEST"
    scene.hands.act("faults")
    scene.said("ben")
    assert scene.approves("ben", request) == State.APPROVED
