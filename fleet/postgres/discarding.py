"""Deleting a folder that a resync moved aside: what only it holds, the deletion itself, and its end.

Every step takes the site, where the run stands, and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from core.step import StepContext
from fleet import jobs
from fleet.inventory import Node
from fleet.jobs import Phase
from fleet.postgres import attic, copying, datadir, divergence, lsn
from fleet.postgres.divergence import End, Verdict
from fleet.postgres.observe import observe
from fleet.postgres.patience import talk
from fleet.postgres.standing import head
from fleet.shell import Shell
from fleet.site import Site

_LOOK_EVERY = 3.0  # seconds between two looks at how much is left


def holds(site: Site, node: Node, path: str, primary: str) -> tuple[str, Verdict, int | None]:
    """Give a folder's system identifier, how its WAL stands to the primary's, and the bytes that only it has."""
    shell, there = site.shell(node), site.cluster.node(primary)
    data = datadir.look(shell, replace(node, data=path))
    if data is None:
        return "", Verdict.UNKNOWN, None
    end = datadir.end(shell, replace(node, data=path), data)
    with talk(site, there) as connection:
        timeline, position = head(connection, primary)
    text = site.shell(there).read(f"{there.data}/pg_wal/{timeline:08X}.history") if timeline > 1 else ""
    forks = divergence.history(text or "")
    verdict = divergence.verdict(end, End(timeline, position), forks)
    fork = forks.get(end.timeline or 0)
    beyond = end.position - fork if verdict is Verdict.DIVERGED and fork is not None and end.position else None
    return data.sysid, verdict, beyond


def delete(site: Site, step: StepContext, *, node: str, folder: str, system: str) -> Evidence:
    """Delete the folder as a job. Raises ``StepFailed`` when the node is not well, or the folder is not ours."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    if not datadir.exists(shell, folder):
        return Evidence(f"{folder} is not there any more")
    _may(site, shell, here, folder, system)
    before = attic.size(shell, folder)
    words = ["rm", "-rf", "--one-file-system", "--", folder]
    job, show = _job(shell, here, step), _progress(shell, folder, before, step)
    ran = jobs.run(shell, here.work, job, step.epoch, words, timeout=step.deadline, on_poll=show)
    if not ran.ok or datadir.exists(shell, folder):
        hint = f"What is left of it still lies there; ask again: /db discard {site.cluster.name} {node}"
        raise StepFailed(f"{folder} could not be deleted: {copying.last_words(ran)}.", hint, code="DISCARD-FAILED")
    freed = f": {lsn.size(before)} are free again" if before is not None else ""
    return Evidence(f"{folder} is deleted{freed}", {"bytes": before})


def deleted(site: Site, step: StepContext, *, node: str, folder: str, **_args: object) -> Probe:
    """Look whether the folder is gone, waiting for the job if it still runs."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    deadline = time.monotonic() + step.deadline
    while any(jobs.poll(shell, here.work, job).phase is Phase.RUNNING for job in _jobs(step)):
        if time.monotonic() > deadline:
            return Probe.UNKNOWN
        time.sleep(1)
    return Probe.NOT_DONE if datadir.exists(shell, folder) else Probe.DONE


def _progress(shell: Shell, folder: str, before: int | None, step: StepContext) -> Callable[[str], None]:
    """Give what shows how much of a folder is gone; adding it up is work for the disk, so now and then only."""
    due = time.monotonic() + _LOOK_EVERY

    def show(_said: str) -> None:
        nonlocal due
        if before is not None and time.monotonic() > due:
            done = max(0, before - (attic.size(shell, folder) or 0))
            step.report(done, before, f"{lsn.size(done)} of {lsn.size(before)} deleted")
            due = time.monotonic() + _LOOK_EVERY

    return show


def _may(site: Site, shell: Shell, here: Node, folder: str, system: str) -> None:
    """Look again at all that consent rests on. Raises ``StepFailed``."""
    view = observe(site)
    why = attic.unwell(view, here.name) or attic.foreign(shell, here, attic.neighbours(site, here), folder)
    if not why and view.primary and view.primary.sysid != system:
        why = f"{view.primary.name} is of system {view.primary.sysid}, not {system}"
    if why:
        raise StepFailed(f"{folder} is kept: {why}.", "Look at the node and ask again.", code="DISCARD-KEPT")


def _job(shell: Shell, here: Node, step: StepContext) -> str:
    """Give the job to start or to follow: a second one when the first was lost with its host."""
    first, again = _jobs(step)
    return again if jobs.poll(shell, here.work, first).phase is Phase.LOST else first


def _jobs(step: StepContext) -> tuple[str, str]:
    return step.job, f"{step.job}.again"
