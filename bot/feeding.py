"""The rules in force, with the groups that Slack keeps filled in."""

from dataclasses import dataclass, replace
from typing import Protocol

from approvals.people import Person, Roster
from approvals.rules import InForce, Rules


class Members(Protocol):
    """Somebody who knows who is in a user group of Slack's."""

    def members(self, group: str) -> frozenset[str] | None:
        """Give a group's accounts (``TEAM/USER``), or None when that can't be told now. Never waits."""
        ...


@dataclass(frozen=True)
class Fed:
    """Fills fed groups in. Only people of the roster get into one; when Slack is silent nobody does."""

    kept: InForce
    groups: Members

    def __call__(self) -> Rules:
        """Give the rules in force now."""
        rules = self.kept()
        for group in rules.feeds:
            known = self.groups.members(group)
            people = {name: _in(person, group, known) for name, person in rules.roster.people.items()}
            rules = replace(rules, roster=Roster(people))
        return rules


def _in(person: Person, group: str, known: frozenset[str] | None) -> Person:
    if known is None:
        return replace(person, groups=person.groups - {group}, unsure=person.unsure | {group})
    inside = person.groups | {group} if person.accounts & known else person.groups - {group}
    return replace(person, groups=inside)
