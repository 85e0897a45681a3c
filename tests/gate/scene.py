"""A gate over any store, with people, time and a world of steps that are only counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import text

from approvals.debts.ledger import Reviews
from approvals.ending import Ending
from approvals.gate import Gate
from approvals.holds.book import Holds
from approvals.lease import Book
from approvals.model import Request, State, Verdict, Wish
from approvals.moves import Actor
from approvals.people import Person, Roster
from approvals.policy import Policy
from approvals.rule import Rule
from approvals.rules import Rules
from audit.store import Store
from core.errors import SeconderError
from core.grant import Grant
from core.outcome import Refusal
from core.plan import Plan, Risk
from runs.journal import Journal
from runs.runner import Runner
from tests.fixtures.house import DBA, RULES, TYPED, StandingClock, a_plan, person
from tests.runs.test_runner import World

WEB = frozenset({"web"})
PEOPLE: Mapping[str, Person] = {
    "ana": replace(person("ana", "dba"), accounts=frozenset({"T0SITE/U0ANA", "T0OTHER/U9ANA"})),
    "ben": person("ben", "dba", "web"),
    "dan": person("dan", "dba"),
    "eva": person("eva", "web"),
    "cy": person("cy"),
}


@dataclass
class Scene:
    """What a test of the gate acts on. ``people`` and ``rule`` may change in the middle."""

    store: Store
    clock: StandingClock = field(default_factory=StandingClock)
    people: Mapping[str, Person] = field(default_factory=lambda: dict(PEOPLE))
    rule: Rule = RULES[Risk.DESTRUCTIVE]
    world: World = field(default_factory=World)

    def rules(self) -> Rules:
        return Rules(Roster(self.people), Policy({**RULES, Risk.DESTRUCTIVE: self.rule}))

    @property
    def gate(self) -> Gate:
        return Gate(self.store, self.rules, self.clock)

    @property
    def ending(self) -> Ending:
        return Ending(self.store, self.rules, self.clock)

    @property
    def holds(self) -> Holds:
        return Holds(self.store, self.clock)

    @property
    def reviews(self) -> Reviews:
        return Reviews(self.store, self.rules, self.clock)

    @property
    def book(self) -> Book:
        return Book(self.rules, self.clock)

    def runner(self, owner: str = "bot-1") -> Runner:
        return Runner(Journal(self.store, self.book, self.clock, owner), self.world)

    def actor(self, name: str, account: str = "") -> Actor:
        return Actor(self.people[name], account or min(self.people[name].accounts, default=f"login:{name}"))

    def asks(self, name: str = "ana", plan: Plan | None = None, wish: Wish | None = None) -> Request | Refusal:
        return self.gate.open(self.actor(name), plan or self.world.plan, origin="test", channel="ops", wish=wish)

    def asked(self, name: str = "ana", plan: Plan | None = None, wish: Wish | None = None) -> str:
        made = self.asks(name, plan, wish)
        assert isinstance(made, Request), made
        return made.id

    def approves(self, name: str, request: str, account: str = "") -> Request | Refusal:
        return told(lambda: self.gate.vote(self.actor(name, account), request, Verdict.APPROVE, typed=TYPED))

    def rejects(self, name: str, request: str, reason: str = "no") -> Request | Refusal:
        return told(lambda: self.gate.vote(self.actor(name), request, Verdict.REJECT, reason))

    def state(self, request: str) -> State:
        found = self.gate.find(request)
        assert found is not None
        return found.state

    def redeem(self, grant: Grant) -> Request | Refusal:
        with self.store.transaction() as session:
            return self.book.redeem(session, grant)

    def record(self, request: str = "") -> list[tuple[str, str, str]]:
        """What the record says, of one request or of all: action, outcome, actor."""
        query = "SELECT action, outcome, actor FROM audit_event WHERE request = :id OR :id = '' ORDER BY seq"
        with self.store.reading() as session:
            found = session.connection().execute(text(query), {"id": request}).all()
        return [(str(action), str(outcome), str(actor)) for action, outcome, actor in found]


def told(work: Callable[[], Request | Refusal]) -> Request | Refusal:
    """What a person is told: an error of ours is a "no" as well."""
    try:
        return work()
    except SeconderError as error:
        return Refusal(error.code, error.message, error.hint)


def code(came: object) -> str:
    assert isinstance(came, Refusal), came
    return came.code


def strict(**changes: object) -> Rule:
    """The rule for what is destructive, with something else in it."""
    return replace(RULES[Risk.DESTRUCTIVE], **changes)  # type: ignore[arg-type]


__all__ = ["DBA", "PEOPLE", "WEB", "Scene", "a_plan", "code", "strict", "told"]
