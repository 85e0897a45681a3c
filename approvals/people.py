"""Who people are: one person may have several accounts and still is one person."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Person:
    """One entry of the roster. ``accounts`` are ``TEAM/USER`` ids of Slack; ``logins`` are names on this machine.

    ``unsure``: groups that are kept elsewhere, where nobody says right now who is in them.
    """

    name: str
    accounts: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Roster:
    """Everybody that the bot knows. Names and e-mail addresses of Slack never identify anybody."""

    people: Mapping[str, Person] = field(default_factory=dict)

    def named(self, name: str) -> Person | None:
        """Give the person with this roster name."""
        return self.people.get(name)

    def by_account(self, account: str) -> Person | None:
        """Give the person who has this Slack account (``TEAM/USER``)."""
        return next((person for person in self.people.values() if account in person.accounts), None)

    def by_login(self, login: str) -> Person | None:
        """Give the person who has this login on this machine."""
        return next((person for person in self.people.values() if login in person.logins), None)

    def in_groups(self, groups: frozenset[str]) -> tuple[Person, ...]:
        """List the people who are in any of the groups, by name."""
        found = [person for person in self.people.values() if person.groups & groups]
        return tuple(sorted(found, key=lambda person: person.name))
