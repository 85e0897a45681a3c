"""F12 on the host: a starter that froze, and woke after a newer epoch was seen, is refused."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fleet import jobs
from fleet.jobs import Phase
from fleet.local import LocalShell
from tests.fixtures.jobhost import PATIENCE, JobHost, begun, job_host

__all__ = ["job_host"]

SOAK = 20 if os.environ.get("SECONDER_SOAK") else 1
FROZEN = 15 * SOAK  # rounds
A_START = 0.03  # seconds
FENCED = 76
SHELL = LocalShell()

# Stand before the programs that the script calls, and stop the script there: $PPID is the script.
_MKDIR = """#!/bin/sh
case "$FREEZE $*" in "asked -p "*/.epochs/*) kill -s STOP $PPID ;; esac
/bin/mkdir "$@" || exit
case "$FREEZE $*" in "made "*/jobs/r.1) kill -s STOP $PPID ;; esac
"""
_SETSID = """#!/bin/sh
case "$FREEZE $*" in "admitted -f true") kill -s STOP $PPID ;; esac
exec /usr/bin/setsid "$@"
"""

Freeze = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def frozen(job_host: JobHost, tmp_path: Path) -> Iterator[Freeze]:
    """Start r.1 with epoch 1 and freeze the starter once it ``asked``, ``made`` the folder or was ``admitted``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("mkdir", _MKDIR), ("setsid", _SETSID)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    starters = []

    def freeze(where: str) -> subprocess.Popen[bytes]:
        starters.append(job_host.starter("r.1", 1, PATH=f"{folder}:{os.environ['PATH']}", FREEZE=where))
        wait_until_stopped(starters[-1])
        return starters[-1]

    yield freeze
    for starter in starters:
        with suppress(ProcessLookupError):
            os.killpg(starter.pid, signal.SIGKILL)
        starter.wait(PATIENCE)


def wait_until_stopped(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while ") T " not in Path(f"/proc/{process.pid}/stat").read_text():
        assert time.monotonic() < deadline, "it never froze"
        time.sleep(0.01)


def thawed(process: subprocess.Popen[bytes]) -> int:
    """Let it go on; gives its code at the end."""
    process.send_signal(signal.SIGCONT)
    return process.wait(PATIENCE)


def test_a_bot_that_froze_between_look_and_start_is_refused(job_host: JobHost) -> None:
    look, start = job_host.words("look"), job_host.words("start", "r.1", "1", "--", *job_host.argv("r.1", 1))
    bot = begun(["sh", "-c", '"$1" "$2" "$3" look; kill -s STOP $$; shift 4; exec "$@"', "bot", *look, *start], {})
    wait_until_stopped(bot)
    assert job_host.start(SHELL, "r.2", 2) == "started"
    assert thawed(bot) == FENCED
    assert job_host.start(SHELL, "r.1", 2) == "started"
    assert job_host.ended(SHELL, "r.1") is job_host.ended(SHELL, "r.2") is Phase.DONE
    assert sorted(job_host.lines()) == ["r.1 by 2", "r.2 by 2"]


def test_a_starter_that_froze_before_it_was_admitted_gives_way(job_host: JobHost, frozen: Freeze) -> None:
    starter = frozen("asked")
    assert job_host.start(SHELL, "r.1", 2) == "started"
    assert thawed(starter) == FENCED
    assert job_host.ended(SHELL, "r.1") is Phase.DONE
    assert job_host.lines() == ["r.1 by 2"]


def test_a_starter_that_froze_with_the_folder_made_gives_it_back(job_host: JobHost, frozen: Freeze) -> None:
    starter = frozen("made")
    assert job_host.start(SHELL, "r.1", 2) == "already"
    assert thawed(starter) == FENCED
    assert job_host.start(SHELL, "r.1", 2) == "started"
    assert job_host.ended(SHELL, "r.1") is Phase.DONE
    assert job_host.lines() == ["r.1 by 2"]


def test_a_starter_that_gives_way_right_now_is_not_taken_for_lost_and_one_that_died_there_is(job_host: JobHost) -> None:
    left = Path(job_host.work) / "jobs/r.1"
    for gives_way, seen in ((True, Phase.NONE), (False, Phase.LOST)):
        (left / "go").mkdir(parents=True)
        mover = threading.Timer(0.3, left.rename, args=[left.with_name(".fenced-r.1-4711")] if gives_way else [left])
        mover.start()
        assert jobs.poll(SHELL, job_host.work, "r.1", 1).phase is seen
        mover.join()
    assert job_host.ended(SHELL, "r.1") is Phase.LOST


def test_a_starter_that_froze_with_the_folder_made_is_refused_after_a_poll_too(
    job_host: JobHost, frozen: Freeze
) -> None:
    starter = frozen("made")
    assert job_host.start(SHELL, "r.1", 2) == "already"
    assert job_host.ended(SHELL, "r.1") is Phase.LOST
    assert thawed(starter) == FENCED


@pytest.mark.parametrize("where", ["made", "admitted"])
def test_what_a_poll_gave_up_never_begins(job_host: JobHost, frozen: Freeze, where: str) -> None:
    starter = frozen(where)
    assert job_host.start(SHELL, "r.1", 2) == "already"
    assert job_host.ended(SHELL, "r.1") is Phase.LOST
    thawed(starter)
    assert job_host.ended(SHELL, "r.1") is Phase.LOST
    assert job_host.lines() == []


def test_a_job_admitted_before_the_freeze_does_not_begin_after_a_newer_epoch_was_seen(
    job_host: JobHost, frozen: Freeze
) -> None:
    starter = frozen("admitted")
    assert job_host.start(SHELL, "r.2", 2) == "started"
    assert job_host.ended(SHELL, "r.2") is Phase.DONE
    thawed(starter)
    job_host.ended(SHELL, "r.1")
    assert job_host.lines() == ["r.2 by 2"]


@pytest.mark.rounds
def test_frozen_at_any_moment_the_job_runs_once(job_host: JobHost) -> None:
    for n in range(FROZEN):
        job = f"any{n}.1"
        starter = job_host.starter(job, 1)
        time.sleep(random.uniform(0, A_START))
        starter.send_signal(signal.SIGSTOP)
        assert job_host.start(SHELL, job, 2) in {"started", "already"}
        assert thawed(starter) in {0, FENCED}
        job_host.run(SHELL, job, 2)  # attaches, or begins what was given back
        assert job_host.effects()[job] == 1
