"""One pg_basebackup, as a job on the host that keeps the copy: it starts once and outlives whoever asked."""

import re
import time
from collections.abc import Callable

from core.errors import StepFailed
from core.step import StepContext
from fleet import jobs
from fleet.inventory import Node
from fleet.jobs import Phase
from fleet.postgres import login, lsn, speed
from fleet.postgres.control import program
from fleet.shell import Ran, Shell

MANIFEST = "backup_manifest"
_PROGRESS = re.compile(r"(\d+)/(\d+) kB")
_QUIET = 60.0  # seconds that an interrupted program may take to end
_LINES = 3  # of a program's last words


def argv(source: Node, user: str, folder: str, label: str, rate: str = "") -> list[str]:
    """Give pg_basebackup's words: plain files, WAL streamed beside, a manifest that can be checked.

    ``rate`` limits it, so that a slow line is left for others too.
    ``--no-clean``: a failed copy stays for people to look at. The manifest comes last, after everything was synced.
    """
    options = ["-F", "plain", "-X", "stream", "-c", "fast", "-P", "-w", "--no-clean", "-l", label]
    slowly = ["-r", rate] if rate else []
    return [*login.to(source, user), "-D", folder, *options, *slowly, "--manifest-checksums", "SHA256"]


def copy(shell: Shell, here: Node, source: Node, user: str, folder: str, step: StepContext, *, rate: str = "") -> Ran:
    """Copy a server's data folder into ``folder`` on ``here``. Raises what ``jobs.run`` raises, ``StepFailed``.

    How long it took at full speed is kept for the next estimate.
    """
    words = [*login.environment(shell, here), program(here, "pg_basebackup")]
    ran = run(shell, here, [*words, *argv(source, user, folder, f"seconder-{step.run}", rate)], step)
    found = _PROGRESS.findall(ran.err)
    if ran.ok and found and not rate:
        speed.record(shell, here, source, step.job, int(found[-1][1]) * 1024)
    return ran


def run(shell: Shell, here: Node, words: list[str], step: StepContext, *, stoppable: bool = True, job: str = "") -> Ran:
    """Run a long program as this step's job and show its progress. ``stoppable``: Stop interrupts it."""
    show, job = progress(step), job or step.job

    def on_poll(said: str) -> None:
        if stoppable and step.stopping():
            jobs.cancel(shell, here.work, job)
            raise StepFailed("It was stopped on request.", code="STOPPED")
        show(said)

    ran = jobs.run(shell, here.work, job, step.epoch, words, timeout=step.deadline, on_poll=on_poll)
    show(ran.err)  # a quick one has said nothing before
    return ran


def progress(step: StepContext) -> Callable[[str], None]:
    """Give what turns a program's ``123/456 kB`` into the step's progress."""

    def show(said: str) -> None:
        found = _PROGRESS.findall(said)
        if found:
            done, total = int(found[-1][0]), int(found[-1][1])
            note = f"{lsn.size(done * 1024)} of {lsn.size(total * 1024)}"
            step.report(min(done, total), total, note)

    return show


def settle(shell: Shell, here: Node, job: str) -> None:
    """Make sure that a job is over, interrupting it if needed. Raises ``StepFailed`` when it won't end."""
    deadline = time.monotonic() + _QUIET
    while jobs.poll(shell, here.work, job).phase is Phase.RUNNING:
        if time.monotonic() > deadline:
            raise StepFailed(f"Job {job} on {here.name} does not end.", "End its process by hand.", code="JOB-STUCK")
        jobs.cancel(shell, here.work, job)
        time.sleep(1)


def last_words(ran: Ran) -> str:
    """Give the end of what a program complained about, progress left out."""
    lines = [line for line in ran.err.splitlines() if line.strip() and not _PROGRESS.search(line)]
    return " / ".join(lines[-_LINES:]) or f"code {ran.code}"
