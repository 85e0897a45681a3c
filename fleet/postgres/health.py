"""What is wrong with a cluster: findings with a level each, from one look; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fleet.postgres import lsn
from fleet.postgres.candidate import NOT_BELOW, too_little
from fleet.postgres.mute import known_lag, takes_no_queries
from fleet.postgres.view import DOWN, PRIMARY, STANDBY, UNKNOWN, Archiver, ClusterView, NodeView, Slot

OK, NOT_KNOWN, WARN, CRIT = "ok", "unknown", "warn", "crit"
_RANK = (OK, NOT_KNOWN, WARN, CRIT)

_LAG_WARN, _LAG_CRIT = 16 * 1024**2, 1024**3  # bytes
_LATE_WARN, _LATE_CRIT = 60, 300  # seconds
_READY_WARN, _READY_CRIT = 16, 128  # WAL files, as repmgr
_FAILING_CRIT = 300  # seconds
_OPEN_WARN, _OPEN_CRIT = 300, 1800  # seconds that a transaction is open
_PREPARED_WARN = 60  # seconds
_SKEW_WARN, _SKEW_CRIT = 2, 5  # seconds, as check_postgres
_FULL_WARN, _FULL_CRIT = 80, 95  # percent of max_connections


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. ``node`` is empty when it is the whole cluster's."""

    level: str
    code: str
    node: str
    sentence: str
    hint: str = ""


def verdict(findings: Iterable[Finding]) -> str:
    """Give the worst level. What nobody knows is never ok."""
    return max((finding.level for finding in findings), key=_RANK.index, default=OK)


def findings(view: ClusterView) -> tuple[Finding, ...]:
    """List what is wrong, worst first."""
    found = list(_whole(view))
    for node in view.nodes.values():
        if takes_no_queries(node):
            found += _quiet(view, node)
        elif not node.reachable:
            found.append(_absent(node))
        else:
            found += _standby(view, node) if node.state == STANDBY else _primary(node)
            found += _any(node)
    return worst_first(found)


