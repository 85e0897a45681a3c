"""The rows of schedules: one for each slot that somebody has claimed."""

from sqlmodel import Field, Session, SQLModel, col, delete, select, update

from audit.store import changed_one


class SlotRow(SQLModel, table=True):
    """One slot of a schedule. The primary key is the lock; ``claimed_at`` is when it was last tried."""

    __tablename__ = "schedule_run"
    schedule: str = Field(primary_key=True)
    slot_utc: str = Field(primary_key=True)
    owner: str
    claimed_at: str
    done_at: str | None = None
    note: str = ""


def knows(session: Session, schedule: str, slot_utc: str) -> bool:
    """Say whether somebody has claimed a slot."""
    return session.get(SlotRow, (schedule, slot_utc)) is not None


def take(session: Session, slot: SlotRow) -> bool:
    """Claim a slot; False when somebody has it."""
    if knows(session, slot.schedule, slot.slot_utc):
        return False
    session.add(slot)
    session.flush()
    return True


def left(session: Session, schedule: str, before: str) -> list[SlotRow]:
    """List the slots that were claimed before a moment and are not done."""
    open_ = select(SlotRow).where(
        SlotRow.schedule == schedule, col(SlotRow.done_at).is_(None), col(SlotRow.claimed_at) < before
    )
    return list(session.exec(open_).all())


def take_again(session: Session, slot: SlotRow, owner: str, at: str) -> bool:
    """Take a slot that was left; False when another bot was faster."""
    still = update(SlotRow).where(
        col(SlotRow.schedule) == slot.schedule,
        col(SlotRow.slot_utc) == slot.slot_utc,
        col(SlotRow.claimed_at) == slot.claimed_at,
        col(SlotRow.done_at).is_(None),
    )
    return changed_one(session, still.values(owner=owner, claimed_at=at))


def done(session: Session, schedule: str, slot_utc: str, at: str, note: str = "") -> None:
    """Note that nothing is left to do about a slot."""
    row = session.get(SlotRow, (schedule, slot_utc))
    if row is not None:
        row.done_at, row.note = at, note
        session.add(row)


def forget(session: Session, schedule: str, before: str) -> None:
    """Forget the slots of before a moment that are done; the mark of a schedule's first look stays."""
    old = (col(SlotRow.schedule) == schedule) & (col(SlotRow.slot_utc) < before) & col(SlotRow.done_at).is_not(None)
    session.exec(delete(SlotRow).where(old))
