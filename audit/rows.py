"""All rows of a store, whatever they mean: are there any, and a copy of them in a server."""

from sqlalchemy import Connection, Table, func, inspect, literal, select

from audit.migrate import STAMP
from audit.store import AuditEvent

TABLES = AuditEvent.metadata  # of all rooms that the process has imported
BATCH = 500  # rows


def strange(connection: Connection) -> list[str]:
    """Name the tables that belong to none of our rooms."""
    return sorted(set(inspect(connection).get_table_names()) - {*TABLES.tables, STAMP.name})


def filled(connection: Connection) -> list[str]:
    """Name the tables that have a row."""
    one = literal(1)
    tables = TABLES.sorted_tables
    return [table.name for table in tables if connection.execute(select(one).select_from(table).limit(1)).first()]


def copy(old: Connection, new: Connection) -> dict[str, int]:
    """Copy every table, parents first, and give how many rows each has."""
    return {table.name: _copy(old, new, table) for table in TABLES.sorted_tables}


def _copy(old: Connection, new: Connection, table: Table) -> int:
    """Copy a table in the order of its key, so that the record's guard sees each line follow the last."""
    found = old.execute(select(table).order_by(*table.primary_key), execution_options={"yield_per": BATCH})
    count = 0
    for part in found.mappings().partitions():
        new.execute(table.insert(), [dict(row) for row in part])
        count += len(part)
    number = table.autoincrement_column
    if number is not None:  # a server counts by itself; its next number has to be a free one
        name = new.dialect.identifier_preparer.format_table(table)
        new.execute(select(func.setval(func.pg_get_serial_sequence(name, number.name), func.max(number))))
    return count
