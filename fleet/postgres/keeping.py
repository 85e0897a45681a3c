"""From a copy to a backup that counts: verified, completed with what the data folder lacks, described, named."""

import re
import statistics
from dataclasses import dataclass

import psycopg

from core.clock import SystemClock
from core.errors import StepFailed
from core.outcome import Evidence
from core.step import StepContext
from fleet.inventory import Node
from fleet.postgres import basebackup, copying, datadir, login, lsn
from fleet.postgres.basebackup import CARD, FAILED, PARTIAL, BackupInfo, Destination
from fleet.postgres.control import program
from fleet.shell import Shell
from fleet.site import Site

_DUMP = 120.0  # seconds for the roles and tablespaces of a cluster
_MOVE = 120.0  # seconds; a rename, and what has to reach the disk before it
_TAIL = 4096  # bytes at a manifest's end: the WAL ranges stand there
_SUSPICIOUS = 0.5  # of the median size: barman and others call that a warning
_RANGE = re.compile(r'"Timeline": (\d+), "Start-LSN": "([0-9A-F/]+)", "End-LSN": "([0-9A-F/]+)"')


@dataclass(frozen=True)
class Keep:
    """One backup on its way: ``name`` is its folder's final name under the destination."""

    shell: Shell
    where: Destination
    name: str

    @property
    def partial(self) -> str:
        """Give the folder while it isn't a backup yet."""
        return f"{self.where.folder}/{self.name}{PARTIAL}"

    @property
    def final(self) -> str:
        """Give the folder of the finished backup."""
        return f"{self.where.folder}/{self.name}"

    @property
    def failed(self) -> str:
        """Give the folder of one that must never count."""
        return f"{self.where.folder}/{self.name}{FAILED}"

    @property
    def data(self) -> str:
        """Give the folder with the copy itself: nothing else may lie there, or its manifest would not match."""
        return f"{self.partial}/data"

    def copied(self) -> bool:
        """Say whether the copy is whole: pg_basebackup writes the manifest last, after everything reached the disk."""
        return any(
            datadir.exists(self.shell, f"{folder}/{copying.MANIFEST}") for folder in (self.data, self.final_data)
        )

    @property
    def final_data(self) -> str:
        """Give the folder with the copy in a finished backup."""
        return f"{self.final}/data"

    def kept(self) -> bool:
        """Say whether the backup is finished."""
        return datadir.exists(self.shell, f"{self.final}/{CARD}")


def copy(keep: Keep, source: Node, user: str, step: StepContext) -> Evidence:
    """Take the copy. Raises ``StepFailed`` when it isn't whole; it is set aside then and never counts."""
    if keep.copied():
        return Evidence("the copy was there already")
    _must(keep.shell, ["mkdir", "-p", "-m", "700", keep.partial], "The folder for the copy can't be made")
    ran = copying.copy(keep.shell, keep.where.node, source, user, keep.data, step)
    if not ran.ok or not keep.copied():
        aside = set_aside(keep)
        said = copying.last_words(ran) if not ran.ok else "it left no manifest"
        hint = "Checksum errors mean damaged pages on the source: treat that first." if "checksum" in said else ""
        raise StepFailed(f"pg_basebackup failed: {said}. {aside.text}.", hint, code="BACKUP-FAILED")
    return Evidence(f"copied from {source.name} to {keep.data}", {"folder": keep.partial})


def verify(keep: Keep, step: StepContext) -> Evidence:
    """Read back every file and the WAL (L2). Raises ``StepFailed`` when anything differs; it is set aside then."""
    here = keep.where.node
    ran = copying.run(keep.shell, here, [program(here, "pg_verifybackup"), keep.data], step)
    if not ran.ok:
        aside = set_aside(keep)
        said = f"The backup is not what the server sent: {copying.last_words(ran)}. {aside.text}."
        raise StepFailed(said, "Check that disk, then take another backup.", code="BACKUP-CORRUPT")
    return Evidence("pg_verifybackup read every file and the WAL: all as the server sent it", {"level": "L2"})


def extras(site: Site, keep: Keep, source: Node) -> Evidence:
    """Add what the copy lacks: roles as SQL, and configuration files that lie outside the data folder."""
    here = keep.where.node
    words = [*login.environment(keep.shell, here), program(here, "pg_dumpall"), *login.to(source, source.database_user)]
    target = f"{keep.partial}/globals.sql"
    ran = keep.shell.run([*words, "-w", "--globals-only", "-l", source.database, "-f", target], timeout=_DUMP)
    said = "roles as globals.sql" if ran.ok else f"no globals.sql ({copying.last_words(ran)}); the copy holds the roles"
    outside = _outside(site, source)
    for path in outside:
        text = site.shell(source).read(path)
        if text is not None:
            keep.shell.write(f"{keep.partial}/conf{path}", text)
    files = f", {len(outside)} configuration files from outside the data folder" if outside else ""
    return Evidence(said + files, {"globals": ran.ok, "configuration": list(outside)})


