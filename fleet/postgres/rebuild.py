"""Copying a node whole: the new folder is made beside the old one, and the old one is renamed, never deleted.

Every function takes the site, where the run stands, and the step's args; each checks again what it relies on.
"""

from typing import Any

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from core.step import StepContext
from fleet.inventory import Node
from fleet.postgres import control, copying, datadir, healing, lsn, readiness, rewind, speed
from fleet.postgres.aiming import beside
from fleet.postgres.controldata import SIGNAL
from fleet.postgres.pace import span
from fleet.shell import Shell
from fleet.site import Site

_MOVE = 60.0  # seconds for a rename
_SHOWS = 16  # the major version from which on pg_verifybackup shows its progress


def copy(site: Site, step: StepContext, *, source: str, rate: str = "", **same: Any) -> Evidence:  # noqa: ANN401  # the step's args
    """Copy the source into a new folder beside the node's data folder. Raises ``StepFailed`` when it isn't whole."""
    healing.still(site, **same)
    here, there = site.cluster.node(same["node"]), site.cluster.node(source)
    shell = site.shell(here)
    new = beside(shell, here, "new", step.run)
    if not _whole(shell, new):
        user = site.cluster.replication_user or there.database_user
        ran = copying.copy(shell, here, there, user, new, step, rate=rate)
        if not ran.ok or not _whole(shell, new):
            said = copying.last_words(ran) if not ran.ok else "it left no manifest"
            raise StepFailed(f"pg_basebackup failed: {said}.", "The old folder is untouched.", code="COPY-FAILED")
    went = None if rate else speed.last(shell, here, there)
    how = f": {lsn.size(went.size)} in {span(went.seconds)}" if went else ""
    return Evidence(f"{source} was copied to {new}{how}", {"folder": new})


def copied(site: Site, step: StepContext, *, node: str, **_args: object) -> Probe:
    """Look for the manifest, which is written last."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    folders = (beside(shell, here, "new", step.run), here.data)
    done = _whole(shell, folders[0]) or (_whole(shell, folders[1]) and not datadir.exists(shell, folders[0]))
    return Probe.DONE if done and _old_or_new(shell, here, step) else Probe.NOT_DONE


def verify(site: Site, step: StepContext, *, node: str) -> Evidence:
    """Read the copy back and compare it with its manifest, before any file in it is changed. Raises ``StepFailed``."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    new = beside(shell, here, "new", step.run)
    shows = ["-P"] if readiness.programs(shell, here) >= _SHOWS else []
    ran = copying.run(shell, here, [control.program(here, "pg_verifybackup"), *shows, new], step)
    if not ran.ok:
        said = f"The copy is not what the server sent: {copying.last_words(ran)}."
        raise StepFailed(said, "Check that disk. The old folder is untouched.", code="COPY-CORRUPT")
    return Evidence("pg_verifybackup read every file and the WAL: all as the server sent it")


def discard(site: Site, step: StepContext, *, node: str) -> Evidence:
    """End the copying and set what there is of the new folder aside; deletes nothing."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    copying.settle(shell, here, step.job)
    new, failed = beside(shell, here, "new", step.run), beside(shell, here, "failed", step.run)
    if datadir.exists(shell, new):
        _move(shell, new, failed)
    if datadir.exists(shell, failed):
        return Evidence(f"what was copied lies in {failed}: /db discard {site.cluster.name} {node}")
    return Evidence("nothing was left of the copy")


def swap(site: Site, step: StepContext, *, node: str, primary: str, system: str, timeline: int) -> Evidence:
    """Rename the old folder aside and the new one into its place."""
    healing.still(site, node=node, primary=primary, system=system, timeline=timeline)
    here = site.cluster.node(node)
    shell = site.shell(here)
    healing.must_be_gone(shell, here)
    real, new, old = _three(shell, here, step)
    if datadir.exists(shell, new):
        if not datadir.exists(shell, f"{new}/{SIGNAL}"):
            raise StepFailed(f"{new} has no standby.signal.", "It must not be started like that.", code="NOT-FENCED")
        if datadir.exists(shell, real) and not datadir.exists(shell, old):
            _move(shell, real, old)
        rewind.part(shell, here, step.run)
        _move(shell, new, real)
    return Evidence(f"the old folder lies in {old}", {"old": old})


def swapped(site: Site, step: StepContext, *, node: str, **_args: object) -> Probe:
    """Look whether the new folder has taken the old one's place."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    real, new, _old = _three(shell, here, step)
    done = datadir.exists(shell, real) and not datadir.exists(shell, new) and _whole(shell, real)
    return Probe.DONE if done else Probe.NOT_DONE


def swap_back(site: Site, step: StepContext, *, node: str) -> Evidence:
    """Put the old folder back in its place; the new one is set aside."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    healing.must_be_gone(shell, here)
    real, new, old = _three(shell, here, step)
    if not datadir.exists(shell, old):
        return Evidence("the old folder is in its place")
    if datadir.exists(shell, real):
        _move(shell, real, new)
    _move(shell, old, real)
    rewind.rejoin(shell, here, step.run)
    return Evidence(f"the old folder is back in its place: {real}")


def _three(shell: Shell, here: Node, step: StepContext) -> tuple[str, str, str]:
    new = beside(shell, here, "new", step.run)
    return new.removesuffix(f".new.{step.run}"), new, beside(shell, here, "old", step.run)


def _old_or_new(shell: Shell, here: Node, step: StepContext) -> bool:
    """Say whether this run's copy is there: beside the old folder, or in its place already."""
    _real, new, old = _three(shell, here, step)
    return datadir.exists(shell, new) or datadir.exists(shell, old)


def _whole(shell: Shell, folder: str) -> bool:
    return datadir.exists(shell, f"{folder}/{copying.MANIFEST}")


def _move(shell: Shell, old: str, new: str) -> None:
    ran = shell.run(["mv", "-T", "-n", old, new], timeout=_MOVE)
    if not ran.ok or datadir.exists(shell, old):
        said = (ran.err.strip() or f"{new} is in the way").splitlines()[-1]
        raise StepFailed(f"{old} can't be renamed to {new}: {said}", "Look at the folder above.", code="RENAME")
