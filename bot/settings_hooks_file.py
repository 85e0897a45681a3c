"""The shape of ``[hosts.NAME]`` and ``[[clusters.NAME.hooks]]``."""

from typing import Annotated

from pydantic import Field

from bot.settings_words import Name, Seconds, Table
from fleet.hooks.hook import LIMIT, At, Failure

_Path = Annotated[str, Field(pattern=r"^(/.+)?$")]
_Status = Annotated[int, Field(ge=100, le=599)]
_Limit = Annotated[Seconds, Field(le=3600)]


class HostTable(Table):
    """``[hosts.NAME]``: a machine that is no node, for hooks."""

    host: str = Field(min_length=1)
    user: str = ""
    run_as: str = ""
    work: str = Field(default="/var/lib/seconder", pattern=r"^/")
    ssh_port: int = Field(default=22, ge=1, le=65535)
    ssh_key: str = ""


class HttpTable(Table):
    """``http = {…}``: a call. ``headers`` is a file of ``Name: value`` lines."""

    url: str = Field(min_length=1)
    method: str = Field(default="GET", pattern=r"^[A-Z]+$")
    body: str = ""
    headers: _Path = ""
    status: tuple[_Status, ...] = ()


class EffectTable(Table):
    """``proof`` and ``undo`` of a hook: a command, a file of SQL, or a call."""

    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    sql: Annotated[str, Field(pattern=r"^/.+")] | None = None
    http: HttpTable | None = None
    on: str | None = None
    run_as: str | None = None
    environment: _Path | None = None
    conninfo: str | None = None
    passfile: _Path | None = None
    expect: tuple[dict[str, str], ...] = ()
    contains: str = ""
    time_limit: _Limit = LIMIT


class HookTable(Table):
    """``[[clusters.NAME.hooks]]``: what a site does besides. Its places hold for its proof and its undo, too."""

    name: Name
    at: At
    plan: str = Field(min_length=1, max_length=120)
    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    sql: Annotated[str, Field(pattern=r"^/.+")] | None = None
    http: HttpTable | None = None
    on: str = ""
    run_as: str = ""
    environment: _Path = ""
    conninfo: str = ""
    passfile: _Path = ""
    time_limit: _Limit = LIMIT
    failure: Failure = Failure.STOP
    repeatable: bool = False
    proof: EffectTable | None = None
    undo: EffectTable | None = None
