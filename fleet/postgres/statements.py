"""The SQL of this room that is long enough for a file of its own."""

from functools import cache
from importlib.resources import files
from typing import LiteralString

_PG_STAT_WAL = 140000  # the version that brought this view


def node_statement(version: int) -> LiteralString:
    """Give the text that looks at a node, for a server of some version (as in server_version_num)."""
    text = statement("node")
    return text if version >= _PG_STAT_WAL else text.replace("FROM pg_stat_wal w", "FROM (SELECT) w")


@cache
def statement(name: str) -> LiteralString:
    """Give the text of ``sql/<name>.sql``: written by us, never put together from values."""
    return files("fleet.postgres").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
