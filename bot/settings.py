"""The configuration, read once: every fault at once, with its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from approvals.people import Roster
from approvals.policy import Policy
from approvals.rules import Rules
from bot.settings_faults import Fault, cross_faults
from bot.settings_file import (
    AnchorsTable,
    BotTable,
    ClusterTable,
    DigestTable,
    File,
    NodeTable,
    ReadyTable,
    RemindTable,
    ScheduleTable,
)
from bot.settings_hooks import hooks_of, host_of, hosts_of
from bot.settings_hooks_file import HostTable
from bot.settings_rules import body_of, rules
from core.errors import ConfigurationError
from fleet.inventory import LOCAL, Cluster, Host, Managed, Node


@dataclass(frozen=True)
class Settings:
    """What an operator configured. ``body`` is all of it as plain data.

    The ``rules`` are what the file says; which are in force is decided by ``approvals.inforce``.
    """

    rules: Rules
    clusters: Mapping[str, Cluster]
    bot: BotTable
    digest: DigestTable | None
    remind: RemindTable
    ready: ReadyTable
    schedules: Mapping[str, ScheduleTable]
    anchors: AnchorsTable
    hosts: Mapping[str, Host]
    body: Mapping[str, object]
    path: Path

    @property
    def roster(self) -> Roster:
        """Give the people as the file names them."""
        return self.rules.roster

    @property
    def policy(self) -> Policy:
        """Give the policy as the file has it."""
        return self.rules.policy

    @property
    def channel(self) -> str:
        """Give the channel for what is about no single cluster: the digest's, or the first cluster's."""
        if self.digest is not None:
            return self.digest.channel
        return next((cluster.channel for cluster in self.clusters.values()), "")


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
    lists: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[+)([^\]]+)\]", line)
        if header:
            name = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            table = _numbered(name, lists, another=header[1] == "[[")
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


def _numbered(name: tuple[str, ...], lists: dict[tuple[str, ...], int], *, another: bool) -> tuple[str, ...]:
    """Give a table's name with the places of those around it in their lists: ``[[a.b]]`` is the next of a.b."""
    if another:
        lists[name] = lists.get(name, -1) + 1
    parts: list[str] = []
    for n, word in enumerate(name, start=1):
        parts += [word, *([str(lists[name[:n]])] if name[:n] in lists else [])]
    return tuple(parts)


def _settings(file: File, path: Path) -> Settings:
    return Settings(
        rules=rules(file),
        clusters={name: _cluster(name, table, file.hosts) for name, table in file.clusters.items()},
        bot=file.bot,
        digest=file.digest,
        remind=file.remind,
        ready=file.ready,
        schedules=file.schedules,
        anchors=file.anchors,
        hosts={name: host_of(name, table) for name, table in file.hosts.items()},
        body=body_of(file),
        path=path,
    )


def _cluster(name: str, table: ClusterTable, hosts: Mapping[str, HostTable]) -> Cluster:
    hooks = hooks_of(table.hooks)
    return Cluster(
        name=name,
        engine=table.engine,
        channel=table.channel,
        nodes={node: _node(node, fields) for node, fields in table.nodes.items()},
        archive=table.archive,
        backups=table.backups,
        replication_user=table.replication_user,
        hooks=hooks,
        hosts=hosts_of(hooks, hosts),
        managed=Managed(
            table.manager, table.manager_program, table.manager_config, table.manager_user, table.manager_scope
        ),
    )


def _node(name: str, table: NodeTable) -> Node:
    fields = table.model_dump()
    if table.host == LOCAL:
        fields["user"] = ""
    return Node(name=name, **fields)
