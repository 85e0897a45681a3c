import socket
import stat
import subprocess
import threading
from pathlib import Path

import pytest

from core.errors import Unreachable
from fleet.errors import HostKeyChanged, ShellError
from fleet.hostkeys import HostKey, name, pin, pinned, scan
from tests.fixtures.sshd import free_port, require, serving


@pytest.fixture
def keys(tmp_path: Path) -> list[HostKey]:
    keygen = require("ssh-keygen")
    made = []
    for n in range(3):
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / f"k{n}"], check=True)
        made.append(HostKey(*(tmp_path / f"k{n}.pub").read_text().split()[:2]))
    return made


def test_a_host_on_another_port_is_another_host() -> None:
    assert name("db1") == "db1"
    assert name("db1", 2222) == "[db1]:2222"


@pytest.mark.sshd
def test_the_fingerprint_is_the_one_that_ssh_keygen_shows(keys: list[HostKey], tmp_path: Path) -> None:
    shown = subprocess.run(["ssh-keygen", "-l", "-f", tmp_path / "k0.pub"], capture_output=True, text=True, check=True)
    assert keys[0].fingerprint == shown.stdout.split()[1]


@pytest.mark.sshd
def test_what_is_pinned_is_found_again_and_nobody_else_may_write_it(keys: list[HostKey], tmp_path: Path) -> None:
    file = tmp_path / "new" / "pins"
    pin(file, "db1", 22, [keys[0]])
    pin(file, "db2", 2222, [keys[1]])
    assert pinned(file, "db1") == (keys[0],)
    assert pinned(file, "db2", 2222) == (keys[1],)
    assert pinned(file, "db2") == ()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.sshd
def test_pinning_again_changes_nothing_and_another_key_needs_replace(keys: list[HostKey], tmp_path: Path) -> None:
    file = tmp_path / "pins"
    pin(file, "db1", 22, [keys[0]])
    pin(file, "db1", 22, [keys[0]])
    assert file.read_text().count("db1") == 1
    with pytest.raises(HostKeyChanged, match=keys[0].fingerprint[:20].replace("+", r"\+")):
        pin(file, "db1", 22, [keys[1]])
    assert pinned(file, "db1") == (keys[0],)
    pin(file, "db1", 22, [keys[1]], replace=True)
    assert pinned(file, "db1") == (keys[1],)


@pytest.mark.sshd
def test_other_hosts_and_comments_stay_as_they_are(keys: list[HostKey], tmp_path: Path) -> None:
    file = tmp_path / "pins"
    file.write_text(f"# ours\ndb1,db2 {keys[0].kind} {keys[0].blob} note\n")
    pin(file, "db1", 22, [keys[1]], replace=True)
    assert file.read_text() == (f"# ours\ndb2 {keys[0].kind} {keys[0].blob} note\ndb1 {keys[1].kind} {keys[1].blob}\n")


@pytest.mark.sshd
def test_names_that_openssh_hashed_are_known_too(keys: list[HostKey], tmp_path: Path) -> None:
    file = tmp_path / "pins"
    file.write_text(f"db1 {keys[0].kind} {keys[0].blob}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True)
    assert "db1" not in file.read_text()
    assert pinned(file, "db1") == (keys[0],)
    pin(file, "db1", 22, [keys[1]], replace=True)
    assert pinned(file, "db1") == (keys[1],)
    assert len(file.read_text().splitlines()) == 1


@pytest.mark.sshd
def test_two_who_pin_at_once_lose_nothing(keys: list[HostKey], tmp_path: Path) -> None:
    file = tmp_path / "pins"
    threads = [threading.Thread(target=pin, args=(file, f"db{n}", 22, [keys[0]])) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(pinned(file, f"db{n}") for n in range(12))


def test_nothing_to_pin_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShellError):
        pin(tmp_path / "pins", "db1", 22, [])


@pytest.mark.sshd
def test_a_host_shows_all_its_keys() -> None:
    with serving() as server:
        rsa = server.folder / "rsa"
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa], check=True)
        with serving(f"HostKey {rsa}") as both:
            assert scan("127.0.0.1", both.port) == (
                both.host_key,
                HostKey(*rsa.with_suffix(".pub").read_text().split()[:2]),
            )


def test_a_host_that_is_not_there_or_silent_is_told() -> None:
    with pytest.raises(Unreachable):
        scan("127.0.0.1", free_port())
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen()
        with pytest.raises(Unreachable) as silent:
            scan("127.0.0.1", hole.getsockname()[1])
    assert silent.value.code == "HOST-SILENT"
