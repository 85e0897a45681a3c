"""Who may ask, vote, stop, and whose approvals fill a rule's places: pure decisions over data."""

from collections.abc import Iterable, Sequence

from approvals.model import Request
from approvals.people import Person, Roster
from approvals.rule import Rule
from core.outcome import Refusal


def may_propose(person: Person, rule: Rule) -> Refusal | None:
    """Say whether a person may ask for this."""
    if rule.propose is not None and not person.groups & rule.propose:
        return _unsure(person, rule.propose) or Refusal(
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
            f"You asked for this, so your approval does not count: it needs somebody else from {any_of(rule.voters)}.",
            "You can withdraw it.",
        )
    if not person.groups & rule.voters:
        return _unsure(person, rule.voters) or Refusal(
            "NOT-YOURS-TO-APPROVE",
            f"This needs approval from {any_of(rule.voters)}, and {person.name} is not in it.",
            "Tell somebody who is.",
        )
    return None


def may_stop(person: Person, request: Request, rule: Rule) -> Refusal | None:
    """Say whether a person may stop a run: the requester and everybody who may approve."""
    if person.name == request.requester or person.groups & rule.voters:
        return None
    return _unsure(person, rule.voters) or Refusal(
        "NOT-YOURS-TO-STOP",
        f"Stopping this is for {request.requester} and {any_of(rule.voters)}.",
        "Tell one of them, now.",
    )


def counted(request: Request, rule: Rule, roster: Roster) -> tuple[str, ...]:
    """List whose approvals count right now: distinct people, still in the roster, still eligible, not the requester."""
    names = {vote.person for vote in request.votes if vote.approves}
    people = [roster.named(name) for name in sorted(names)]
    return tuple(person.name for person in people if person and may_vote(person, request, rule) is None)


def open_places(request: Request, rule: Rule, roster: Roster) -> tuple[frozenset[str], ...]:
    """List the places that are not filled yet; empty is the quorum. One person fills one place, whatever groups."""
    people = [person for name in counted(request, rule, roster) if (person := roster.named(name))]
    return _unfilled(rule.places, people)


def enough_people(rule: Rule, requester: str, roster: Roster) -> Refusal | None:
    """Say whether a quorum can be reached at all, before anybody waits for it."""
    able = [person for person in roster.in_groups(rule.voters) if person.name != requester]
    left = _unfilled(rule.places, able)
    if not left:
        return None
    return Refusal(
        "NOBODY-CAN-APPROVE",
        f"This needs {wanted(rule.places)} besides you, and the roster has nobody for {wanted(left)}.",
        "Add people to the roster in the configuration.",
    )


def unchecked(request: Request, rule: Rule, roster: Roster) -> Refusal | None:
    """Say whether somebody's right to approve can't be told right now, which is no reason to lose their word."""
    people = [person for vote in request.votes if vote.approves and (person := roster.named(vote.person))]
    unsure = (_unsure(person, rule.voters) for person in people if not person.groups & rule.voters)
    return next(filter(None, unsure), None)


def any_of(groups: Iterable[str]) -> str:
    """Name groups of which one person is enough."""
    return " or ".join(sorted(groups)) or "nobody (no group is named in the policy)"


def wanted(places: Sequence[frozenset[str]]) -> str:
    """Say from whom approvals are wanted: "1 approval from dba and 2 approvals from web or ops"."""
    counts: dict[str, int] = {}
    for place in places:
        counts[any_of(place)] = counts.get(any_of(place), 0) + 1
    return " and ".join(
        f"{count} {'approval' if count == 1 else 'approvals'} from {groups}" for groups, count in counts.items()
    )


def _unsure(person: Person, groups: frozenset[str]) -> Refusal | None:
    if not person.unsure & groups:
        return None
    return Refusal(
        "GROUP-UNKNOWN",
        f"Slack does not say right now who is in {any_of(person.unsure & groups)}.",
        "Try again in a minute.",
    )


def _unfilled(places: Sequence[frozenset[str]], people: Sequence[Person]) -> tuple[frozenset[str], ...]:
    """Seat people at places so that as many as possible are filled (Kuhn's augmenting paths), and give the rest."""
    seated: dict[int, int] = {}  # person → place

    def seat(place: int, asked: set[int]) -> bool:
        for n, person in enumerate(people):
            if n in asked or not person.groups & places[place]:
                continue
            asked.add(n)
            if n not in seated or seat(seated[n], asked):
                seated[n] = place
                return True
        return False

    return tuple(groups for place, groups in enumerate(places) if not seat(place, set()))
