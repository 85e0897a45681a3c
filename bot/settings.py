"""The configuration, read once: every fault at once, with its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from approvals.people import Person, Roster
from approvals.policy import Override, Policy, Rule
from bot.settings_faults import Fault, cross_faults
from bot.settings_file import (
    BotTable,
    ClusterTable,
    DigestTable,
    File,
    NodeTable,
    OverrideTable,
    PolicyTable,
    RuleTable,
)
from core.errors import ConfigurationError
from core.plan import Risk
from fleet.inventory import LOCAL, Cluster, Node


@dataclass(frozen=True)
class Settings:
    """What an operator configured."""

    roster: Roster
    policy: Policy
    clusters: Mapping[str, Cluster]
    bot: BotTable
    digest: DigestTable | None
    path: Path


def load_settings(path: Path) -> Settings:
    """Read the configuration; raises ConfigurationError that lists every fault with its line."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The configuration {path} can't be read: {error.strerror}.",
            "Set SECONDER_CONFIG, or copy config/seconder.example.toml there.",
        ) from error
    try:
        file = File.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path.name} is not TOML: {error}.", "Mend that line.") from error
    except ValidationError as error:
        faults = [(tuple(map(str, fault["loc"])), fault["msg"]) for fault in error.errors()]
        raise _faulty(path, text, faults) from error
    faults = cross_faults(file)
    if faults:
        raise _faulty(path, text, faults)
    return _settings(file, path)


def _faulty(path: Path, text: str, faults: Sequence[Fault]) -> ConfigurationError:
    lines = [f"line {line_of(text, loc)}: {'.'.join(loc)}: {said}" for loc, said in faults]
    count = "1 fault" if len(lines) == 1 else f"{len(lines)} faults"
    return ConfigurationError("\n  ".join([f"{path.name} has {count}:", *lines]), "Nothing was started.")


def line_of(text: str, loc: Sequence[str]) -> int:
    """Give the line of a key, or of the nearest table around it; tomllib keeps no positions."""
    best, best_depth = 1, 0
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+([^\]]+)\]", line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            here: tuple[str, ...] = table
        else:
            key = re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line)
            if not key:
                continue
            here = (*table, *(part.strip("\"'") for part in key[1].split(".")))
        depth = len(here)
        if depth > best_depth and tuple(loc[:depth]) == here:
            best, best_depth = number, depth
    return best


def _settings(file: File, path: Path) -> Settings:
    people = {
        name: Person(name, frozenset(p.slack), frozenset(p.logins), frozenset(p.groups))
        for name, p in file.people.items()
    }
    return Settings(
        roster=Roster(people),
        policy=_policy(file.policy, file.clusters),
        clusters={name: _cluster(name, table) for name, table in file.clusters.items()},
        bot=file.bot,
        digest=file.digest,
        path=path,
    )


def _policy(table: PolicyTable, clusters: Mapping[str, ClusterTable]) -> Policy:
    by_cluster = {}
    for name, cluster in clusters.items():
        for risk in Risk:
            override: OverrideTable | None = getattr(cluster.policy, risk.value)
            if override is not None:
                by_cluster[name, risk] = _override(override)
    by_risk = {risk: _rule(rule) for risk in Risk if (rule := getattr(table, risk.value)) is not None}
    by_risk.setdefault(Risk.READ, Rule(0, frozenset(), None, 1800))  # looking is for everybody in the roster
    return Policy(by_risk, {name: _override(rule) for name, rule in table.action.items()}, by_cluster)


def _rule(table: RuleTable) -> Rule:
    propose = None if table.propose is None else frozenset(table.propose)
    return Rule(table.approvals, frozenset(table.groups), propose, table.expires)


def _override(table: OverrideTable) -> Override:
    groups = None if table.groups is None else frozenset(table.groups)
    propose = None if table.propose is None else frozenset(table.propose)
    return Override(table.approvals, groups, propose, table.expires)


def _cluster(name: str, table: ClusterTable) -> Cluster:
    return Cluster(
        name=name,
        engine=table.engine,
        channel=table.channel,
        nodes={node: _node(node, fields) for node, fields in table.nodes.items()},
        archive=table.archive,
        backups=table.backups,
        replication_user=table.replication_user,
    )


def _node(name: str, table: NodeTable) -> Node:
    fields = table.model_dump()
    if table.host == LOCAL:
        fields["user"] = ""
    return Node(name=name, **fields)
