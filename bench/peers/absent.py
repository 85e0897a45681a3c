"""What is missing for a peer, and what brings it: whoever wants a peer says so loudly, and measures nothing."""

import shutil
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.servers import find_bin

VERSION = 15  # what Debian's repmgr is made for


class Absent(Exception):
    """A part of a peer is not on this machine; the text says which, and what brings it."""


def program(name: str, package: str, *, folder: Path | None = None) -> Path:
    """Find a program on PATH or in a folder. Raises ``Absent``."""
    found = shutil.which(name, path=f"{folder}" if folder else None) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise Absent(f"there is no {name} here (Debian: {package})")
    return Path(found)


def server_programs() -> Path:
    """Find PostgreSQL 15's programs. Raises ``Absent``."""
    try:
        return find_bin(VERSION)
    except SandboxError as missing:
        raise Absent(f"{missing} (Debian: postgresql-{VERSION})") from None
