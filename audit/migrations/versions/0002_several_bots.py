"""Several bots over one store: what each serves with, what came in to whom, what is said once, and anchors."""

import sqlalchemy as sa
from alembic import op

from audit.migrations.columns import add

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what bots tell each other."""
    _text("bot", "configuration")
    _text("inbox", "owner")
    _text("card", "edit_after")
    _text("schedule_run", "note")
    _text("run", "risk")
    op.create_table(
        "outbox",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("key", "owner", "claimed_at", "tried_at")),
        sa.Column("unsure", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("asked", "channel", "ts")),
        sa.PrimaryKeyConstraint("key"),
        if_not_exists=True,
    )
    op.create_table(
        "anchor",
        sa.Column("seq", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("hash", "at", "prev", "key", "sig", "places")),
        sa.PrimaryKeyConstraint("seq", "key"),
        if_not_exists=True,
    )


def _text(table: str, name: str) -> None:
    add(table, sa.Column(name, sa.String(), nullable=False), "''")
