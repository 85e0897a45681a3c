"""What must be agreed to by whom: pure decisions over data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from approvals.model import Request
from approvals.people import Person, Roster
from core.canonical import canonical, sha256
from core.outcome import Refusal
from core.plan import Risk


@dataclass(frozen=True)
class Override:
    """What a stricter rule says on top of another; None leaves it as it is."""

    approvals: int | None = None
    groups: frozenset[str] | None = None
    propose: frozenset[str] | None = None
    expires: int | None = None


@dataclass(frozen=True)
class Rule:
    """How many people besides the requester must agree, from which groups, who may ask, and for how long (seconds).

    ``propose`` None: everybody in the roster may ask. ``groups`` empty: nobody can approve.
    """

    approvals: int
    groups: frozenset[str]
    propose: frozenset[str] | None
    expires: int

    @property
    def rule_hash(self) -> str:
        """Give the hash that a request keeps, so that a changed policy makes it outdated."""
        return sha256(canonical(asdict(self)))

    def stricter(self, top: Override) -> "Rule":
        """Put an override on top: it can tighten, never loosen."""
        propose = self.propose
        if top.propose is not None:
            propose = top.propose if propose is None else propose & top.propose
        return Rule(
            approvals=max(self.approvals, top.approvals or 0),
            groups=self.groups if top.groups is None else self.groups & top.groups,
            propose=propose,
            expires=self.expires if top.expires is None else min(self.expires, top.expires),
        )


@dataclass(frozen=True)
class Policy:
    """The rules: by risk, made stricter by action and by cluster and risk."""

    by_risk: Mapping[Risk, Rule] = field(default_factory=dict)
    by_action: Mapping[str, Override] = field(default_factory=dict)
    by_cluster: Mapping[tuple[str, Risk], Override] = field(default_factory=dict)

    def rule(self, risk: Risk, action: str, cluster: str) -> Rule | Refusal:
        """Give the rule for one request; no rule for a risk means refused, never free."""
        rule = self.by_risk.get(risk)
        if rule is None:
            return Refusal(
                "POLICY-NONE",
                f"No policy says who may run a {risk.value} action.",
                f"Add [policy.{risk.value}] to the configuration.",
            )
        for extra in (self.by_action.get(action), self.by_cluster.get((cluster, risk))):
            if extra is not None:
                rule = rule.stricter(extra)
        return rule


def may_propose(person: Person, rule: Rule) -> Refusal | None:
    """Say whether a person may ask for this."""
    if rule.propose is not None and not person.groups & rule.propose:
        return Refusal(
            "NOT-YOURS-TO-ASK",
            f"{person.name} may not ask for this: it takes somebody from {any_of(rule.propose)}.",
            "Ask one of them to ask for it.",
        )
    return None


def may_vote(person: Person, request: Request, rule: Rule) -> Refusal | None:
    """Say whether a person's vote counts on a request. The requester's never does."""
    if person.name == request.requester:
        return Refusal(
            "OWN-REQUEST",
            f"You asked for this, so your approval does not count: it needs somebody else from {any_of(rule.groups)}.",
            "You can withdraw it.",
        )
    if not person.groups & rule.groups:
        return Refusal(
            "NOT-YOURS-TO-APPROVE",
            f"This needs approval from {any_of(rule.groups)}, and {person.name} is not in it.",
            "Tell somebody who is.",
        )
    return None


def may_stop(person: Person, request: Request, rule: Rule) -> Refusal | None:
    """Say whether a person may stop a run: the requester and everybody who may approve."""
    if person.name == request.requester or person.groups & rule.groups:
        return None
    return Refusal(
        "NOT-YOURS-TO-STOP",
        f"Stopping this is for {request.requester} and {any_of(rule.groups)}.",
        "Tell one of them, now.",
    )


def counted(request: Request, rule: Rule, roster: Roster) -> tuple[str, ...]:
    """List whose approvals count right now: distinct people, still in the roster, still eligible, not the requester."""
    names = {vote.person for vote in request.votes if vote.approves}
    people = [roster.named(name) for name in sorted(names)]
    return tuple(person.name for person in people if person and may_vote(person, request, rule) is None)


def enough_people(rule: Rule, requester: str, roster: Roster) -> Refusal | None:
    """Say whether a quorum can be reached at all, before anybody waits for it."""
    able = [person for person in roster.in_groups(rule.groups) if person.name != requester]
    if len(able) >= rule.approvals:
        return None
    return Refusal(
        "NOBODY-CAN-APPROVE",
        f"This needs {rule.approvals} approval(s) from {any_of(rule.groups)} besides yours, "
        f"and the roster has {len(able)} such people.",
        "Add people to the roster in the configuration.",
    )


def any_of(groups: frozenset[str]) -> str:
    """Name groups of which one person is enough."""
    return " or ".join(sorted(groups)) or "nobody (no group is named in the policy)"
