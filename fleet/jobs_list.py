"""What work lies on a host: the list that ``seconder-job look`` gives."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fleet import jobs
from fleet.errors import ShellError
from fleet.shell import Ran, Shell

_ANSWER = 60.0  # seconds: a job whose starter died costs the host 2 each time it is looked at
_NOT_THERE = (126, 127)
_LINE = re.compile(r"(?P<job>[A-Za-z0-9_][A-Za-z0-9._-]*) (?P<state>none|lost|running [0-9]+|done [0-9]*)")


@dataclass(frozen=True)
class Listed:
    """One job on a host. ``state`` is in the script's words: ``running PID``, ``done CODE``, ``lost``."""

    job: str
    state: str


def look(shell: Shell, work: str) -> list[Listed]:
    """List the jobs below a node's work folder, by name; puts the script there if it is missing.

    A job that never began is given up by being looked at, as by a poll: it is lost from then on.
    Raises ``Unreachable``, ``TimedOut`` (after 60 s), ``ShellError``.
    """
    ran = _ask(shell, work)
    if ran.code in _NOT_THERE:
        jobs.install(shell, work)
        ran = _ask(shell, work)
    if not ran.ok:
        said = ran.err.strip().removeprefix("seconder-job: ")
        raise ShellError(
            f"seconder-job failed with code {ran.code}: {said}", f"Look at {work} on the host.", code="JOB"
        )
    return list(_listed(ran.out))


def _ask(shell: Shell, work: str) -> Ran:
    return shell.run([jobs.script_path(work), "--dir", f"{work}/jobs", "look"], timeout=_ANSWER)


def _listed(text: str) -> Iterator[Listed]:
    """Read the lines that name a job; above them may stand the words of a hold."""
    for line in text.splitlines():
        found = _LINE.fullmatch(line)
        if found is not None:
            yield Listed(found["job"], found["state"])
