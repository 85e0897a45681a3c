"""seconder-job as the only command that a key may run: a list of programs, not a shell."""

import os
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet import jobs
from fleet.errors import JobRefused
from fleet.jobs import JobState, Phase
from fleet.ssh import SshShell
from tests.fixtures.sshd import serving

QUICK = 10.0  # seconds
ALLOW = "echo hello *\npg_controldata /data\n"


@dataclass
class Guarded:
    """A host whose sshd forces the script on everybody."""

    shell: SshShell
    folder: Path

    def ask(self, line: str) -> tuple[int, str]:
        """Send a raw line, past our own quoting."""
        channel = self.shell._session()
        with channel:
            channel.exec_command(line)
            return channel.recv_exit_status(), channel.recv(10_000).decode()


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "jobs").mkdir()
    (folder / "allow").write_text(ALLOW)
    (folder / "allow").chmod(0o444)
    script = folder / "seconder-job"
    script.write_bytes(jobs._SCRIPT.read_bytes())
    script.chmod(0o755)
    with serving(f"ForceCommand {script} --dir {folder}/jobs --allow {folder}/allow") as server:
        shell = SshShell(server.address, server.known_hosts)
        yield Guarded(shell, folder)
        shell.close()


@pytest.mark.sshd
def test_jobs_work_through_it_without_installing_anything(guarded: Guarded) -> None:
    assert jobs.install(guarded.shell, "/no/such/folder").startswith("/no/such/folder/")
    ran = jobs.run(guarded.shell, "/no/such/folder", "r.1", 1, ["echo", "hello", "db1"], timeout=QUICK)
    assert (ran.code, ran.out) == (0, "hello db1\n")
    assert (guarded.folder / "jobs" / "r.1").is_dir()
    assert jobs.poll(guarded.shell, "/no/such/folder", "r.2") == JobState(Phase.NONE)


@pytest.mark.sshd
def test_a_program_on_the_list_runs_in_the_foreground_too(guarded: Guarded) -> None:
    assert guarded.shell.run(["echo", "hello", "db1"], timeout=QUICK).out == "hello db1\n"
    assert guarded.shell.run(["echo", "goodbye", "db1"], timeout=QUICK).code == 77


@pytest.mark.sshd
def test_a_job_that_is_not_on_the_list_is_refused(guarded: Guarded) -> None:
    with pytest.raises(JobRefused) as refused:
        jobs.start(guarded.shell, "/w", "r.3", 1, ["rm", "-rf", "/data"])
    assert refused.value.code == "JOB-NOT-ALLOWED"


FORBIDDEN = [
    "id",
    "sh",
    "sh -c id",
    "bash -i",
    "echo hello $(id)",
    "echo hello `id`",
    "echo hello ; id",
    "echo hello x; id",
    "echo hello x && id",
    "echo hello x | id",
    "echo hello x > {folder}/written",
    "echo hello x\nid",
    "'echo' 'hello' 'x y'",
    "echo hello '$(id)'",
    'echo hello "x"',
    "echo hello 'x",
    "echo hello x'y'z",
    "echo hello --help",
    "echo hello *",
    "timeout -k 5 5 id",
    "timeout -k 5 '5 id' echo hello x",
    "timeout -k 5 5",
    "env echo hello x",
    "exec echo hello x",
    "eval id",
    "cd / && id",
    "seconder-job --allow /dev/null look",
    "seconder-job --dir /tmp --allow /dev/null start r.9 1 -- id",
    "seconder-job start r.9 1 -- id",
    "seconder-job start r.9 1 -- sh -c id",
    "seconder-job start r.9 1 -- -c id",
    "seconder-job _run {folder}/jobs/r.9 id",
    "seconder-job tail ../../allow",
    "seconder-job tail r.1 5 pid",
    "SSH_ORIGINAL_COMMAND=id seconder-job look",
    "",
]


@pytest.mark.sshd
@pytest.mark.parametrize("line", FORBIDDEN)
def test_nothing_else_gets_through(guarded: Guarded, line: str) -> None:
    before = sorted(guarded.folder.iterdir())
    code, said = guarded.ask(line.format(folder=guarded.folder))
    assert code in (64, 77)
    assert said == ""
    assert not (guarded.folder / "jobs" / "r.9").exists()
    assert sorted(guarded.folder.iterdir()) == before


word = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
plain = word.filter(
    lambda text: bool(text) and not text.startswith("#") and text != "*" and not set(text) & set(" \t\n")
)


def forced(folder: Path, line: str) -> subprocess.CompletedProcess[bytes]:
    argv = [str(jobs._SCRIPT), "--dir", str(folder / "jobs"), "--allow", str(folder / "allow")]
    environment = {"PATH": os.environ["PATH"], "SSH_ORIGINAL_COMMAND": line}
    return subprocess.run(argv, env=environment, capture_output=True, check=False)


@settings(max_examples=100, deadline=None)
@given(words=st.lists(plain, max_size=4))
def test_quoted_words_are_understood_as_they_were_meant(
    words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("forced")
    (folder / "allow").write_text(" ".join(["printf", "<%s>", *words]), newline="\n")
    (folder / "allow").chmod(0o444)
    ran = forced(folder, shlex.join(["printf", "<%s>", *words]))
    assert (ran.stdout.decode(), ran.stderr) == ("".join(f"<{each}>" for each in words or [""]), b"")


@settings(max_examples=100, deadline=None)
@given(words=st.lists(word | st.sampled_from(["echo", "hello", "'", ";", "$(id)", "\n"]), min_size=1, max_size=4))
def test_whatever_is_asked_only_the_list_runs(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("forced")
    (folder / "allow").write_text("true\n")
    (folder / "allow").chmod(0o444)
    for line in (shlex.join(words), " ".join(words)):
        ran = forced(folder, line)
        assert ran.stdout == b""
        assert ran.returncode in (64, 77) or line.strip() in ("", "true")
