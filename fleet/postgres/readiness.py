"""Whether a copy of one server to another folder can work: tried and measured before anybody agrees to it."""

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from core.outcome import Refusal
from fleet.inventory import Node
from fleet.postgres import datadir, login, lsn
from fleet.postgres.control import program
from fleet.postgres.datadir import QUICK
from fleet.postgres.source import needed
from fleet.shell import Shell
from fleet.site import Site

SENDERS = 2  # pg_basebackup takes one connection for the files and one for the WAL
_FACTS = """
    SELECT (SELECT system_identifier::text FROM pg_control_system()) AS sysid,
           current_setting('server_version_num')::int / 10000 AS version,
           (SELECT sum(pg_database_size(oid)) FROM pg_database)::bigint AS size,
           current_setting('max_wal_senders')::int - (SELECT count(*) FROM pg_stat_replication)::int AS senders,
           current_setting('data_checksums') = 'on' AS checksums,
           (SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global'))::int AS tablespaces"""
_COLUMNS = ("sysid", "version", "size", "senders", "checksums", "tablespaces")


@dataclass(frozen=True)
class Readiness:
    """What stands for and against a copy.

    ``folder``: it is there, or the one above it is, and the server's user may write to it. ``size`` and ``free`` are
    bytes (``free`` None: unknown), ``senders`` is how many WAL senders are left, ``programs`` the major version of the
    programs that would copy. ``login_error`` is empty when logging in worked, ``login_sysid`` is who answered then;
    ``unreadable`` names a password file that the server's user can't read.
    """

    source: str
    user: str
    sysid: str
    version: int
    size: int
    senders: int
    checksums: bool
    tablespaces: int
    programs: int
    folder: bool
    free: int | None
    login_error: str
    login_sysid: str
    unreadable: str


def look(site: Site, source: Node, here: Node, folder: str, user: str) -> Readiness:
    """Look at the source, at the folder on ``here``, and log in from there. Raises ``Unreachable``."""
    shell = site.shell(here)
    with site.connect(source) as connection:
        row = connection.execute(_FACTS).fetchone() or {}
    tried = login.replication(shell, here, source, user)
    place = folder if datadir.exists(shell, folder) else posixpath.dirname(folder)  # one missing level can be made
    asked: dict[str, Any] = {name: row[name] for name in _COLUMNS}
    return Readiness(
        source=source.name,
        user=user,
        **asked,
        programs=programs(shell, here),
        folder=_writable(shell, place),
        free=datadir.free(shell, place),
        login_error=tried.error,
        login_sysid=tried.sysid,
        unreadable=login.unreadable(shell, here),
    )


def _writable(shell: Shell, folder: str) -> bool:
    return all(shell.run(["test", mode, folder], timeout=QUICK).ok for mode in ("-d", "-w"))


def objection(ready: Readiness, here: Node, place: str, action: str) -> Refusal | None:
    """Say what speaks against a copy to ``place`` on ``here``, most basic first; ``action`` begins the code. Pure."""
    return _no_access(ready, here, place, action) or _no_room(ready, place, action)


def _no_access(ready: Readiness, here: Node, place: str, action: str) -> Refusal | None:
    if not ready.folder:
        folder = place.partition(":")[2]
        hint = f"Is its disk mounted? Else: install -d -m 700 -o {here.run_as or 'postgres'} {folder}"
        return Refusal(f"{action}-NO-FOLDER", f"{place} is not a folder that the server's user can write to.", hint)
    if ready.login_error:
        said = f"{ready.user} can't log in at {ready.source} from {here.name}: {ready.login_error}"
        hint = login.hint(ready.login_error, here, ready.user, ready.unreadable)
        return Refusal(f"{action}-NO-LOGIN", said, hint)
    if ready.login_sysid != ready.sysid:
        said = f"Another server answers at {ready.source}'s address, seen from {here.name}."
        return Refusal(f"{action}-OTHER-SYSTEM", said, "Check host and port in the configuration.")
    if ready.programs != ready.version:
        said = f"{here.name} has pg_basebackup {ready.programs}, {ready.source} runs {ready.version}."
        return Refusal(f"{action}-VERSION", said, f"Install PostgreSQL {ready.version}'s programs there; check bin.")
    return None


def _no_room(ready: Readiness, place: str, action: str) -> Refusal | None:
    if ready.tablespaces:
        said = f"The cluster has {ready.tablespaces} tablespaces outside the data folder."
        return Refusal(f"{action}-TABLESPACES", said, "Copy it by hand: pg_basebackup --tablespace-mapping.")
    if ready.senders < SENDERS:
        said = f"Only {ready.senders} WAL senders are left on {ready.source}; a copy takes {SENDERS}."
        return Refusal(f"{action}-NO-SENDERS", said, "Wait for other copies, or raise max_wal_senders.")
    need = needed(ready.size)
    if ready.free is not None and ready.free < need:
        said = f"{place} has {lsn.size(ready.free)} free; about {lsn.size(need)} are needed."
        hint = "Make room first: /db status names what earlier resyncs left, /db discard deletes it."
        return Refusal(f"{action}-NO-SPACE", said, hint)
    return None


def programs(shell: Shell, node: Node) -> int:
    """Give the major version of a node's pg_basebackup; 0 when there is none."""
    said = shell.run([program(node, "pg_basebackup"), "--version"], timeout=QUICK).out
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0
