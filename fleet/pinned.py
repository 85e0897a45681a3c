"""An SSH connection that trusts pinned host keys only."""

import logging
import socket
from dataclasses import dataclass
from pathlib import Path

import fabric
import paramiko

from core.errors import Unreachable
from fleet.errors import AuthRefused, HostKeyChanged, HostKeyUnknown, ShellError

CONNECT, GREETING, LOGIN, CHANNEL = 5, 5, 4, 5  # seconds; the first three together are the longest wait for a host
KEEPALIVE = 10  # seconds
DEAD_AFTER = 15_000  # milliseconds without an acknowledgement


@dataclass(frozen=True)
class Address:
    """Where and as whom to log in. ``key`` is a private key file."""

    host: str
    user: str
    port: int = 22
    key: str = ""

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" + (f":{self.port}" if self.port != paramiko.config.SSH_PORT else "")


def log_channel() -> str:
    """Give the logger for paramiko's threads, silenced: they would print tracebacks of what we raise anyway."""
    channel = "fleet.ssh"
    logging.getLogger(channel).setLevel(logging.CRITICAL + 1)
    return channel


class PinnedConnection(fabric.Connection):  # type: ignore[misc]  # fabric has no types
    """Fabric's connection without its surprises.

    Fabric itself accepts every host key (``AutoAddPolicy``) and loads none. This one rejects what is not in
    ``known_hosts``, reads no ssh_config, no Fabric settings, asks no agent and forwards none. A gateway is a
    ``PinnedConnection`` too, so that it is held to the same.
    """

    def __init__(self, address: Address, known_hosts: Path, gateway: "PinnedConnection | None" = None) -> None:
        super().__init__(
            address.host,
            user=address.user,
            port=address.port,
            config=fabric.Config(lazy=True, ssh_config=paramiko.SSHConfig()),
            gateway=gateway or False,
            forward_agent=False,
            connect_timeout=CONNECT,
            connect_kwargs={
                "key_filename": [address.key] if address.key else [],
                "allow_agent": False,
                "look_for_keys": not address.key,
                "banner_timeout": GREETING,
                "auth_timeout": LOGIN,
                "channel_timeout": CHANNEL,
            },
        )
        self._set(address=address, known_hosts=known_hosts)
        self.client.set_log_channel(log_channel())
        self.client.set_missing_host_key_policy(paramiko.RejectPolicy())

    def open(self) -> None:
        """Connect and log in; the pinned keys are read each time.

        Raises ``HostKeyUnknown``, ``HostKeyChanged``, ``AuthRefused``, ``Unreachable``, ``ShellError``.
        """
        if self.is_connected:
            return
        self._load_keys()
        try:
            super().open()
        except Exception as error:
            self.client.close()
            raise _explained(error, self.address, self.known_hosts) from error
        self.transport.set_keepalive(KEEPALIVE)
        _tune(self.transport.sock)

    def _load_keys(self) -> None:
        keys = self.client.get_host_keys()
        keys.clear()
        if not self.known_hosts.exists():
            return
        try:
            keys.load(str(self.known_hosts))
        except (OSError, paramiko.SSHException) as error:
            raise ShellError(
                f"The pinned host keys in {self.known_hosts} can't be read: {error}",
                "Restore that file, or pin the hosts again: seconder host pin NODE.",
                code="KNOWN-HOSTS",
            ) from error


def _tune(sock: object) -> None:
    """Send small packets at once, and notice a dead peer soon. Behind a gateway there is no socket of ours."""
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, DEAD_AFTER)


def _explained(error: Exception, at: Address, known_hosts: Path) -> Exception:
    """Word what went wrong on the way to a host."""
    match error:
        case Unreachable() | ShellError():  # the gateway's
            return error
        case paramiko.BadHostKeyException():
            return HostKeyChanged(
                f"{at.host} shows another host key ({error.key.fingerprint}) than the pinned one "
                f"({error.expected_key.fingerprint}): somebody may be in between. Nothing was sent.",
                "Do not go on. Ask whoever runs the host whether its key changed; only then pin the new one.",
            )
        case paramiko.AuthenticationException() | paramiko.PasswordRequiredException():
            return AuthRefused(
                f"{at.host} did not let {at.user} in with the key {at.key or '~/.ssh/id_*'}.",
                f"Put the public key into {at.user}'s authorized_keys there.",
            )
        case paramiko.SSHException() if "not found in known_hosts" in str(error):
            return HostKeyUnknown(
                f"No host key of {at.host} is pinned in {known_hosts}. Nothing was sent.",
                "Pin it: seconder host pin NODE.",
            )
        case OSError() | EOFError() | paramiko.SSHException():
            return _unreachable(error, at)
        case _:
            return error


def _unreachable(error: Exception, at: Address) -> Unreachable:
    if isinstance(error, OSError) and isinstance(error.filename, str):  # our key file, not the network
        return AuthRefused(f"The key {error.filename} can't be read: {error.strerror}.", "Correct ssh_key.")
    silent = isinstance(error, TimeoutError) or "banner" in str(error) or "No existing session" in str(error)
    why = "it did not answer in time" if silent else (str(error) or type(error).__name__)
    return Unreachable(
        f"{at} can't be reached: {why}.",
        "Is the host up, and does its sshd answer on that port?",
        code="HOST-SILENT" if silent else "HOST-UNREACHABLE",
    )
