"""The SQL of this room that is long enough for a file of its own."""

from functools import cache
from importlib.resources import files
from typing import LiteralString

_PG_STAT_WAL = 140000  # the version that brought this view
_PAUSE_STATE = 140000  # and this function: before, a pause that was asked for counted as one
_OLD_STATE = "CASE pg_is_wal_replay_paused() WHEN true THEN 'paused' ELSE 'not paused' END"


def node_statement(version: int) -> LiteralString:
    """Give the text that looks at a node, for a server of some version (as in server_version_num)."""
    text = statement("node")
    return text if version >= _PG_STAT_WAL else text.replace("FROM pg_stat_wal w", "FROM (SELECT) w")


def replay_statement(version: int) -> LiteralString:
    """Give the text that looks at a standby's replay, for a server of some version."""
    text = statement("replay")
    return text if version >= _PAUSE_STATE else text.replace("pg_get_wal_replay_pause_state()", _OLD_STATE)


@cache
def statement(name: str) -> LiteralString:
    """Give the text of ``sql/<name>.sql``: written by us, never put together from values."""
    return files("fleet.postgres").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
