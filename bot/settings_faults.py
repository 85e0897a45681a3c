"""What can be wrong with a configuration whose every table is well formed."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import available_timezones

from approvals.holds.book import ALL
from bot.settings_file import ClusterTable, File, OverrideTable, RuleTable
from bot.settings_hooks_faults import hook_faults
from core.plan import Risk
from fleet.hooks.hook import BOT

Fault = tuple[tuple[str, ...], str]


def cross_faults(file: File) -> list[Fault]:
    """List what contradicts itself: where, and what is wrong there."""
    return [*_people(file), *_policy(file), *_windows(file), *_clusters(file), *_hosts(file), *_zones(file)]


def _people(file: File) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for name, person in file.people.items():
        for key, ids in (("slack", person.slack), ("logins", person.logins)):
            for account in ids:
                if account in owners:
                    yield ("people", name, key), f"{account} is already {owners[account]}'s"
                owners.setdefault(account, name)


def _policy(file: File) -> Iterator[Fault]:
    groups = {group for person in file.people.values() for group in person.groups} | set(file.groups)
    windows = set(file.windows)
    for risk in Risk:
        rule: RuleTable | None = getattr(file.policy, risk.value)
        if rule is None:
            continue
        yield from _unknown(("policy", risk.value), rule, groups, windows)
        if risk is Risk.DESTRUCTIVE and rule.approvals < 1:
            yield ("policy", risk.value, "approvals"), "a destructive step needs at least 1"
        if rule.approvals and not rule.groups:
            yield ("policy", risk.value), 'say who approves: from = ["GROUP"]'
    for name, override in file.policy.action.items():
        yield from _unknown(("policy", "action", name), override, groups, windows)
    for name, cluster in file.clusters.items():
        for risk in Risk:
            stricter: OverrideTable | None = getattr(cluster.policy, risk.value)
            if stricter is not None:
                yield from _unknown(("clusters", name, "policy", risk.value), stricter, groups, windows)


def _unknown(
    where: tuple[str, ...], rule: RuleTable | OverrideTable, groups: set[str], windows: set[str]
) -> Iterator[Fault]:
    used = {*(rule.groups or ()), *(rule.propose or ()), *rule.also, *(rule.emergency or ())}
    for group in sorted(used - groups):
        yield where, f"nobody is in the group {group!r}"
    for window in sorted({*rule.allowed, *rule.frozen} - windows):
        yield where, f"there is no [windows.{window}]"


def _windows(file: File) -> Iterator[Fault]:
    for name, window in file.windows.items():
        if window.zone not in available_timezones():
            yield ("windows", name, "zone"), f"there is no time zone {window.zone!r}"
        if not window.since and not window.days:
            yield ("windows", name, "days"), "a window without days never opens"
        for key, moment in (("since", window.since), ("until", window.until)):
            if moment and not _exists(moment):
                yield ("windows", name, key), f"there is no such moment as {moment}"
        if bool(window.since) != bool(window.until) or window.since > window.until:
            yield ("windows", name, "until"), "a window that happens once has a since and a later until"


def _exists(moment: str) -> bool:
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        return False
    return True


def _clusters(file: File) -> Iterator[Fault]:
    servers: dict[tuple[str, int], str] = {}
    for name, cluster in file.clusters.items():
        yield from _places(name, cluster)
        yield from hook_faults(name, cluster.hooks, set(cluster.nodes), set(file.hosts))
        yield from _manager(name, cluster)
        if name == ALL:
            yield ("clusters", name), "that word means every cluster; give this one another name"
        for node, table in cluster.nodes.items():
            server = (table.host, table.port)  # two names of one server would be two locks on it
            if server in servers:
                yield ("clusters", name, "nodes", node), f"{table.host}:{table.port} is already {servers[server]}"
            servers.setdefault(server, f"{name}/{node}")


def _hosts(file: File) -> Iterator[Fault]:
    taken = {BOT, *(node for cluster in file.clusters.values() for node in cluster.nodes)}
    for name in sorted(taken & set(file.hosts)):
        yield ("hosts", name), f"{name} is the name of {'the bot itself' if name == BOT else 'a node'}"


def _places(name: str, cluster: ClusterTable) -> Iterator[Fault]:
    for key, places in (("archive", cluster.archive), ("backups", (cluster.backups,) if cluster.backups else ())):
        for place in places:
            node, _, folder = place.partition(":")
            if node not in cluster.nodes or not folder.startswith("/"):
                yield ("clusters", name, key), f'{place!r} is not "NODE:/folder" of this cluster'


def _manager(name: str, cluster: ClusterTable) -> Iterator[Fault]:
    told = {"manager_program": cluster.manager_program, "manager_config": cluster.manager_config}
    named = cluster.manager in {"patroni", "repmgr"}
    if any(told.values()) and not (named and all(told.values())):
        said = 'manager = "patroni" or "repmgr", manager_program and manager_config go together'
        yield ("clusters", name, next(key for key, value in told.items() if value)), said


def _zones(file: File) -> Iterator[Fault]:
    for table, zone in (("digest", file.digest.zone if file.digest else "UTC"), ("bot", file.bot.zone)):
        if zone not in available_timezones():
            yield (table, "zone"), f"there is no time zone {zone!r}"
    for name, schedule in file.schedules.items():
        if schedule.zone not in available_timezones():
            yield ("schedules", name, "zone"), f"there is no time zone {schedule.zone!r}"
        if schedule.person not in file.people:
            yield ("schedules", name, "as"), f"there is no [people.{schedule.person}]"
    for node in file.anchors.nodes:
        cluster, _, name = node.partition("/")
        if cluster not in file.clusters or name not in file.clusters[cluster].nodes:
            yield ("anchors", "nodes"), f'{node!r} is not "CLUSTER/NODE" of this file'
    groups = {group for person in file.people.values() for group in person.groups} | set(file.groups)
    if file.remind.group and file.remind.group not in groups:
        yield ("remind", "group"), f"nobody is in the group {file.remind.group!r}"
