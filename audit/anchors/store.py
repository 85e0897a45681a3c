"""The rows of anchors: what was signed, and which places have it."""

import json

from sqlmodel import Field, Session, SQLModel, col, select

from audit.anchors.line import Anchor


class AnchorRow(SQLModel, table=True):
    """One anchor. ``places`` lists, as JSON, where it has arrived."""

    __tablename__ = "anchor"
    seq: int = Field(primary_key=True)
    hash: str
    at: str
    prev: str
    key: str = Field(primary_key=True)
    sig: str
    places: str = "[]"


def newest(session: Session, key: str | None = None) -> Anchor | None:
    """Give the newest anchor, of one key or of all."""
    query = select(AnchorRow).order_by(col(AnchorRow.seq).desc()).limit(1)
    row = session.exec(query.where(AnchorRow.key == key) if key else query).first()
    return _anchor(row) if row else None


def insert(session: Session, anchor: Anchor) -> None:
    """Add one."""
    session.add(AnchorRow(**vars(anchor)))
    session.flush()


def missing(session: Session, place: str, key: str) -> list[Anchor]:
    """List the anchors of one key that a place lacks, oldest first."""
    rows = session.exec(select(AnchorRow).where(AnchorRow.key == key).order_by(col(AnchorRow.seq))).all()
    return [_anchor(row) for row in rows if place not in json.loads(row.places)]


def arrived(session: Session, anchor: Anchor, place: str) -> None:
    """Note that a place has an anchor."""
    row = session.get(AnchorRow, (anchor.seq, anchor.key))
    if row is not None:
        row.places = json.dumps(sorted({*json.loads(row.places), place}))
        session.add(row)


def _anchor(row: AnchorRow) -> Anchor:
    return Anchor(row.seq, row.hash, row.at, row.prev, row.key, row.sig)
