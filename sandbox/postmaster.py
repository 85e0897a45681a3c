"""The processes of a server, found by the folder that they work in, whoever started them."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

_DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
_POLL_S = 0.02
_PROGRAMS = ("postgres", "pg_", "initdb")
_PID_FILE = "postmaster.pid"
_PIECES = Path("/proc/sysvipc/shm")  # Linux
_REMOVE = 0  # IPC_RMID


def family(folder: Path) -> list[psutil.Process]:
    """List PostgreSQL's processes that work in a folder (or below it), or were told to by their command line."""
    root = folder.resolve()
    return [process for process in psutil.process_iter() if _belongs(process, root)]


def postmaster(data: Path) -> psutil.Process | None:
    """Give the main process of the server on a data directory, or None. A stale postmaster.pid is not believed."""
    try:
        process = psutil.Process(_pid_in(data))
    except (ValueError, psutil.NoSuchProcess):
        return None
    return process if _belongs(process, data.resolve()) else None


def is_frozen(data: Path) -> bool:
    """Say whether the server on a data directory is stopped by SIGSTOP."""
    process = postmaster(data)
    try:
        return process is not None and process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


def freeze(data: Path) -> None:
    """Stop a server's processes where they are; the postmaster first, so that it starts no more."""
    stopped: set[int] = set()
    main = postmaster(data)
    if main is not None:
        _tell([main], signal.SIGSTOP)
        stopped.add(main.pid)
    while fresh := [process for process in family(data) if process.pid not in stopped]:
        _tell(fresh, signal.SIGSTOP)
        stopped |= {process.pid for process in fresh}


def thaw(data: Path) -> None:
    """Let a frozen server go on."""
    _tell(family(data), signal.SIGCONT)


def kill(data: Path, *, timeout: float = 5.0) -> None:
    """End a server as a crash would: SIGKILL to the postmaster; its children follow, or are made to.

    ``timeout`` is in seconds; afterwards no process of the server is left.
    """
    main = postmaster(data)
    processes = family(data)
    if main is not None:
        _tell([main], signal.SIGKILL)
    _tell([process for process in processes if process != main], signal.SIGCONT)  # a frozen child would never notice
    left = wait_gone(processes, timeout)
    _tell([*left, *family(data)], signal.SIGKILL)
    wait_gone([*left, *family(data)], timeout)
    if main is not None:  # PostgreSQL takes an unreaped postmaster for a living one
        _wait(lambda: not main.is_running(), timeout)


def end(folder: Path, *, timeout: float = 5.0) -> None:
    """End every server below a folder: fast, then immediate, then SIGKILL, each for ``timeout`` seconds."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        processes = family(folder)
        if not processes:
            break
        mains = [process for process in processes if _is_main(process)]
        _tell(processes, signal.SIGCONT)
        _tell(processes if number == signal.SIGKILL else mains or processes, number)
        wait_gone(processes, timeout)
    _free(folder)


def wait_gone(processes: Iterable[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Wait until processes are gone, at most ``timeout`` seconds, and list those that are still there."""
    all_of_them = list(processes)
    _wait(lambda: all(_gone(process) for process in all_of_them), timeout)
    return [process for process in all_of_them if not _gone(process)]


def reap() -> None:
    """Take note of the death of servers whose parent we became because we are process 1, as in a container."""
    if os.getpid() != 1:
        return
    for process in psutil.Process().children():
        try:
            if process.name() == "postgres" and process.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(process.pid, os.WNOHANG)
        except (psutil.NoSuchProcess, ChildProcessError):
            continue


def _free(folder: Path) -> None:
    """Free what killed servers below a folder hold still: some bytes of shared memory each, which know their pid.

    A machine has 4096 such pieces (kernel.shmmni); without one left no PostgreSQL starts on it any more. A server that
    is started again frees its own.
    """
    killed = {abs(_pid_in(Path(data))) for data, _folders, files in os.walk(folder) if _PID_FILE in files}
    for line in _PIECES.read_text().splitlines()[1:] if killed and _PIECES.exists() else []:
        _key, piece, _mode, _size, creator, _last, attached = line.split()[:7]
        if int(creator) in killed and attached == "0":
            ctypes.CDLL(None).shmctl(int(piece), _REMOVE, None)


def _pid_in(data: Path) -> int:
    """Give the id in postmaster.pid, 0 when there is none; it is negative for who ran alone (postgres --single)."""
    try:
        return int((data / _PID_FILE).read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return 0


def _wait(over: Callable[[], bool], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not over() and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() in _DEAD
    except psutil.NoSuchProcess:
        return True


def _is_main(process: psutil.Process) -> bool:
    # the postmaster's children replace their command line by a title
    try:
        return "-D" in process.cmdline()
    except psutil.Error:
        return False


def _belongs(process: psutil.Process, root: Path) -> bool:
    try:
        if not process.name().startswith(_PROGRAMS) or process.status() in _DEAD:
            return False
        places = [process.cwd(), *process.cmdline()]
    except psutil.Error:
        return False
    return any(Path(place).is_relative_to(root) for place in places if place.startswith("/"))


def _tell(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
