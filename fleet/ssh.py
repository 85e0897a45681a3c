"""Another machine, over SSH."""

import shlex
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import paramiko

from core.errors import Unreachable
from fleet.argv import as_user, encode, feed, limited, sudo_error, sudo_refused
from fleet.channel import follow
from fleet.errors import ShellError
from fleet.files import read_file, write_file
from fleet.output import KEEP
from fleet.pinned import Address, PinnedConnection
from fleet.shell import Ran

_LONGEST = (
    128 * 1024 - 64
)  # bytes of a command line: Linux takes no longer single argument, and sshd hands it on as one
_ATTEMPTS, _ASK_AGAIN = 4, 0.1  # times, seconds
_SESSIONS = 6  # at once on one connection; OpenSSH allows 10


class SshShell:
    """Runs programs on another machine over one connection that is held open, and opened again when it died."""

    def __init__(
        self,
        address: Address,
        known_hosts: Path,
        run_as: str = "",
        gateway: Address | None = None,
    ) -> None:
        self._address = address
        self._known_hosts = known_hosts
        self._run_as = "" if run_as == address.user else run_as
        self._gateway = gateway
        self._lock = threading.Lock()
        self._sessions = threading.BoundedSemaphore(_SESSIONS)
        self._connection: PinnedConnection | None = None

    def run(self, argv: Sequence[str], *, timeout: float, stdin: str = "") -> Ran:
        """Run a program to its end; see ``fleet.shell.Shell``.

        Besides ``Unreachable`` itself raises its kinds ``HostKeyUnknown``, ``HostKeyChanged``, ``AuthRefused``.
        """
        return self._execute(argv, timeout=timeout, stdin=feed(stdin), keep=KEEP)

    def read(self, path: str) -> str | None:
        """Give a file's text, or None; see ``fleet.shell.Shell``."""
        return read_file(self._execute, path)

    def write(self, path: str, text: str, *, mode: int = 0o600) -> None:
        """Put a file in place whole; see ``fleet.shell.Shell``."""
        write_file(self._execute, path, text, mode)

    def ahead(self, argv: Sequence[str], count: int) -> None:
        """Start nothing: a session that waits counts among those that the host allows, and may be cut off unseen."""

    def stage(self, folder: str, text: str, count: int) -> None:
        """Stage nothing, as ``ahead``."""

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            self._hang_up()

    def _execute(self, argv: Sequence[str], *, timeout: float, stdin: bytes, keep: int) -> Ran:
        line = self._line(argv, timeout)
        with self._sessions:
            channel = self._session()
            with channel:
                name = f"{argv[0]} on {self._address.host}"
                ran = follow(channel, line, stdin=stdin, timeout=timeout, keep=keep, name=name)
        if self._run_as and sudo_refused(ran.code, ran.err):
            raise sudo_error(self._run_as, self._address.host, ran.err)
        return ran

    def _line(self, argv: Sequence[str], timeout: float) -> str:
        """Write the one line that SSH carries, each word quoted."""
        encode(argv)
        line = shlex.join(limited(argv, timeout))
        if self._run_as:  # who may not look into the login's home
            line = f"cd / && {shlex.join(as_user([], self._run_as, self._address.user))} {line}"
        if len(line.encode()) > _LONGEST:
            raise ShellError(f"The arguments of {argv[0]} are too long.", "Send them over stdin.", code="BAD-ARGUMENT")
        return line

    def _session(self) -> paramiko.Channel:
        """Open a session; when the held connection turns out to be dead, on a new one: nothing was sent yet."""
        with self._lock:
            if self._connection is not None:
                with suppress(OSError, EOFError, paramiko.SSHException):
                    return self._open_on(self._connection)
                self._hang_up()
            self._connection = self._connect()
            try:
                return self._open_on(self._connection)
            except (OSError, EOFError, paramiko.SSHException) as error:
                self._hang_up()
                raise self._no_session(error) from error

    def _open_on(self, connection: PinnedConnection, attempts: int = _ATTEMPTS) -> paramiko.Channel:
        """Open a session within the host's limit on them, which counts one that just ended a little longer."""
        try:
            channel: paramiko.Channel = connection.create_session()
        except paramiko.ChannelException as error:  # what runs on the connection goes on
            if attempts == 1:
                raise self._no_session(error) from error
            time.sleep(_ASK_AGAIN)
            return self._open_on(connection, attempts - 1)
        return channel

    def _no_session(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"{self._address} let us in, but opened no session: {error}.",
            "Look at MaxSessions and at sshd's log there.",
            code="HOST-NO-SESSION",
        )

    def _connect(self) -> PinnedConnection:
        hop = PinnedConnection(self._gateway, self._known_hosts) if self._gateway else None
        connection = PinnedConnection(self._address, self._known_hosts, hop)
        try:
            connection.open()
        except BaseException:
            if hop is not None:
                hop.close()
            raise
        return connection

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            if connection.gateway:
                connection.gateway.close()
