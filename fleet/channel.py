"""Seeing a remote program to its end: starting it, feeding it, reading it, giving up on it."""

import selectors
import threading
import time
from contextlib import suppress
from typing import Any

import paramiko

from core.errors import Unreachable
from fleet.errors import TimedOut
from fleet.output import Tail
from fleet.shell import Ran

_CHUNK = 1 << 16
_GRACE = 0.3  # seconds: a server that the program started may hold its output open for ever
_LOOK_EVERY = 0.1  # seconds
_REKEY = 30.0  # seconds, as paramiko's own limit
_NO_CODE = -1  # paramiko's word for "the host sent no return code"
_SIGNALLED = 128  # what a shell adds to a signal's number; paramiko does not hand the number on


def follow(channel: paramiko.Channel, line: str, *, stdin: bytes, timeout: float, keep: int, name: str) -> Ran:
    """Run one command line to its end. Raises ``TimedOut``; ``Unreachable`` when the connection broke meanwhile."""
    out, err = Tail(keep), Tail(keep)
    starter = threading.Thread(target=_start, args=(channel, line, stdin), name="ssh-start", daemon=True)
    starter.start()
    try:
        ended = _read(channel, out, err, time.monotonic() + timeout)
    finally:
        code = channel.exit_status if channel.exit_status_ready() else None
        lost = code == _NO_CODE and _gone(channel)
        with suppress(OSError, EOFError, paramiko.SSHException):  # the connection may just have broken, behind the end
            channel.close()  # wakes the starter, should it still wait for the host
        starter.join(_GRACE)
    if not ended:
        raise TimedOut(f"{name} did not end within {timeout:g} s and was stopped.", "Look what it has done so far.")
    if lost or code is None:
        raise Unreachable(
            f"The connection broke while {name} ran.",
            "It may or may not have had its effect: look before you do it again.",
            code="CONNECTION-LOST",
        )
    if code == _NO_CODE:
        return Ran(_SIGNALLED, out.text(), err.text() + "ended by a signal\n")
    return Ran(code, out.text(), err.text())


def _start(channel: paramiko.Channel, line: str, stdin: bytes) -> None:
    """Run in a thread of its own: paramiko waits for the host without a limit."""
    try:
        channel.set_environment_variable("LC_ALL", "C")  # if the host lets us: we read its messages
        channel.exec_command(line)
        channel.sendall(stdin)
        _end_of_input(channel)
    except (OSError, EOFError, paramiko.SSHException):  # closed from either side: the reader sees that too
        return


def _end_of_input(channel: paramiko.Channel) -> None:
    """Send the end of stdin, never behind the close of its channel.

    paramiko's ``shutdown_write`` makes the packet behind the channel's lock and sends it outside. When the program has
    ended by then, paramiko's own thread may send the close first, and for what comes after that OpenSSH ends the whole
    connection, with all that runs there: paramiko#1115, #1705 ("ieof packet referred to nonexistent channel").
    """
    transport: Any = channel.transport
    transport.clear_to_send.wait(_REKEY)  # while keys are exchanged its thread must not wait for our lock
    with channel.lock:
        packet = None if channel.closed else channel._send_eof()  # type: ignore[attr-defined]  # noqa: SLF001
        if packet is not None:
            transport._send_user_message(packet)  # noqa: SLF001  # there is no public way to send it behind the lock


def _read(channel: paramiko.Channel, out: Tail, err: Tail, deadline: float) -> bool:
    """Read until the program has ended; False when the deadline came first."""
    ended_at: float | None = None
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while (now := time.monotonic()) < deadline:
            pause = min(_LOOK_EVERY, deadline - now)
            if channel.eof_received or channel.closed:
                channel.status_event.wait(pause)
            else:
                selector.select(pause)
            if ended_at is None and channel.exit_status_ready():
                ended_at = time.monotonic()
            silent = channel.eof_received or channel.closed
            # Asked before bytes are taken: else those that come with the end, right after a look for them, are lost.
            over = ended_at is not None and (silent or time.monotonic() - ended_at > _GRACE)
            if not _move(channel, out, err) and over:
                return True
    return channel.exit_status_ready()


def _move(channel: paramiko.Channel, out: Tail, err: Tail) -> bool:
    moved = False
    if channel.recv_ready():
        out.add(channel.recv(_CHUNK))
        moved = True
    if channel.recv_stderr_ready():
        err.add(channel.recv_stderr(_CHUNK))
        moved = True
    return moved


def _gone(channel: paramiko.Channel) -> bool:
    """Say whether the whole connection is gone: its thread ends right after it closed its channels."""
    transport = channel.get_transport()
    transport.join(_GRACE)
    return not transport.is_active()
