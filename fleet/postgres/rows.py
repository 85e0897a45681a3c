"""From the one row that ``sql/node.sql`` gives to the values of a ``NodeView``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fleet.postgres import lsn, managers
from fleet.postgres.pace import SHORTEST, Pace
from fleet.postgres.view import (
    PRIMARY,
    STANDBY,
    Archiver,
    NodeView,
    Prepared,
    Receiver,
    Sender,
    Slot,
    Transaction,
)

Row = Mapping[str, Any]


def node_view(name: str, row: Row, sampled_at: datetime) -> NodeView:
    """Read a whole row."""
    settings: dict[str, str] = row["settings"]
    return NodeView(
        name=name,
        state=STANDBY if row["in_recovery"] else PRIMARY,
        sampled_at=sampled_at,
        reachable=True,
        sysid=row["sysid"],
        version=row["version"],
        timeline=row["timeline"],
        in_recovery=row["in_recovery"],
        write_lsn=_lsn(row["write_lsn"]),
        receive_lsn=_lsn(row["receive_lsn"]) if row["in_recovery"] else None,
        replay_lsn=_lsn(row["replay_lsn"]) if row["in_recovery"] else None,
        receiver=_receiver(row["receiver"]),
        replication=tuple(_sender(item) for item in row["replication"]),
        slots=tuple(_slot(item) for item in row["slots"]),
        sessions=row["sessions"],
        archiver=_archiver(row["archiver"], settings.get("archive_mode", "off")),
        replay_paused=row["replay_paused"],
        apply_delay=int(settings.get("recovery_min_apply_delay", 0)) / 1000,
        last_replay_age=row["last_replay_age"] if row["in_recovery"] else None,
        settings=settings,
        restore_command=bool(row["restore_command"]),
        backups_running=row["backups_running"],
        prepared=tuple(Prepared(**item) for item in row["prepared"]),
        long_transactions=tuple(Transaction(**item) for item in row["long_transactions"]),
        clock_skew=row["clock"] - sampled_at.timestamp(),
        traces=managers.traces(row["traces"]),
        paces=() if row["in_recovery"] else _paces(row["wal"] or {}),
    )


def _lsn(text: str | None) -> int | None:
    return None if text is None else lsn.parse(text)


def _receiver(row: Row | None) -> Receiver | None:
    if row is None or row.get("pid") is None:
        return None
    return Receiver(
        status=row.get("status") or "",
        sender_host=row.get("sender_host") or "",
        sender_port=row.get("sender_port"),
        slot=row.get("slot_name") or "",
        received_tli=row.get("received_tli"),
        last_msg_age=row.get("age"),
    )


def _sender(row: Row) -> Sender:
    return Sender(
        pid=row["pid"],
        application_name=row.get("application_name") or "",
        client=row.get("client_addr") or "",
        state=row.get("state") or "",
        sent_lsn=_lsn(row.get("sent_lsn")),
        write_lsn=_lsn(row.get("write_lsn")),
        flush_lsn=_lsn(row.get("flush_lsn")),
        replay_lsn=_lsn(row.get("replay_lsn")),
        sync_state=row.get("sync_state") or "",
        slot=row.get("slot") or "",
        reply_age=row.get("reply_age"),
    )


def _slot(row: Row) -> Slot:
    return Slot(
        name=row["slot_name"],
        type=row["slot_type"],
        active=row["active"],
        wal_status=row.get("wal_status") or "",
        retained=None if row.get("retained") is None else max(0, int(row["retained"])),
        database=row.get("database") or "",
        temporary=bool(row.get("temporary")),
        failover=bool(row.get("failover")),  # 17 and later
        synced=bool(row.get("synced")),
        invalid=row.get("invalidation_reason") or "",
        inactive_since=row.get("inactive_since") or "",
        safe=None if row.get("safe_wal_size") is None else int(row["safe_wal_size"]),
    )


def _paces(row: Row) -> tuple[Pace, ...]:
    """Read how fast WAL is made: since the last checkpoint, which is recent, and since the statistics were reset.

    The first counts what the files grow by, the second lasts when checkpoints follow each other closely.
    """
    if (row.get("uptime") or 0) < SHORTEST:
        return ()
    known = ((row.get("since_redo"), row.get("redo_age")), (row.get("wal_bytes"), row.get("reset_age")))
    measured = [(made, took) for made, took in known if made is not None and took is not None]
    return tuple(Pace(max(0, int(made)), float(took)) for made, took in measured if took >= SHORTEST)


def _archiver(row: Row, mode: str) -> Archiver:
    archived, failed = row.get("archived_age"), row.get("failed_age")
    return Archiver(
        mode=mode,
        last_archived=row.get("last_archived_wal") or "",
        last_archived_age=archived,
        last_failed=row.get("last_failed_wal") or "",
        last_failed_age=failed,
        failing=mode != "off" and failed is not None and (archived is None or failed < archived),
        ready=int(row.get("ready") or 0),
        command=bool(row.get("command")),
    )
