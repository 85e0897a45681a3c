"""Seeing a child process to its end: feeding it, reading it, stopping it."""

import os
import select
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import Self

from fleet.argv import KILL_AFTER
from fleet.errors import TimedOut
from fleet.output import Tail
from fleet.shell import Ran

_CHUNK = 1 << 16
_LOOK_EVERY = 0.1  # seconds between looks at a child whose pipes say nothing
_GRACE = 0.3  # seconds: a server that it started may hold its pipes for ever


def finish(process: subprocess.Popen[bytes], *, stdin: bytes, timeout: float, keep: int, name: str) -> Ran:
    """Feed and read a child until it ends. Raises ``TimedOut`` after stopping its whole process group."""
    out, err = Tail(keep), Tail(keep)
    try:
        with _Pipes(process, stdin, out, err) as pipes:
            ended = pipes.follow(time.monotonic() + timeout)
    finally:
        stopped = _stop(process)
    if not ended and stopped:
        raise TimedOut(f"{name} did not end within {timeout:g} s and was stopped.", "Look what it has done so far.")
    return Ran(_shell_code(process.returncode), out.text(), err.text())


class _Pipes:
    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, out: Tail, err: Tail) -> None:
        self._process = process
        self._stdin = memoryview(stdin)
        self._selector = selectors.DefaultSelector()
        for pipe, tail in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, tail)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            self._selector.register(process.stdin, selectors.EVENT_WRITE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._selector.close()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def follow(self, deadline: float) -> bool:
        """Move bytes until the child has ended; False when the deadline came first."""
        ended_at: float | None = None
        while (now := time.monotonic()) < deadline:
            if not self._selector.get_map():
                return self._wait(deadline - now)
            ready = self._selector.select(min(_LOOK_EVERY, deadline - now))
            for key, _events in ready:
                self._move(key)
            if ended_at is None and self._process.poll() is not None:
                ended_at = time.monotonic()
            if ended_at is not None and not ready and time.monotonic() - ended_at > _GRACE:
                return True
        return self._process.poll() is not None

    def _move(self, key: selectors.SelectorKey) -> None:
        try:
            if key.data is None:
                self._stdin = self._stdin[os.write(key.fd, self._stdin[:_CHUNK]) :]
                more = len(self._stdin) > 0
            else:
                chunk = os.read(key.fd, _CHUNK)
                key.data.add(chunk)
                more = bool(chunk)
        except (BrokenPipeError, ConnectionResetError):
            more = False
        if not more:
            self._selector.unregister(key.fileobj)
            if key.data is None and self._process.stdin is not None:
                self._process.stdin.close()

    def _wait(self, seconds: float) -> bool:
        began = time.monotonic()
        if self._process.poll() is None:  # else its number may be somebody else's by now
            _sleep_until_it_ended(self._process.pid, seconds)
        try:
            self._process.wait(max(0.0, seconds - (time.monotonic() - began)))
        except subprocess.TimeoutExpired:
            return False
        return True


def _sleep_until_it_ended(pid: int, seconds: float) -> None:
    """Sleep until a child ended; Python's own wait looks, sleeps for half a millisecond and more, and looks again."""
    with suppress(AttributeError, OSError):  # only Linux has such descriptors, since 5.3
        end = os.pidfd_open(pid)
        try:
            ended = select.poll()
            ended.register(end, select.POLLIN)
            ended.poll(seconds * 1000)
        finally:
            os.close(end)


def _stop(process: subprocess.Popen[bytes]) -> bool:
    """End the child's process group if it still runs, politely first; say whether that was needed."""
    if process.poll() is not None:
        return False
    for number, patience in ((signal.SIGTERM, KILL_AFTER), (signal.SIGKILL, KILL_AFTER)):
        with suppress(ProcessLookupError, PermissionError):  # gone, or sudo's: the timeout inside it ends it
            os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        break
    return True


def _shell_code(code: int) -> int:
    """Give the code that a shell would: 128 + the number of the signal that ended a program."""
    return 128 - code if code < 0 else code
