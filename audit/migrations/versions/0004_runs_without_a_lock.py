"""Runs that take no lock: they start beside any other, and keep nobody waiting."""

import sqlalchemy as sa
from alembic import op

from audit.migrations.columns import add

revision = "0004"
down_revision = "0003"

_INDEX = "one_run_per_cluster"
_ALONE = sa.text("state IN ('checking','running','undoing','unknown') AND lock <> 'none'")


def upgrade() -> None:
    """Say of each run what it has for itself; those that are there have their cluster."""
    add("run", sa.Column("lock", sa.String(), nullable=False), "'cluster'")
    op.drop_index(_INDEX, "run")
    op.create_index(_INDEX, "run", ["cluster"], unique=True, sqlite_where=_ALONE, postgresql_where=_ALONE)