def keep_it(keep: Keep, source: Node, *, checksums: bool, system: str) -> Evidence:
    """Describe the backup, bring it to the disk, give it its name: from here on it counts."""
    if keep.kept():
        return Evidence(f"{keep.final} was there already")
    info = _describe(keep, source, checksums=checksums)
    if info.sysid != system:
        raise StepFailed(f"The copy is of system {info.sysid}, not {system}.", "Check the address of the source.")
    before = [old.size for old in basebackup.backups(keep.shell, keep.where.folder) if old.sysid == info.sysid]
    keep.shell.write(f"{keep.partial}/{CARD}", basebackup.to_json(info))
    _must(keep.shell, ["sync", "-f", keep.partial], "The backup can't be brought to the disk")
    _must(keep.shell, ["mv", "-T", "-n", keep.partial, keep.final], "The backup can't be given its name")
    _must(keep.shell, ["sync", keep.where.folder], "The new name can't be brought to the disk")
    if not keep.kept():
        raise StepFailed(f"{keep.final} was taken by something else.", f"The backup lies in {keep.partial}.")
    warning = "; LESS THAN HALF the usual size: look at it" if _small(info.size, before) else ""
    text = f"{keep.final}: {lsn.size(info.size)}, from {info.start_lsn} to {info.stop_lsn}, verified{warning}"
    return Evidence(text, {"path": keep.final, "bytes": info.size, "stop_lsn": info.stop_lsn})


def set_aside(keep: Keep) -> Evidence:
    """Rename what isn't a backup to ``.failed``, so that it can be looked at and never counts; deletes nothing."""
    if datadir.exists(keep.shell, keep.partial):
        _must(keep.shell, ["mv", "-T", "-n", keep.partial, keep.failed], "The failed copy can't be set aside")
    if datadir.exists(keep.shell, keep.failed):
        return Evidence(f"What there is lies in {keep.failed}; delete it when you have looked at it")
    return Evidence("Nothing was left behind")


def _describe(keep: Keep, source: Node, *, checksums: bool) -> BackupInfo:
    control = _must(keep.shell, [program(keep.where.node, "pg_controldata"), keep.data], "The copy can't be read")
    version = (keep.shell.read(f"{keep.data}/PG_VERSION") or "0").strip()
    tail = _must(keep.shell, ["tail", "-c", str(_TAIL), f"{keep.data}/{copying.MANIFEST}"], "No manifest")
    size = _must(keep.shell, ["du", "-sb", keep.partial], "The size can't be read").split()[0]
    ranges = _RANGE.findall(tail)
    if not ranges:
        raise StepFailed("The manifest does not say which WAL the backup needs.", code="BACKUP-MANIFEST")
    return BackupInfo(
        name=keep.name,
        path=keep.final,
        cluster=keep.name.rpartition(".")[0],
        source=source.name,
        finished=SystemClock().now(),
        sysid=datadir.fields(control).get("Database system identifier", ""),
        timeline=int(ranges[-1][0]),
        start_lsn=ranges[0][1],
        stop_lsn=ranges[-1][2],
        size=int(size),
        level="L2",
        checksums=checksums,
        version=int(version.partition(".")[0]),
    )


def _outside(site: Site, source: Node) -> tuple[str, ...]:
    """List the configuration files that lie outside the data folder; none when we may not ask."""
    question = """
        SELECT file FROM (SELECT sourcefile AS file FROM pg_file_settings
                          UNION SELECT setting FROM pg_settings WHERE name IN ('config_file', 'hba_file', 'ident_file')
                         ) AS files
        WHERE file IS NOT NULL AND NOT starts_with(file, current_setting('data_directory') || '/')
        ORDER BY file"""
    try:
        with site.connect(source) as connection:
            return tuple(str(row["file"]) for row in connection.execute(question).fetchall())
    except psycopg.errors.InsufficientPrivilege:
        return ()


def _small(size: int, before: list[int]) -> bool:
    return bool(before) and size < _SUSPICIOUS * statistics.median(before)


def _must(shell: Shell, argv: list[str], what: str) -> str:
    ran = shell.run(argv, timeout=_MOVE)
    if not ran.ok:
        raise StepFailed(
            f"{what}: {copying.last_words(ran)}.", "Look at the folder and its disk.", code="BACKUP-FOLDER"
        )
    return ran.out
