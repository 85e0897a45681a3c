"""The SQL of this room that is long enough for a file of its own."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def statement(name: str) -> LiteralString:
    """Give the text of ``sql/<name>.sql``: written by us, never put together from values."""
    return files("fleet.postgres").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
