"""Whom a message mentions, and by which of their accounts."""

from approvals.eligible import may_vote
from approvals.model import Request
from approvals.people import Person, Roster
from approvals.rule import Rule
from bot.texts import Markup

_SLACK = "slack:"


def can_act(request: Request, rule: Rule, roster: Roster) -> list[Person]:
    """List who may vote on a request and has not, by name."""
    voted = {vote.person for vote in request.votes}
    people = sorted(roster.people.values(), key=lambda person: person.name)
    return [person for person in people if person.name not in voted and may_vote(person, request, rule) is None]


def mention(person: Person, origin: str) -> str:
    """Mention somebody by their account in the workspace that a request came from; without one there, by name.

    What was asked on the command line came from no workspace: any account will do.
    """
    team = origin.removeprefix(_SLACK) if origin.startswith(_SLACK) else ""
    account = min((account for account in person.accounts if not team or account.startswith(f"{team}/")), default="")
    return Markup(f"<@{account.split('/')[-1]}>") if account else person.name
