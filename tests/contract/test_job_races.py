"""F13: two bots start one job on a host at the same moment, starters are killed and links are cut. It runs once."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from core.errors import Unreachable
from fleet.errors import JobRefused
from fleet.jobs import Phase
from fleet.local import LocalShell
from fleet.shell import Shell
from fleet.ssh import SshShell
from tests.fixtures.jobhost import PATIENCE, JobHost, job_host
from tests.fixtures.sshd import Sshd

__all__ = ["job_host"]

SOAK = 20 if os.environ.get("SECONDER_SOAK") else 1
EQUAL, DIFFERENT, KILLED, CUT = 38 * SOAK, 26 * SOAK, 20 * SOAK, 16 * SOAK  # 100 races, or 2,000
A_START, A_RUN = 0.03, 0.3  # seconds that a start takes, and a job over SSH; what hits it may do so anywhere
EPOCHS = [(1, 1), (1, 2), (2, 1)]

pytestmark = pytest.mark.rounds


def at_once(host: JobHost, job: str, *bots: tuple[Shell, int]) -> list[str]:
    """Have bots with their epochs start a job at the same moment; gives what each was told."""
    barrier = threading.Barrier(len(bots))

    def start(bot: tuple[Shell, int]) -> str:
        barrier.wait()
        return host.start(bot[0], job, bot[1])

    with ThreadPoolExecutor(len(bots)) as pool:
        return list(pool.map(start, bots))


def test_of_two_starters_with_the_same_epoch_one_starts_it_and_it_runs_once(job_host: JobHost) -> None:
    names = [f"equal{n}.1" for n in range(EQUAL)]
    for name in names:
        said = at_once(job_host, name, (LocalShell(), 1), (LocalShell(), 1))
        assert sorted(said) == ["already", "started"]
    for name in names:
        assert job_host.ended(LocalShell(), name) is Phase.DONE
    assert job_host.effects() == Counter(names)


def test_the_newer_of_two_epochs_is_never_refused_and_the_older_is_not_heard_afterwards(job_host: JobHost) -> None:
    shell = LocalShell()
    for n in range(DIFFERENT):
        job, following = f"epochs{n}.1", f"epochs{n}.2"
        old, new = at_once(job_host, job, (shell, 1), (shell, 2))
        assert new in {"started", "already"}
        assert old in {"started", "already", "JOB-FENCED"}
        assert job_host.start(shell, following, 1) == "JOB-FENCED"
        job_host.run(shell, job, 2)  # attaches, or begins what the older one had made and gave back
        assert job_host.ended(shell, following) is Phase.NONE
        (line,) = job_host.lines(f"epochs{n}.")
        assert line in ([f"{job} by 2"] if old == "JOB-FENCED" else [f"{job} by 1", f"{job} by 2"])


def test_whichever_starter_is_killed_it_runs_once_or_is_known_never_to_run(job_host: JobHost) -> None:
    """Killed between making the job's folder and beginning it, it is lost: nobody begins it, late ones neither."""
    names = [f"killed{n}.1" for n in range(KILLED)]
    for name in names:
        starters = [job_host.starter(name, epoch) for epoch in random.choice(EPOCHS)]
        time.sleep(random.uniform(0, A_START))
        for starter in random.choice([starters, starters[:1], starters[1:]]):
            with suppress(ProcessLookupError):
                os.killpg(starter.pid, signal.SIGKILL)
        for starter in starters:
            starter.wait(PATIENCE)
    with ThreadPoolExecutor(8) as pool:
        ends = dict(zip(names, pool.map(lambda name: in_the_end(job_host, name), names), strict=True))
    assert set(ends.values()) <= {Phase.DONE, Phase.LOST}
    assert job_host.effects() == Counter(name for name, end in ends.items() if end is Phase.DONE)


def in_the_end(host: JobHost, job: str) -> Phase:
    """Start what can still be started, and give how the job stands when it no longer runs."""
    assert host.start(LocalShell(), job, 2) in {"started", "already"}
    return host.ended(LocalShell(), job)


@pytest.fixture
def bots(sshd: Sshd) -> Iterator[list[SshShell]]:
    """Two bots, each with a connection of its own."""
    shells = [SshShell(sshd.address, sshd.known_hosts) for _ in range(2)]
    yield shells
    for shell in shells:
        shell.close()


@pytest.mark.sshd
def test_with_links_cut_at_any_moment_two_bots_have_the_effect_once(
    sshd: Sshd, bots: list[SshShell], job_host: JobHost
) -> None:
    def follow(bot: SshShell, job: str, epoch: int) -> None:
        with suppress(Unreachable, JobRefused):
            job_host.run(bot, job, epoch)

    for n in range(CUT):
        job = f"cut{n}.1"
        threads = [
            threading.Thread(target=follow, args=(bot, job, epoch))
            for bot, epoch in zip(bots, random.choice(EPOCHS), strict=True)
        ]
        threads.append(threading.Timer(random.uniform(0, A_RUN), sshd.cut))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        job_host.run(random.choice(bots), job, 2)
        assert job_host.effects()[job] == 1
