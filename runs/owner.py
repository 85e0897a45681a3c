"""Who carries a run out, and whether that process still lives: told by a lock that ends with the process."""

import fcntl
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.ids import new_id


@dataclass(frozen=True)
class Owner:
    """One process that may own runs. The kernel lets go of its lock when it dies, however it dies."""

    name: str
    path: Path
    lock: IO[str]

    def leave(self) -> None:
        """Give the name up."""
        self.path.unlink(missing_ok=True)
        self.lock.close()


def enter(folder: Path) -> Owner:
    """Take a fresh name and lock it for as long as this process lives."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{socket.gethostname()}:{os.getpid()}:{new_id('o')}"
    path = _path(folder, name)
    lock = path.open("w", encoding="utf-8")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return Owner(name, path, lock)


def lives(folder: Path, name: str) -> bool:
    """Say whether the process behind a name still runs.

    Whoever shares the embedded store shares this folder; a host's name says nothing (a container is born with another).
    """
    try:
        with _path(folder, name).open(encoding="utf-8") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name.rsplit(':', 1)[-1]}.lock"