def worst_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings by their level."""
    return tuple(sorted(found, key=lambda finding: -_RANK.index(finding.level)))


def _whole(view: ClusterView) -> Iterator[Finding]:
    if view.manager is not None:
        hint = "/db promote asks it where the configuration says how; else use its own commands."
        yield Finding(OK, "MANAGED", "", view.manager.sentence, hint)
    systems = {node.sysid for node in view.nodes.values() if node.sysid}
    if len(systems) > 1:
        yield Finding(
            CRIT, "OTHER-SYSTEM", "", "The nodes have different system identifiers.", "Correct the inventory."
        )
    if len(view.primaries) > 1:
        names = " and ".join(f"{node.name} (timeline {node.timeline})" for node in view.primaries)
        hint = "Stop the wrong one at once: each takes writes that the other lacks."
        yield Finding(CRIT, "SPLIT-BRAIN", "", f"Two nodes accept writes: {names}.", hint)
    if not view.primaries:
        unsure = [node.name for node in view.nodes.values() if node.state == UNKNOWN]
        hint = f"{', '.join(unsure)} can't be judged." if unsure else f"/db promote {view.name} can fail over."
        yield Finding(CRIT, "NO-PRIMARY", "", "No node is seen to accept writes.", hint)


def _absent(node: NodeView) -> Finding:
    if node.state == DOWN:
        state = f" It was {node.control.state!r}." if node.control else ""
        return Finding(CRIT, "DOWN", node.name, f"{node.name} is down: no server process.{state}", "Read its log.")
    return Finding(NOT_KNOWN, "NO-ANSWER", node.name, f"{node.name} does not answer.", node.error)


def _quiet(view: ClusterView, node: NodeView) -> Iterator[Finding]:
    """Judge a standby that takes no queries by its processes: that much they tell."""
    if view.primary is not None and node.timeline != view.primary.timeline:
        said = f"{node.name} has no WAL of timeline {view.primary.timeline}, on which {view.primary.name} is."
        yield Finding(CRIT, "OTHER-TIMELINE", node.name, said, "Read its log; aim it at the primary by hand.")
    if node.receiver is None:
        said = f"{node.name} has no process that receives WAL."
        yield Finding(CRIT, "NOT-STREAMING", node.name, said, "Read its log.")
        return
    lag = known_lag(view, node)
    level = NOT_KNOWN if lag is None else _level(lag, _LAG_WARN, _LAG_CRIT)
    if level != OK:
        behind = "nobody can tell how far" if lag is None else lsn.size(lag)
        yield Finding(level, "LAG", node.name, f"{node.name} takes no queries and is behind: {behind}.")


def _primary(node: NodeView) -> Iterator[Finding]:
    if node.archiver is not None:
        yield from _archiver(node, node.archiver)
    if node.settings.get("synchronous_standby_names") and not any(
        sender.sync_state in {"sync", "quorum"} for sender in node.replication
    ):
        hint = "Commits wait for ever. Bring a synchronous standby back, or empty synchronous_standby_names."
        yield Finding(CRIT, "NO-SYNC", node.name, f"No synchronous standby follows {node.name}.", hint)
    for sender in node.replication:
        if sender.stuck:
            who = sender.slot or sender.application_name
            hint = f"See what froze it. SELECT pg_terminate_backend({sender.pid}); ends the connection."
            yield Finding(WARN, "STUCK-WALSENDER", node.name, f"{who} has stopped answering {node.name}.", hint)


def _archiver(node: NodeView, archiver: Archiver) -> Iterator[Finding]:
    if archiver.mode == "off":
        said = f"{node.name} archives no WAL: no restore to a point in time."
        yield Finding(WARN, "NO-ARCHIVE", node.name, said, "Set archive_mode and archive_command.")
        return
    if archiver.failing:
        old = archiver.last_archived_age is None or archiver.last_archived_age > _FAILING_CRIT
        said = f"{node.name} fails to archive {archiver.last_failed}."
        yield Finding(
            CRIT if old else WARN, "ARCHIVER", node.name, said, "Run archive_command by hand and read its error."
        )
    if archiver.ready >= _READY_WARN:
        level = CRIT if archiver.ready >= _READY_CRIT else WARN
        yield Finding(level, "ARCHIVE-QUEUE", node.name, f"{archiver.ready} WAL files wait to be archived.", "")


def _standby(view: ClusterView, node: NodeView) -> Iterator[Finding]:
    primary, resync = view.primary, f"/db resync {view.name} {node.name}"
    if node.replay_paused:
        level = WARN if node.apply_delay else CRIT
        short = too_little(node, primary) if primary else ""
        hint = f"/db resume {view.name} {node.name}"
        hint = f"Raise {short} there: to resume now would shut it down." if short else hint
        yield Finding(level, "PAUSED", node.name, f"Replay is paused on {node.name}.", hint)
    if primary is None:
        return
    if node.timeline != primary.timeline:
        said = f"{node.name} is on timeline {node.timeline}, {primary.name} on {primary.timeline}."
        yield Finding(CRIT, "OTHER-TIMELINE", node.name, said, resync)
    if not node.streaming:
        yield Finding(CRIT, "NOT-STREAMING", node.name, f"{node.name} receives no WAL.", resync)
        ahead = (node.has_lsn or 0) - (primary.write_lsn or 0)
        if ahead > 0 and node.timeline == primary.timeline:
            said = f"{node.name} has {lsn.size(ahead)} of WAL that {primary.name} never wrote."
            yield Finding(CRIT, "DIVERGED", node.name, said, resync)
    yield from _lag(node, view.lag(node.name))
    for key in NOT_BELOW:
        mine, theirs = node.settings.get(key, ""), primary.settings.get(key, "")
        if mine.isdigit() and theirs.isdigit() and int(mine) < int(theirs):
            said = f"{key} is {mine} on {node.name}, {theirs} on {primary.name}."
            yield Finding(
                CRIT, "SETTINGS", node.name, said, f"Raise it on {node.name}: it will not start again like this."
            )


def _lag(node: NodeView, lag: int | None) -> Iterator[Finding]:
    if lag is None:
        yield Finding(NOT_KNOWN, "LAG-UNKNOWN", node.name, f"Nobody can tell how far {node.name} is behind.", "")
        return
    behind = max(lag, (node.has_lsn or 0) - (node.replay_lsn or 0))
    late = (node.last_replay_age or 0) - node.apply_delay if behind else 0
    if node.apply_delay and late <= _LATE_WARN:
        return  # behind on purpose
    level = _level(behind, _LAG_WARN, _LAG_CRIT)
    if behind and late > _LATE_WARN:
        level = max(level, _level(int(late), _LATE_WARN, _LATE_CRIT), key=_RANK.index)
    if level != OK:
        yield Finding(level, "LAG", node.name, f"{node.name} is {lsn.size(behind)} behind, {late:.0f} s.", "")


def _any(node: NodeView) -> Iterator[Finding]:
    for slot in node.slots:
        yield from _slot(node, slot)
    if node.settings.get("data_checksums") == "off":
        said = f"{node.name} has no data checksums: damage would go unnoticed."
        yield Finding(NOT_KNOWN, "NO-CHECKSUMS", node.name, said, "pg_checksums --enable, while it is stopped.")
    for open_one in node.long_transactions:
        level = _level(int(open_one.age), _OPEN_WARN, _OPEN_CRIT)
        if level != OK:
            who = open_one.application or open_one.user
            said = f"{who} on {node.name}: a transaction is open for {open_one.age:.0f} s."
            yield Finding(level, "LONG-TRANSACTION", node.name, said, f"SELECT pg_terminate_backend({open_one.pid});")
    for prepared in node.prepared:
        if prepared.age > _PREPARED_WARN and node.state == PRIMARY:
            said = f"Prepared transaction {prepared.gid} waits for {prepared.age:.0f} s."
            yield Finding(WARN, "PREPARED", node.name, said, "COMMIT PREPARED or ROLLBACK PREPARED it.")
    yield from _measures(node)


def _measures(node: NodeView) -> Iterator[Finding]:
    skew = abs(node.clock_skew or 0)
    if skew >= _SKEW_WARN:
        level = CRIT if skew >= _SKEW_CRIT else WARN
        yield Finding(level, "CLOCK", node.name, f"{node.name}'s clock is {skew:.0f} s off the bot's.", "Mend its NTP.")
    limit = int(node.settings.get("max_connections", 0) or 0)
    share = 100 * sum(node.sessions.values()) // limit if limit else 0
    level = _level(share, _FULL_WARN, _FULL_CRIT)
    if level != OK:
        yield Finding(level, "CONNECTIONS", node.name, f"{node.name} uses {share} % of max_connections.", "")


def _slot(node: NodeView, slot: Slot) -> Iterator[Finding]:
    name = f"Slot {slot.name} on {node.name}"
    kept = lsn.size(slot.retained) if slot.retained is not None else "no"
    if slot.wal_status in {"lost", "unreserved"} or slot.invalid:
        said = f"{name} is {slot.invalid or slot.wal_status}: whoever uses it lacks WAL."
        yield Finding(CRIT, "SLOT-LOST", node.name, said, "Resync its standby, then make the slot anew.")
    elif not slot.active and not slot.synced and not slot.temporary:
        said = f"{name} is not used and keeps {kept} of WAL."
        yield Finding(
            WARN, "SLOT-INACTIVE", node.name, said, "Bring its reader back, or drop it before the disk is full."
        )


def _level(value: int, warn: int, crit: int) -> str:
    if value >= crit:
        return CRIT
    return WARN if value >= warn else OK
