"""What seconder-job promises on a host: at most once, whoever dies."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fleet import jobs
from fleet.errors import JobRefused, ShellError
from fleet.jobs import JobState, Phase
from fleet.shell import Shell

QUICK = 10.0  # seconds
here = pytest.mark.parametrize("kind", ["local"], indirect=True)  # for what no shell can change


@pytest.fixture
def work(shell: Shell, place: Path) -> str:
    jobs.install(shell, str(place / "work"))
    return str(place / "work")


def ended(shell: Shell, work: str, job: str, within: float = QUICK) -> JobState:
    deadline = time.monotonic() + within
    while (state := jobs.poll(shell, work, job)).phase is Phase.RUNNING and time.monotonic() < deadline:
        time.sleep(0.05)
    return state


def test_a_job_runs_to_its_end_and_keeps_code_and_output(shell: Shell, work: str) -> None:
    assert jobs.poll(shell, work, "r.1") == JobState(Phase.NONE)
    assert jobs.start(shell, work, "r.1", 1, ["sh", "-c", "echo out; echo err >&2; exit 7"])
    assert ended(shell, work, "r.1") == JobState(Phase.DONE, code=7)
    assert jobs.tail(shell, work, "r.1") == "out\nerr\n"
    assert jobs.poll(shell, work, "r.1", 1).said == "out\nerr\n"
    assert jobs.tail(shell, work, "r.1", 5, "err") == "err\n"


def test_of_20_starters_one_starts_it_and_it_runs_once(shell: Shell, work: str, place: Path) -> None:
    argv = ["sh", "-c", f"echo ran >> {place}/ran; sleep 0.3"]
    with ThreadPoolExecutor(20) as pool:
        first = list(pool.map(lambda _: jobs.start(shell, work, "race.1", 1, argv), range(20)))
    assert first.count(True) == 1
    assert ended(shell, work, "race.1").code == 0
    assert (place / "ran").read_text() == "ran\n"


def test_arguments_reach_the_job_unchanged(shell: Shell, work: str) -> None:
    words = ["a b", "it's", "$(id)", "*", "", "-n", "new\nline", "ä"]
    jobs.start(shell, work, "words.1", 1, ["printf", "<%s>", *words])
    assert ended(shell, work, "words.1").code == 0
    assert jobs.tail(shell, work, "words.1", 99, "out") == "".join(f"<{word}>" for word in words)


def test_a_lower_epoch_than_was_seen_is_fenced(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 5, ["true"])
    with pytest.raises(JobRefused) as refused:
        jobs.start(shell, work, "r.2", 4, ["true"])
    assert refused.value.code == "JOB-FENCED"
    assert jobs.poll(shell, work, "r.2") == JobState(Phase.NONE)
    assert jobs.start(shell, work, "r.3", 5, ["true"])
    assert jobs.start(shell, work, "r.4", 10, ["true"])
    with pytest.raises(JobRefused):
        jobs.start(shell, work, "r.5", 9, ["true"])
    assert jobs.start(shell, work, "other.1", 1, ["true"])


def test_of_starters_with_different_epochs_at_most_one_runs(shell: Shell, work: str, place: Path) -> None:
    def attempt(epoch: int) -> str:
        try:
            return "started" if jobs.start(shell, work, "race.1", epoch, argv) else "already"
        except JobRefused as refused:
            return refused.code

    argv = ["sh", "-c", f"echo ran >> {place}/ran"]
    with ThreadPoolExecutor(10) as pool:
        said = list(pool.map(attempt, range(1, 11)))
    jobs.start(shell, work, "race.1", 10, argv)
    assert said.count("started") <= 1
    assert ended(shell, work, "race.1").code == 0
    assert (place / "ran").read_text() == "ran\n"


def test_a_job_outlives_its_starter(shell: Shell, work: str, place: Path) -> None:
    script, folder = jobs.script_path(work), f"{work}/jobs"
    suicide = f"{script} --dir {folder} start r.1 1 -- sh -c 'sleep 1; echo ran > {place}/ran'; kill -9 0"
    assert not shell.run(["sh", "-c", suicide], timeout=QUICK).ok
    shell.close()
    assert jobs.poll(shell, work, "r.1").phase is Phase.RUNNING
    assert ended(shell, work, "r.1").code == 0
    assert (place / "ran").exists()


def test_a_job_whose_processes_were_killed_is_lost(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["sleep", "60"])
    pid = jobs.poll(shell, work, "r.1").pid
    shell.run(["sh", "-c", f"kill -s KILL -- -{pid}"], timeout=QUICK)
    assert ended(shell, work, "r.1") == JobState(Phase.LOST)
    assert not jobs.start(shell, work, "r.1", 2, ["true"])


def test_another_process_with_the_same_id_is_not_the_job(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["sleep", "5"])
    pid = jobs.poll(shell, work, "r.1").pid
    shell.write(f"{work}/jobs/r.1/pid", f"{pid} 12345.before-the-restart\n")
    assert jobs.poll(shell, work, "r.1") == JobState(Phase.LOST)
    shell.run(["sh", "-c", f"kill -s KILL -- -{pid}"], timeout=QUICK)


def test_a_job_whose_starter_died_before_it_began_is_lost_and_never_begins(shell: Shell, work: str) -> None:
    shell.run(["mkdir", "-p", f"{work}/jobs/r.1"], timeout=QUICK)
    assert jobs.poll(shell, work, "r.1") == JobState(Phase.LOST)
    late = [jobs.script_path(work), "_run", f"{work}/jobs/r.1", "touch", f"{work}/late"]
    assert not shell.run(late, timeout=QUICK).ok
    assert shell.read(f"{work}/late") is None


def test_cancel_interrupts_and_says_so(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["sh", "-c", "trap 'echo stopping; exit 9' INT; while :; do sleep 0.1; done"])
    pid = jobs.poll(shell, work, "r.1").pid
    assert jobs.cancel(shell, work, "r.1") == f"sent INT to {pid}"
    assert ended(shell, work, "r.1") == JobState(Phase.DONE, code=9)
    assert jobs.tail(shell, work, "r.1") == "stopping\n"
    assert jobs.cancel(shell, work, "r.1") == "not running: done 9"


def test_cancel_ends_a_program_that_knows_no_signals(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["sleep", "60"])
    jobs.cancel(shell, work, "r.1")
    assert ended(shell, work, "r.1") == JobState(Phase.DONE, code=130)


def test_cancel_asked_again_terminates(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["sh", "-c", "trap '' INT; sleep 60"])
    jobs.cancel(shell, work, "r.1")
    assert jobs.poll(shell, work, "r.1").phase is Phase.RUNNING
    assert jobs.cancel(shell, work, "r.1").startswith("sent TERM")
    assert ended(shell, work, "r.1") == JobState(Phase.DONE, code=143)


def test_without_setsid_f_a_job_can_still_be_cancelled(shell: Shell, work: str, place: Path) -> None:
    shell.write(
        str(place / "bin" / "setsid"), '#!/bin/sh\n[ "$1" != -f ] || exit 1\nexec /usr/bin/setsid "$@"\n', mode=0o700
    )
    path = f"PATH={place}/bin:/usr/bin:/bin"
    argv = ["env", path, jobs.script_path(work), "--dir", f"{work}/jobs", "start", "r.1", "1", "--", "sleep", "60"]
    assert shell.run(argv, timeout=QUICK).out == "started\n"
    assert jobs.poll(shell, work, "r.1").phase is Phase.RUNNING
    assert jobs.cancel(shell, work, "r.1").startswith("sent TERM")
    assert ended(shell, work, "r.1").phase is Phase.DONE


def test_a_hold_file_stops_every_start_with_its_own_words(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["true"])
    shell.write(f"{work}/jobs/hold", "disk is being replaced until noon")
    with pytest.raises(JobRefused, match="disk is being replaced until noon") as refused:
        jobs.start(shell, work, "r.2", 1, ["true"])
    assert refused.value.code == "JOB-HELD"
    assert not jobs.start(shell, work, "r.1", 1, ["true"])
    assert jobs.poll(shell, work, "r.2") == JobState(Phase.NONE)


def test_look_lists_the_jobs(shell: Shell, work: str) -> None:
    jobs.start(shell, work, "r.1", 1, ["false"])
    ended(shell, work, "r.1")
    argv = [jobs.script_path(work), "--dir", f"{work}/jobs", "look"]
    assert shell.run(argv, timeout=QUICK).out == "r.1 done 1\n"


@here
@pytest.mark.parametrize("job", ["", ".", "..", "../x", ".epochs", "hold", "-x", "a/b", "a b", "a\nb", "é"])
def test_what_is_no_id_is_refused(shell: Shell, work: str, job: str) -> None:
    with pytest.raises(ShellError):
        jobs.start(shell, work, job, 1, ["true"])
    with pytest.raises(ShellError):
        jobs.poll(shell, work, job)


@here
@pytest.mark.parametrize("epoch", [-1, 10**15])
def test_what_is_no_epoch_is_refused(shell: Shell, work: str, epoch: int) -> None:
    with pytest.raises(ShellError):
        jobs.start(shell, work, "r.1", epoch, ["true"])


ALLOW = "# what may run\n\necho hi\necho * done\npg_ctl stop -D /data -m fast\n"


@here
@pytest.mark.parametrize(
    ("words", "may"),
    [
        (["echo", "hi"], True),
        (["echo", "some/path_1.2:3=4,5@6+7-8", "done"], True),
        (["pg_ctl", "stop", "-D", "/data", "-m", "fast"], True),
        (["echo"], False),
        (["echo", "hi", "there"], False),
        (["echo hi"], False),
        (["echo", "hi "], False),
        (["echo", "", "done"], False),
        (["echo", "a b", "done"], False),
        (["echo", "--help", "done"], False),
        (["echo", "$(id)", "done"], False),
        (["echo", "*", "done"], False),
        (["echo", "a", "b", "done"], False),
        (["pg_ctl", "stop", "-D", "/data", "-m", "immediate"], False),
        (["/tmp/echo", "hi"], False),
        (["#", "what", "may", "run"], False),
        (["sh", "-c", "echo hi"], False),
    ],
)
def test_only_what_the_allow_file_has_is_started(shell: Shell, work: str, words: list[str], *, may: bool) -> None:
    shell.write(f"{work}/allow", ALLOW, mode=0o444)
    argv = [jobs.script_path(work), "--dir", f"{work}/jobs", "--allow", f"{work}/allow", "start", "r.1", "1", "--"]
    ran = shell.run([*argv, *words], timeout=QUICK)
    assert (ran.code, ran.out) == ((0, "started\n") if may else (77, ""))
    assert (jobs.poll(shell, work, "r.1").phase is Phase.NONE) is not may


@here
def test_an_allow_file_that_is_missing_allows_nothing(shell: Shell, work: str) -> None:
    argv = [jobs.script_path(work), "--dir", f"{work}/jobs", "--allow", f"{work}/allow", "start", "r.1", "1", "--"]
    assert shell.run([*argv, "true"], timeout=QUICK).code == 77


def test_an_allow_file_that_its_user_could_change_allows_nothing(shell: Shell, work: str, user: str) -> None:
    if user == "root":
        pytest.skip("root may change everything")
    shell.write(f"{work}/allow", "true\n", mode=0o644)
    argv = [jobs.script_path(work), "--dir", f"{work}/jobs", "--allow", f"{work}/allow", "start", "r.1", "1", "--"]
    assert shell.run([*argv, "true"], timeout=QUICK).code == 77


@pytest.mark.parametrize("program", ["dash", "bash", "busybox"])
def test_every_shell_can_read_the_script(program: str) -> None:
    argv = [program, *(["sh"] if program == "busybox" else []), "-n", str(jobs._SCRIPT)]
    if not any(Path(folder, program).exists() for folder in os.get_exec_path()):
        pytest.skip(f"{program} is not on this machine")
    assert os.spawnvp(os.P_WAIT, program, argv) == 0
