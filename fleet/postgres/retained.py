"""What replication slots hold back, and how long that goes well: sentences from one look, never a guess; pure."""

from fleet.postgres import lsn
from fleet.postgres.pace import span
from fleet.postgres.view import NodeView, Slot

_BEHIND = lsn.SEGMENT  # bytes: a reader that keeps up leaves no whole WAL file behind
_MIB = 1024**2
_FAR = 30 * 86400.0  # seconds


def holding(node: NodeView) -> tuple[Slot, ...]:
    """Give the slots that keep WAL for somebody who is away or behind, the most urgent first."""
    kept = [slot for slot in node.slots if _holds(slot)]
    return tuple(sorted(kept, key=lambda slot: (slot.safe is None, slot.safe or 0, -(slot.retained or 0), slot.name)))


def _holds(slot: Slot) -> bool:
    if not slot.reserves or slot.temporary or slot.synced:
        return False
    return not slot.active or (slot.retained or 0) > _BEHIND


def sentence(node: NodeView, slot: Slot) -> str:
    """Say how much a slot holds, its limit, how fast it grows and when it is full, as far as each is known."""
    limit = _limit(node)
    held = f"slot {slot.name} on {node.name} holds {lsn.size(slot.retained or 0)}"
    held += f" of at most {lsn.size(limit)}" if limit is not None else ""
    if slot.wal_status == "unreserved" or (slot.safe is not None and slot.safe <= 0):
        return f"{held}: over it, the next checkpoint may take its WAL away"
    if slot.active:
        return f"{held}: its reader is behind"
    pace = node.pace
    if pace is None or not pace.per_hour:
        return held if limit is not None or slot.safe is not None else f"{held}{_endless(node)}"
    grows = f"{held} and grows ≈ {lsn.size(pace.per_hour)}/h (average of {span(pace.seconds)})"
    if slot.safe is None:
        return f"{grows}{_endless(node)}"
    left = slot.safe / pace.per_second
    when = f"≈ {span(left)}" if left < _FAR else f"more than {span(_FAR)}"
    return f"{grows}: full in {when}, then its WAL goes"


def _limit(node: NodeView) -> int | None:
    """Give the bytes that a slot may hold; None without a limit, or when it is not known."""
    most, anyway = (_number(node, name) for name in ("max_slot_wal_keep_size", "wal_keep_size"))
    return max(most, anyway) * _MIB if most >= 0 else None


def _endless(node: NodeView) -> str:
    """Say that only the disk ends it, where the server says so."""
    return ", limited by the disk alone" if node.settings.get("max_slot_wal_keep_size") == "-1" else ""


def _number(node: NodeView, setting: str) -> int:
    """Give a setting of so many MB; -1 when it is not known."""
    value = node.settings.get(setting, "")
    return int(value) if value.isdigit() else -1
