"""After a promotion: see that the new primary's WAL is archived, and bring what the old one could not archive any more.

Nothing here fails a run, for the promotion is done: what is not proven is said loudly.
"""

import re
import time
from collections.abc import Iterator

from core.errors import SeconderError
from core.outcome import Evidence, Probe
from fleet.inventory import Node
from fleet.postgres import datadir
from fleet.postgres.archiving import Place, kept, places
from fleet.postgres.patience import Connection, one, talk
from fleet.shell import Shell
from fleet.site import Site

ARRIVES = 30.0  # seconds for one WAL file
_LOOK_EVERY = 0.1  # seconds
_COPY = 60.0  # seconds for one WAL file
_MOST = 64  # WAL files that are brought; of more a person has to know
_WAL = re.compile(r"[0-9A-F]{24}|[0-9A-F]{8}\.history")
_MARK = "SELECT pg_walfile_name(pg_logical_emit_message(true, 'seconder', 'archive')) AS name"
_OFF = "SELECT current_setting('archive_mode') = 'off' AS off"
_DONE = """
    SELECT EXISTS (SELECT FROM pg_ls_archive_statusdir() WHERE name = %s || '.done')
        OR (SELECT coalesce(last_archived_wal COLLATE "C" >= %s AND last_archived_wal ~ '^[0-9A-F]{24}$', false)
              FROM pg_stat_archiver) AS done, (SELECT last_failed_wal FROM pg_stat_archiver) AS failed"""
_WAITING = """
    SELECT current_setting('archive_mode') AS mode,
           coalesce((SELECT array_agg(left(name, -6) ORDER BY name) FROM pg_ls_archive_statusdir()
                      WHERE name LIKE '%.ready'), '{}') AS names"""


def archive(site: Site, *, node: str, old: str) -> Evidence:
    """Close a WAL file on the new primary and see it arrive; bring what waits on ``old`` since it was stopped."""
    new, said = site.cluster.node(node), []
    try:
        said.append(_arrived(site, new))
    except SeconderError as error:
        said.append(f"WHETHER THE WAL OF {node} IS ARCHIVED IS NOT KNOWN: {error.message}")
    try:
        said += _brought(site, site.cluster.node(old)) if old else []
    except SeconderError as error:
        said.append(f"WHAT {old} DID NOT ARCHIVE WAS NOT BROUGHT: {error.message}")
    return Evidence("; ".join(said))


def looked(site: Site, *, node: str, old: str) -> Probe:  # noqa: ARG001  # the step's args
    """Say no: another file is cheaper to send than the last one is to find."""
    return Probe.NOT_DONE


def _arrived(site: Site, new: Node) -> str:
    with talk(site, new, seconds=2 * ARRIVES) as connection:
        if one(connection, _OFF)["off"]:  # nothing will arrive, however long somebody waits
            return f"NO WAL OF {new.name} IS ARCHIVED: archive_mode is off, though the configuration names an archive"
        connection.execute("SET synchronous_commit = local")
        wal = str(one(connection, _MARK)["name"])
        one(connection, "SELECT pg_switch_wal() AS lsn")
        why = _waited(connection, wal)
    if why:
        return (
            f"THE ARCHIVER OF {new.name} DOES NOT GET ON: {why}. Run archive_command by hand there and read its error"
        )
    words = [_lies(site, place, wal) for place in places(site.cluster)]
    return ", ".join([f"{wal} of {new.name} is archived", *words])


def _lies(site: Site, place: Place, wal: str) -> str:
    try:
        there = any(kept(_names(site, place), wal))
    except SeconderError as error:
        return f"whether it lies in {place} is NOT KNOWN ({error.message})"
    return f"lies in {place}" if there else f"BUT IS NOT IN {place}"


def _waited(connection: Connection, wal: str) -> str:
    deadline = time.monotonic() + ARRIVES
    while True:
        row = one(connection, _DONE, (wal, wal))
        if row["done"]:
            return ""
        if time.monotonic() > deadline:
            failed = f"; it failed at {row['failed']}" if row["failed"] else ""
            return f"{wal} was not archived within {ARRIVES:g} s{failed}"
        time.sleep(_LOOK_EVERY)


def _brought(site: Site, old: Node) -> list[str]:
    """Bring WAL files that the old primary had no time to archive: on a standby its archiver rests."""
    with talk(site, old) as connection:
        row = one(connection, _WAITING)
    waiting = [str(name) for name in row["names"] if _WAL.fullmatch(str(name))]
    if row["mode"] == "always" or not waiting:
        return []
    if len(waiting) > _MOST:
        return [f"{len(waiting)} WAL FILES OF {old.name} WERE NEVER ARCHIVED: bring them by hand"]
    said: list[str] = []
    for place in places(site.cluster):
        try:
            said += _to(site, old, place, waiting)
        except SeconderError as error:
            said.append(f"WHAT {old.name} DID NOT ARCHIVE WAS NOT BROUGHT TO {place}: {error.message}")
    return said


def _to(site: Site, old: Node, place: Place, waiting: list[str]) -> Iterator[str]:
    """Bring to one destination what is not there, from a copy on its machine that is the same byte for byte."""
    here, shell = _wal_of(old), site.shell(place.keeper)
    lies_at = here if place.keeper.host == old.host else _wal_of(place.keeper)
    there = _names(site, place)
    right, source = _sums(site.shell(old), here, waiting), _sums(shell, lies_at, waiting)
    stored = _sums(shell, place.folder, [wal for wal in waiting if wal in there])
    missing = [wal for wal in waiting if not list(kept(there, wal))]
    brought = [wal for wal in missing if wal in right and source.get(wal) == right[wal]]
    failed = [wal for wal in brought if not _copied(shell, f"{lies_at}/{wal}", place.folder, wal)]
    differ = [wal for wal, digest in stored.items() if right.get(wal) != digest]
    done, left = len(brought) - len(failed), sorted({*missing} - {*brought} | {*failed})
    if done:
        yield f"{done} WAL files that {old.name} had no time to archive were brought to {place}"
    if left:
        yield f"{place} LACKS {', '.join(left)} OF {old.name}: bring them by hand from its pg_wal"
    if differ:
        yield f"{place} HAS ANOTHER {', '.join(differ)} THAN {old.name}: nothing was overwritten"


def _copied(shell: Shell, source: str, folder: str, wal: str) -> bool:
    """Put a WAL file in place whole, never over one that is there."""
    part = f"{folder}/.seconder-{wal}.part"
    steps = (["cp", "-p", "--", source, part], ["sync", "--", part], ["mv", "-T", "-n", "--", part, f"{folder}/{wal}"])
    done = all(shell.run(argv, timeout=_COPY).ok for argv in steps)
    shell.run(["rm", "-f", "--", part], timeout=_COPY)
    return done and datadir.exists(shell, f"{folder}/{wal}")


def _wal_of(node: Node) -> str:
    return f"{node.data.rstrip('/')}/pg_wal"


def _names(site: Site, place: Place) -> tuple[str, ...]:
    return datadir.names(site.shell(place.keeper), place.folder)


def _sums(shell: Shell, folder: str, names: list[str]) -> dict[str, str]:
    """Give the SHA-256 of files by their names; what is not there is left out."""
    if not names:
        return {}
    ran = shell.run(["sha256sum", "--", *(f"{folder}/{name}" for name in names)], timeout=_COPY)
    pairs = (line.split(maxsplit=1) for line in ran.out.splitlines())
    return {path.rpartition("/")[2]: digest.lstrip("\\") for digest, path in pairs}
