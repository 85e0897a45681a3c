"""What a look at a cluster found: frozen values, no connections."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fleet.postgres.controldata import Control
from fleet.postgres.managers import Manager, Trace
from fleet.postgres.pace import Pace, fastest

PRIMARY = "primary"
STANDBY = "standby"
DOWN = "down"  # proven by the shell: no server process is left
UNKNOWN = "unknown"  # nobody can tell

SILENT, SILENT_WITH_WAL = 25.0, 4.0  # seconds


@dataclass(frozen=True)
class Receiver:
    """The standby's end of streaming replication. ``last_msg_age`` is in seconds."""

    status: str
    sender_host: str
    sender_port: int | None
    slot: str
    received_tli: int | None
    last_msg_age: float | None


@dataclass(frozen=True)
class Sender:
    """The primary's end: one row of pg_stat_replication. ``reply_age`` is in seconds."""

    pid: int
    application_name: str
    client: str
    state: str
    sent_lsn: int | None
    write_lsn: int | None
    flush_lsn: int | None
    replay_lsn: int | None
    sync_state: str
    slot: str
    reply_age: float | None

    @property
    def stuck(self) -> bool:
        """Say whether the standby has stopped to answer: it should every 10 s (wal_receiver_status_interval).

        Sooner when it was sent something that it has not even written: a standby says so at once. pg_receivewal, which
        replays nothing, never says so before those 10 s are over.
        """
        if self.reply_age is None or self.state == "backup":
            return False
        unwritten = self.replay_lsn is not None and (self.sent_lsn or 0) > (self.write_lsn or 0)
        return self.reply_age > SILENT or (unwritten and self.reply_age > SILENT_WITH_WAL)


@dataclass(frozen=True)
class Slot:
    """A replication slot. ``retained`` is the WAL that it keeps from removal, in bytes; ``inactive_since`` needs 17.

    ``safe`` is how many bytes may still be written until its WAL may go; None without a limit, and when it is lost.
    """

    name: str
    type: str
    active: bool
    wal_status: str
    retained: int | None
    database: str = ""
    temporary: bool = False
    failover: bool = False
    synced: bool = False
    invalid: str = ""
    inactive_since: str = ""
    safe: int | None = None

    @property
    def reserves(self) -> bool:
        """Say whether it keeps WAL from removal."""
        return self.retained is not None and self.wal_status != "lost" and not self.invalid


@dataclass(frozen=True)
class Archiver:
    """WAL archiving. ``failing``: the last attempt failed. ``ready`` files wait. Ages are in seconds."""

    mode: str
    last_archived: str
    last_archived_age: float | None
    last_failed: str
    last_failed_age: float | None
    failing: bool
    ready: int
    command: bool = True  # archive_command or archive_library is set


@dataclass(frozen=True)
class Prepared:
    """A transaction prepared for two-phase commit; ``age`` in seconds."""

    gid: str
    database: str
    age: float


@dataclass(frozen=True)
class Transaction:
    """A transaction open for long; ``age`` in seconds."""

    pid: int
    application: str
    user: str
    state: str
    age: float


@dataclass(frozen=True)
class NodeView:
    """What one node showed at ``sampled_at`` (the bot's clock).

    ``state`` is primary, standby, down (proven by the shell) or unknown. LSNs are bytes. ``write_lsn`` is a primary's,
    ``receive_lsn`` and ``replay_lsn`` a standby's. ``settings`` holds text as in pg_settings, never a secret.
    ``control`` is filled only where the database does not answer but the shell does. ``paces`` are averages, each over
    another time, of the WAL that a primary made. ``traces`` tell of what else operates it.
    """

    name: str
    state: str
    sampled_at: datetime
    reachable: bool = False
    error: str = ""
    sysid: str = ""
    version: int = 0
    timeline: int | None = None
    in_recovery: bool | None = None
    write_lsn: int | None = None
    receive_lsn: int | None = None
    replay_lsn: int | None = None
    receiver: Receiver | None = None
    replication: tuple[Sender, ...] = ()
    slots: tuple[Slot, ...] = ()
    sessions: Mapping[str, int] = field(default_factory=dict)
    archiver: Archiver | None = None
    replay_paused: bool = False
    apply_delay: float = 0.0
    last_replay_age: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    restore_command: bool = False
    backups_running: int = 0
    prepared: tuple[Prepared, ...] = ()
    long_transactions: tuple[Transaction, ...] = ()
    clock_skew: float | None = None
    control: Control | None = None
    paces: tuple[Pace, ...] = ()
    traces: tuple[Trace, ...] = ()

    @property
    def pace(self) -> Pace | None:
        """Give how fast a primary makes WAL, or None while that can't be told."""
        return fastest(self.paces)

    @property
    def has_lsn(self) -> int | None:
        """Give the end of the WAL that this node has: written, or the further of received and replayed.

        After a restart a standby's receive LSN can lie below its replay LSN.
        """
        if self.state == PRIMARY:
            return self.write_lsn
        known = [lsn for lsn in (self.receive_lsn, self.replay_lsn) if lsn is not None]
        return max(known) if known else None

    @property
    def streaming(self) -> bool:
        """Say whether the node's receiver streams."""
        return self.receiver is not None and self.receiver.status == "streaming"

    @property
    def logical_slots(self) -> tuple[Slot, ...]:
        """Give the slots of logical replication."""
        return tuple(slot for slot in self.slots if slot.type == "logical")


@dataclass(frozen=True)
class ClusterView:
    """All nodes of a cluster, each seen at its own moment. ``manager``: what else operates it."""

    name: str
    nodes: Mapping[str, NodeView]
    manager: Manager | None = None

    @property
    def primaries(self) -> tuple[NodeView, ...]:
        """Give every node that accepts writes: exactly one in a healthy cluster."""
        return tuple(node for node in self.nodes.values() if node.state == PRIMARY)

    @property
    def primary(self) -> NodeView | None:
        """Give the primary if there is exactly one."""
        return self.primaries[0] if len(self.primaries) == 1 else None

    @property
    def standbys(self) -> tuple[NodeView, ...]:
        """Give every node that answers and is in recovery."""
        return tuple(node for node in self.nodes.values() if node.state == STANDBY and node.reachable)

    def lag(self, name: str) -> int | None:
        """Give the bytes that a standby lacks (never below 0: samples differ in time), or None when nobody knows."""
        primary, node = self.primary, self.nodes[name]
        if primary is None or primary.write_lsn is None or node.state != STANDBY or node.has_lsn is None:
            return None
        return max(0, primary.write_lsn - node.has_lsn)

    def sender(self, name: str) -> Sender | None:
        """Give the row of the primary's pg_stat_replication that feeds a standby: by its slot, else by its name."""
        primary, node = self.primary, self.nodes[name]
        if primary is None:
            return None
        slot = node.receiver.slot if node.receiver else ""
        rows = [row for row in primary.replication if slot and row.slot == slot]
        rows += [row for row in primary.replication if row.application_name == name]
        return rows[0] if rows else None
