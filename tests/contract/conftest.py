"""The shells that one suite holds to one contract."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.local import LocalShell
from fleet.shell import Shell
from fleet.ssh import SshShell
from tests.fixtures.sshd import Sshd, sshd

__all__ = ["sshd"]

OTHER = "nobody"
KINDS = ["local", pytest.param("ssh", marks=pytest.mark.sshd)]
if os.geteuid() == 0:  # only root becomes somebody else without sudo
    KINDS += ["local-other", pytest.param("ssh-other", marks=pytest.mark.sshd)]


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def user(kind: str) -> str:
    return OTHER if kind.endswith("other") else pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def shell(kind: str, user: str, request: pytest.FixtureRequest) -> Iterator[Shell]:
    if kind.startswith("local"):
        yield LocalShell(user)
        return
    server: Sshd = request.getfixturevalue("sshd")
    over_ssh = SshShell(server.address, server.known_hosts, user)
    yield over_ssh
    over_ssh.close()


@pytest.fixture
def place(user: str) -> Iterator[Path]:
    """A folder that belongs to the shell's user (pytest's own can be reached by ours alone)."""
    folder = Path(tempfile.mkdtemp(prefix="seconder-place-", dir="/tmp"))
    if os.geteuid() == 0:
        shutil.chown(folder, user)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
