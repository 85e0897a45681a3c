import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.errors import Unreachable
from fleet import jobs
from fleet.errors import HostKeyChanged, JobLost, JobRefused, TimedOut
from fleet.jobs import Phase
from fleet.local import LocalShell
from fleet.shell import Ran

shell = LocalShell()
QUICK = 10.0  # seconds


@pytest.fixture
def work(tmp_path: Path) -> str:
    return str(tmp_path / "work")


class Flaky(LocalShell):
    """A machine that is out of reach now and then; what was sent may still have had its effect."""

    def __init__(self, error: Exception, fails: Sequence[int], *, after: bool = False) -> None:
        super().__init__()
        self._error, self._fails, self._after = error, fails, after
        self._calls = 0

    def run(self, argv: Sequence[str], *, timeout: float, stdin: str = "") -> Ran:
        self._calls += 1
        fails = self._calls in self._fails
        if not fails or self._after:
            ran = super().run(argv, timeout=timeout, stdin=stdin)
        if fails:
            raise self._error
        return ran


def test_the_script_is_put_on_a_host_once(work: str) -> None:
    path = jobs.install(shell, work)
    before = Path(path).stat()
    assert jobs.install(shell, work) == path
    assert Path(path).stat().st_ino == before.st_ino
    assert Path(path).stat().st_mode & 0o777 == 0o700


def test_run_gives_what_the_program_gave(work: str) -> None:
    ran = jobs.run(shell, work, "r.1", 1, ["sh", "-c", "echo out; echo err >&2; exit 5"], timeout=QUICK)
    assert ran == Ran(5, "out\n", "err\n")


def test_run_attaches_to_a_job_that_was_started_before(work: str, tmp_path: Path) -> None:
    argv = ["sh", "-c", f"echo ran >> {tmp_path}/ran; sleep 0.5; echo end"]
    assert jobs.start(shell, work, "r.1", 1, argv)
    assert jobs.run(shell, work, "r.1", 2, argv, timeout=QUICK).out == "end\n"
    assert jobs.run(shell, work, "r.1", 3, argv, timeout=QUICK).out == "end\n"
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_run_shows_how_far_the_program_is(work: str) -> None:
    seen: list[str] = []
    jobs.run(
        shell,
        work,
        "r.1",
        1,
        ["sh", "-c", "for n in 1 2 3; do echo $n; sleep 0.3; done"],
        timeout=QUICK,
        on_poll=seen.append,
    )
    assert "1\n" in seen
    assert "1\n2\n" in seen


def test_a_program_that_takes_too_long_is_interrupted(work: str) -> None:
    with pytest.raises(TimedOut, match="sent INT"):
        jobs.run(shell, work, "r.1", 1, ["sleep", "60"], timeout=0.3)
    time.sleep(0.3)
    assert jobs.poll(shell, work, "r.1").code == 130


def test_a_job_that_is_lost_is_said_to_be(work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["sleep", "60"])
    shell.run(["sh", "-c", f"kill -s KILL -- -{jobs.poll(shell, work, 'r.1').pid}"], timeout=QUICK)
    with pytest.raises(JobLost) as lost:
        jobs.run(shell, work, "r.1", 2, ["sleep", "60"], timeout=QUICK)
    assert f"{work}/jobs/r.1" in lost.value.hint


def test_a_fenced_bot_is_told_that_nothing_was_started(work: str) -> None:
    jobs.start(shell, work, "r.1", 2, ["true"])
    with pytest.raises(JobRefused) as refused:
        jobs.run(shell, work, "r.2", 1, ["true"], timeout=QUICK)
    assert refused.value.code == "JOB-FENCED"
    assert jobs.poll(shell, work, "r.2").phase is Phase.NONE


def test_a_host_out_of_reach_for_a_moment_does_not_end_the_following(work: str, tmp_path: Path) -> None:
    jobs.install(shell, work)
    flaky = Flaky(Unreachable("gone for a moment"), fails=[3, 4])
    argv = ["sh", "-c", f"echo ran >> {tmp_path}/ran; sleep 0.3"]
    assert jobs.run(flaky, work, "r.1", 1, argv, timeout=QUICK).ok
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_start_whose_answer_was_lost_does_not_start_twice(work: str, tmp_path: Path) -> None:
    jobs.install(shell, work)
    flaky = Flaky(Unreachable("cut"), fails=[1], after=True)
    assert jobs.run(flaky, work, "r.1", 1, ["sh", "-c", f"echo ran >> {tmp_path}/ran"], timeout=QUICK).ok
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_a_host_that_is_not_itself_any_more_is_not_asked_again(work: str) -> None:
    jobs.install(shell, work)
    flaky = Flaky(HostKeyChanged("another key"), fails=[2])
    with pytest.raises(HostKeyChanged):
        jobs.run(flaky, work, "r.1", 1, ["true"], timeout=QUICK)
    assert flaky._calls == 2


def test_a_host_that_was_never_reached_is_given_up_soon(work: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        jobs.run(Flaky(Unreachable("down"), fails=range(100)), work, "r.1", 1, ["true"], timeout=QUICK)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("program", ["exit", "eval", "say", "no-such-program"])
def test_a_program_is_never_a_word_of_the_shell(work: str, program: str) -> None:
    assert jobs.run(shell, work, "r.1", 1, [program, "0"], timeout=QUICK).code == 127
