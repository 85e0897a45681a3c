"""What can be wrong with a configuration whose every table is well formed."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from bot.settings_file import ClusterTable, File, RuleTable
from core.plan import Risk

Fault = tuple[tuple[str, ...], str]


def cross_faults(file: File) -> list[Fault]:
    """List what contradicts itself: where, and what is wrong there."""
    return [*_people(file), *_policy(file), *_clusters(file), *_digest(file)]


def _people(file: File) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for name, person in file.people.items():
        for key, ids in (("slack", person.slack), ("logins", person.logins)):
            for account in ids:
                if account in owners:
                    yield ("people", name, key), f"{account} is already {owners[account]}'s"
                owners.setdefault(account, name)


def _policy(file: File) -> Iterator[Fault]:
    groups = {group for person in file.people.values() for group in person.groups}
    for risk in Risk:
        rule: RuleTable | None = getattr(file.policy, risk.value)
        if rule is None:
            continue
        for group in sorted((set(rule.groups) | set(rule.propose or ())) - groups):
            yield ("policy", risk.value), f"nobody is in the group {group!r}"
        if risk is Risk.DESTRUCTIVE and rule.approvals < 1:
            yield ("policy", risk.value, "approvals"), "a destructive step needs at least 1"
        if rule.approvals and not rule.groups:
            yield ("policy", risk.value), 'say who approves: from = ["GROUP"]'


def _clusters(file: File) -> Iterator[Fault]:
    for name, cluster in file.clusters.items():
        yield from _places(name, cluster)


def _places(name: str, cluster: ClusterTable) -> Iterator[Fault]:
    for key, places in (("archive", cluster.archive), ("backups", (cluster.backups,) if cluster.backups else ())):
        for place in places:
            node, _, folder = place.partition(":")
            if node not in cluster.nodes or not folder.startswith("/"):
                yield ("clusters", name, key), f'{place!r} is not "NODE:/folder" of this cluster'


def _digest(file: File) -> Iterator[Fault]:
    if file.digest and file.digest.zone not in available_timezones():
        yield ("digest", "zone"), f"there is no time zone {file.digest.zone!r}"
