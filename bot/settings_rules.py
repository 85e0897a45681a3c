"""The roster and the policy out of the configuration's tables."""

from collections.abc import Mapping
from functools import cache

from actions.catalogue import actions
from approvals.people import Person, Roster
from approvals.policy import Policy
from approvals.rule import Override, Rule
from approvals.rules import Rules
from approvals.windows import Window
from bot.settings_file import File, OverrideTable, RuleTable, WindowTable
from core.plan import Risk
from runs.schedules.slots import DAYS

Windows = Mapping[str, Window]


def rules_of(body: Mapping[str, object]) -> Rules:
    """Read the rules out of a configuration that was kept as plain data."""
    return rules(File.model_validate(body))


def body_of(file: File) -> dict[str, object]:
    """Give a configuration as plain data, all defaults written out."""
    return file.model_dump(mode="json", by_alias=True)


def rules(file: File) -> Rules:
    """Give the roster and the policy of a configuration."""
    people = {
        name: Person(name, frozenset(p.slack), frozenset(p.logins), frozenset(p.groups))
        for name, p in file.people.items()
    }
    feeds = {name: table.usergroup for name, table in file.groups.items()}
    return Rules(Roster(people), _policy(file), feeds)


def _policy(file: File) -> Policy:
    windows = {name: _window(name, table) for name, table in file.windows.items()}
    by_cluster = {}
    for name, cluster in file.clusters.items():
        for risk in Risk:
            override: OverrideTable | None = getattr(cluster.policy, risk.value)
            if override is not None:
                by_cluster[name, risk] = _override(override, windows)
    by_risk = {risk: _rule(rule, windows) for risk in Risk if (rule := getattr(file.policy, risk.value)) is not None}
    by_risk.setdefault(Risk.READ, Rule(0, frozenset(), None, 1800))  # looking is for everybody in the roster
    by_action = {name: _override(table, windows) for name, table in file.policy.action.items()}
    return Policy(by_risk, by_action, by_cluster, _at_once())


@cache
def _at_once() -> frozenset[str]:
    """Give the actions that say of themselves that one person's word is enough: code says it, no configuration."""
    return frozenset(action.spec.name for action in actions() if action.spec.at_once)


def _rule(table: RuleTable, windows: Windows) -> Rule:
    allowed = _named(table.allowed, windows)
    return Rule(
        approvals=table.approvals,
        groups=frozenset(table.groups),
        propose=_groups(table.propose),
        expires=table.expires,
        also=frozenset(table.also),
        reason=table.reason,
        look=table.look,
        allowed=(allowed,) if allowed else (),
        frozen=_named(table.frozen, windows),
        emergency=frozenset(table.emergency),
        review=table.review,
    )


def _override(table: OverrideTable, windows: Windows) -> Override:
    return Override(
        approvals=table.approvals,
        groups=_groups(table.groups),
        propose=_groups(table.propose),
        expires=table.expires,
        also=frozenset(table.also),
        reason=table.reason,
        look=table.look,
        allowed=_named(table.allowed, windows),
        frozen=_named(table.frozen, windows),
        emergency=_groups(table.emergency),
        review=table.review,
    )


def _groups(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _named(names: tuple[str, ...], windows: Windows) -> tuple[Window, ...]:
    return tuple(windows[name] for name in names)


def _window(name: str, table: WindowTable) -> Window:
    days = frozenset(DAYS.index(day) for day in table.days)
    return Window(name, table.zone, days, table.begin, table.end, table.since, table.until)
