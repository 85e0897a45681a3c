"""What scripts do to columns, in the same words for a file and for a server."""

from typing import Any

import sqlalchemy as sa
from alembic import op


def add(table: str, column: sa.Column[Any], old_rows: str) -> None:
    """Add a column. Rows that are there get ``old_rows`` (as SQL writes it); whoever adds one later says its own.

    A column that is there stays as it is: the store was made between two versions.
    """
    if column.name in {there["name"] for there in sa.inspect(op.get_bind()).get_columns(table)}:
        return
    column.server_default = sa.DefaultClause(sa.text(old_rows))
    op.add_column(table, column)
    with op.batch_alter_table(table) as changing:
        changing.alter_column(column.name, server_default=None)
