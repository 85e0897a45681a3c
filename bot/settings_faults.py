"""What can be wrong with a configuration whose every table is well formed."""

from collections.abc import Iterator
from zoneinfo import available_timezones

from bot.settings_file import ClusterTable, File, OverrideTable, RuleTable
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
        yield from _unknown(("policy", risk.value), rule, groups)
        if risk is Risk.DESTRUCTIVE and rule.approvals < 1:
            yield ("policy", risk.value, "approvals"), "a destructive step needs at least 1"
        if rule.approvals and not rule.groups:
            yield ("policy", risk.value), 'say who approves: from = ["GROUP"]'
    for name, override in file.policy.action.items():
        yield from _unknown(("policy", "action", name), override, groups)
    for name, cluster in file.clusters.items():
        for risk in Risk:
            stricter: OverrideTable | None = getattr(cluster.policy, risk.value)
            if stricter is not None:
                yield from _unknown(("clusters", name, "policy", risk.value), stricter, groups)


def _unknown(where: tuple[str, ...], rule: RuleTable | OverrideTable, groups: set[str]) -> Iterator[Fault]:
    for group in sorted((set(rule.groups or ()) | set(rule.propose or ())) - groups):
        yield where, f"nobody is in the group {group!r}"


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
