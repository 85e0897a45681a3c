"""Work on a host that starts at most once and outlives whoever started it: the Python side of ``seconder-job``."""

import hashlib
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from core.errors import Unreachable
from fleet.errors import AuthRefused, HostKeyChanged, HostKeyUnknown, JobLost, JobRefused, ShellError, TimedOut
from fleet.shell import Ran, Shell

_SCRIPT = Path(__file__).with_name("seconder-job")
_NOT_THERE = (126, 127)
_REFUSALS = {75: "JOB-HELD", 76: "JOB-FENCED", 77: "JOB-NOT-ALLOWED"}
_HINTS = {
    75: "Remove the hold file on the host when whoever put it there agrees.",
    76: "Another bot has taken this run over; let it go on.",
    77: "Add the line to the allow file on the host if this may run.",
}
_ANSWER = 30.0  # seconds for one question to a host
_PATIENCE = 30.0  # seconds that a host may be out of reach before we stop asking; the job goes on meanwhile
_FIRST, _SLOWEST = 0.05, 3.0  # seconds between polls; a card is not edited more often than the latter
_SHARE = 0.1  # of a job's time so far: so much later at most its end is seen
_AGAIN = 1.0  # seconds until a host that is out of reach is asked again
_SHOWN = 20  # lines
_JITTER = (0.6, 1.4)
_UNREADABLE = -1
_ALL_LINES = 999_999  # as many as ``seconder-job tail`` gives; it stops at 1 MiB

_T = TypeVar("_T")


class Phase(StrEnum):
    """Where a job is."""

    NONE = "none"
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"


@dataclass(frozen=True)
class JobState:
    """What a host says of a job: its return code when DONE, its process id when RUNNING; the end of its output."""

    phase: Phase
    code: int | None = None
    pid: int | None = None
    said: str = field(default="", compare=False)


def script_path(work: str) -> str:
    """Give where the script lies under a node's work folder; its content is part of the name."""
    return f"{work}/seconder-job-{hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()[:12]}"


def install(shell: Shell, work: str) -> str:
    """Put the script on a host unless it is there, and give its path. Raises ``Unreachable``, ``ShellError``."""
    path = script_path(work)
    if shell.run(_words(work, ["look"]), timeout=_ANSWER).code in _NOT_THERE:
        shell.write(path, _SCRIPT.read_text(), mode=0o700)
    return path


def start(shell: Shell, work: str, job: str, epoch: int, argv: Sequence[str]) -> bool:
    """Start a job; False when it was started before (then it does not run again).

    Raises ``JobRefused`` when the host holds, fences or does not allow it: then it has not started.
    """
    return _ask(shell, work, ["start", job, str(epoch), "--", *argv]).strip() == "started"


def poll(shell: Shell, work: str, job: str, lines: int = 0) -> JobState:
    """Ask a host how a job stands, and for so many lines of the end of its output."""
    answer, _, said = _ask(shell, work, ["poll", job, *([str(lines)] if lines else [])]).partition("\n")
    match answer.split():
        case ["running", pid]:
            return JobState(Phase.RUNNING, pid=int(pid), said=said)
        case ["done", code]:
            return JobState(Phase.DONE, code=int(code), said=said)
        case ["none"]:
            return JobState(Phase.NONE)
        case ["lost"]:
            return JobState(Phase.LOST)
        case _:
            raise ShellError(f"seconder-job answered {answer!r} about job {job}.", code="JOB-ANSWER")


def tail(shell: Shell, work: str, job: str, lines: int = _SHOWN, stream: str = "") -> str:
    """Give the end of a job's output: ``out``, ``err``, or the one after the other."""
    return _ask(shell, work, ["tail", job, str(lines), *([stream] if stream else [])])


def cancel(shell: Shell, work: str, job: str) -> str:
    """Interrupt a job; asked again, terminate it. Gives what was done, such as ``sent INT to 4711``."""
    return _ask(shell, work, ["cancel", job]).strip()


def run(
    shell: Shell,
    work: str,
    job: str,
    epoch: int,
    argv: Sequence[str],
    *,
    timeout: float,
    on_poll: Callable[[str], None] | None = None,
) -> Ran:
    """Start a job, or attach to it if it was started before, and follow it to its end.

    ``on_poll`` is given the last lines of its output at every poll; what it raises ends the following, not the job.
    Raises ``TimedOut`` (the job was interrupted), ``JobLost``, ``JobRefused``, ``Unreachable`` (the job may go on).
    """
    began = time.monotonic()
    first = _insist(lambda: start(shell, work, job, epoch, argv), patience=_FIRST)  # once more
    while (state := _insist(lambda: poll(shell, work, job, _SHOWN))).phase is not Phase.DONE:
        if state.phase is Phase.NONE and not first:  # whoever was first was fenced and gave way
            first = start(shell, work, job, epoch, argv)
        elif state.phase is not Phase.RUNNING:
            raise _lost(work, job, state.phase)
        if on_poll is not None:
            on_poll(state.said)
        if (ran := time.monotonic() - began) > timeout:
            said = cancel(shell, work, job)
            raise TimedOut(f"Job {job} did not end within {timeout:g} s ({said}).", "Look what it has done so far.")
        time.sleep(_pause(ran))
    out = _insist(lambda: tail(shell, work, job, _ALL_LINES, "out"))
    err = _insist(lambda: tail(shell, work, job, _ALL_LINES, "err"))
    return Ran(_UNREADABLE if state.code is None else state.code, out, err)


def _pause(ran: float) -> float:
    """Give the seconds until the next poll, never the same: else many jobs poll, and write, in step."""
    return min(max(_FIRST, ran * _SHARE), _SLOWEST) * random.uniform(*_JITTER)  # noqa: S311  # no secret


def _insist(call: Callable[[], _T], patience: float = _PATIENCE) -> _T:
    """Call again while the host is out of reach, for a while: every question here may be asked twice."""
    first: float | None = None
    while True:
        try:
            return call()
        except (HostKeyUnknown, HostKeyChanged, AuthRefused):
            raise
        except (Unreachable, TimedOut):
            now = time.monotonic()
            first = now if first is None else first
            if now - first > patience:
                raise
            time.sleep(_AGAIN)


def _lost(work: str, job: str, phase: Phase) -> JobLost:
    if phase is Phase.NONE:
        return JobLost(f"Job {job} has vanished from {work}/jobs.", "Find out who cleans that folder.")
    return JobLost(
        f"Job {job} was started and is gone without a return code: the host restarted, or it was killed.",
        f"Look on the host: its output is in {work}/jobs/{job}; some of its processes may still run.",
    )


def _words(work: str, words: Sequence[str]) -> list[str]:
    return [script_path(work), "--dir", f"{work}/jobs", *words]


def _ask(shell: Shell, work: str, words: Sequence[str]) -> str:
    """Ask the script on a host, after putting it there if it is missing."""
    ran = shell.run(_words(work, words), timeout=_ANSWER)
    if ran.code in _NOT_THERE:
        install(shell, work)
        ran = shell.run(_words(work, words), timeout=_ANSWER)
    if ran.ok:
        return ran.out
    said = ran.err.strip().removeprefix("seconder-job: ")
    if ran.code in _REFUSALS:
        raise JobRefused(f"The host refused: {said}", _HINTS[ran.code], code=_REFUSALS[ran.code])
    raise ShellError(f"seconder-job failed with code {ran.code}: {said}", f"Look at {work} on the host.", code="JOB")
