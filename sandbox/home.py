"""The one folder of the demo: who holds it, what a dead holder left running, and the world before."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox import postmaster
from sandbox.errors import SandboxError

_LOCK, _PREVIOUS, _WORLD, _DEMO = "demo.lock", "previous", "world.json", "demo.json"
# What a demo and its bot make. Nothing else in the folder is moved or deleted: it may be the wrong folder.
_OURS = (
    "servers",
    _WORLD,
    _DEMO,
    "*.log",
    "writer.*",
    "seconder.toml",
    "seconder.db*",
    "owners*",
    "known_hosts",
    "anchor*",
)
_SAME_START_S = 1.0  # two readings of one process's start time differ by less


class Busy(SandboxError):
    """Another demo holds the folder."""


@dataclass(frozen=True)
class Home:
    """The folder while we hold it."""

    path: Path

    @property
    def demo_json(self) -> Path:
        """Give the file that tells other programs where everything is."""
        return self.path / _DEMO

    def note(self, *, servers: Path | None = None, process: psutil.Process | None = None) -> None:
        """Write down where servers live, or a process that we started, so that the next demo can end it."""
        world = _read(self.path / _WORLD)
        processes = world.get("processes", [])
        if process is not None and isinstance(processes, list):
            processes.append({"pid": process.pid, "started": process.create_time()})
        place = str(servers) if servers else world.get("servers")
        write_whole(self.path / _WORLD, {"servers": place, "processes": processes})

    def end_leftovers(self) -> None:
        """End what a demo that died left running: its processes by pid and start time, its servers by their folder."""
        self.demo_json.unlink(missing_ok=True)
        world = _read(self.path / _WORLD)
        entries = world.get("processes", [])
        left = [process for entry in (entries if isinstance(entries, list) else []) if (process := _same(entry))]
        for process in left:
            process.kill()
        postmaster.wait_gone(left, 5.0)
        postmaster.end(self.path)
        if isinstance(servers := world.get("servers"), str):
            postmaster.end(Path(servers), timeout=2.0)
        self.bring_servers_home()

    def bring_servers_home(self) -> None:
        """Move the files of servers that have ended into the folder, if they had to live elsewhere."""
        servers = _read(self.path / _WORLD).get("servers")
        if not isinstance(servers, str) or Path(servers).is_relative_to(self.path) or not Path(servers).is_dir():
            return
        _delete(Path(servers) / "programs")  # a copy of what is installed
        try:
            shutil.move(servers, self.path / "servers")
        except OSError:
            return  # it stays noted, and goes with this world
        self.note(servers=self.path / "servers")

    def begin_anew(self) -> None:
        """Move the last world to ``previous`` and delete the one before it."""
        previous = self.path / _PREVIOUS
        _delete_world(previous)
        previous.mkdir(mode=0o700)
        for item in self._ours():
            item.rename(previous / item.name)

    def delete(self) -> None:
        """Delete this world and the one before, servers' files elsewhere included."""
        _delete_world(self.path / _PREVIOUS)
        _delete_servers_of(self.path)
        for item in self._ours():
            _delete(item)
        (self.path / _LOCK).unlink()
        if not any(self.path.iterdir()):
            self.path.rmdir()

    def _ours(self) -> list[Path]:
        return sorted({item for pattern in _OURS for item in self.path.glob(pattern)})


@contextmanager
def hold(path: Path) -> Iterator[Home]:
    """Hold the folder alone while the block runs.

    Raises ``Busy`` when another demo holds it, ``SandboxError`` when it is a real bot's home or can't be used.
    """
    if (path / "seconder.db").exists() and not (path / _LOCK).exists():
        raise SandboxError(f"{path} holds the store of a bot that is no demo. Set SECONDER_HOME to another folder.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)  # the servers' user passes through, and sees nothing
        lock = (path / _LOCK).open("a")
    except OSError as failure:
        raise SandboxError(f"{path} can't be used: {failure}. Set SECONDER_HOME to a folder of your own.") from failure
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(path / _DEMO)
            where = f" at {other['url']} (pid {other['pid']})" if "url" in other and "pid" in other else ""
            raise Busy(
                f"Another demo is already running in {path}{where}. Use that one, end it, or set SECONDER_HOME.",
            ) from None
        yield Home(path.resolve())


def write_whole(path: Path, value: object, mode: int = 0o600) -> None:
    """Put a JSON file in place whole, by rename, so that nobody reads half of it."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=mode)
    fresh.chmod(mode)
    fresh.write_text(json.dumps(value, indent=1) + "\n")
    fresh.replace(path)


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _same(entry: dict[str, float]) -> psutil.Process | None:
    try:
        process = psutil.Process(int(entry["pid"]))
        same = abs(process.create_time() - entry["started"]) < _SAME_START_S
    except (psutil.Error, KeyError, TypeError, ValueError):
        return None
    return process if same else None


def _delete_world(folder: Path) -> None:
    _delete_servers_of(folder)
    _delete(folder)


def _delete_servers_of(folder: Path) -> None:
    servers = _read(folder / _WORLD).get("servers")
    if isinstance(servers, str) and Path(servers).name.startswith("seconder-"):
        _delete(Path(servers))


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
