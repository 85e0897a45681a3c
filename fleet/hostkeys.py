"""The keys by which we know our hosts: looked up, shown to people, pinned."""

import base64
import fcntl
import hashlib
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import paramiko

from core.errors import Unreachable
from fleet.errors import HostKeyChanged, ShellError
from fleet.pinned import log_channel

_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512")
_STANDARD_PORT = 22
_TIMEOUT = 5.0  # seconds


@dataclass(frozen=True)
class HostKey:
    """One public key of a host, as known_hosts writes it."""

    kind: str
    blob: str

    @property
    def fingerprint(self) -> str:
        """Give what people compare, as ssh-keygen -l writes it: ``SHA256:…``."""
        digest = hashlib.sha256(base64.b64decode(self.blob)).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


def name(host: str, port: int = _STANDARD_PORT) -> str:
    """Give the name under which known_hosts has a host."""
    return host if port == _STANDARD_PORT else f"[{host}]:{port}"


def scan(host: str, port: int = _STANDARD_PORT) -> tuple[HostKey, ...]:
    """Ask a host for its keys, one of each kind. Whoever is in between can lie: a person must compare the fingerprints.

    Raises ``Unreachable`` when it does not answer or has no key of a kind that we know.
    """
    keys = tuple(key for kind in _KINDS if (key := _offered(host, port, kind)) is not None)
    if not keys:
        raise Unreachable(
            f"{name(host, port)} showed no host key that we know.", "Is this an sshd?", code="HOST-NO-KEY"
        )
    return keys


def pinned(known_hosts: Path, host: str, port: int = _STANDARD_PORT) -> tuple[HostKey, ...]:
    """Give the keys that are pinned for a host."""
    if not known_hosts.exists():
        return ()
    entries = paramiko.HostKeys(str(known_hosts)).lookup(name(host, port))
    return tuple(HostKey(kind, key.get_base64()) for kind, key in (entries or {}).items())


def pin(
    known_hosts: Path,
    host: str,
    port: int,
    keys: Iterable[HostKey],
    *,
    replace: bool = False,
) -> None:
    """Write a host's keys into the file of pinned keys, whole or not at all; other hosts stay as they are.

    Raises ``HostKeyChanged`` when other keys are pinned for it, unless ``replace``.
    """
    keys, label = tuple(keys), name(host, port)
    if not keys:
        raise ShellError(f"There is no key to pin for {label}.", code="HOST-NO-KEY")
    known_hosts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(known_hosts):
        old = {key.kind: key for key in pinned(known_hosts, host, port)}
        changed = [key for key in keys if key.kind in old and old[key.kind] != key]
        if (changed or (old and not any(key.kind in old for key in keys))) and not replace:
            raise HostKeyChanged(
                f"Other keys are pinned for {label}: {', '.join(sorted(key.fingerprint for key in old.values()))}.",
                "Ask whoever runs the host whether its keys changed; only then pin again with --replace.",
            )
        lines = known_hosts.read_text().splitlines() if known_hosts.exists() else []
        kept = [text for line in lines if (text := _without(line, label))]
        _put(known_hosts, [*kept, *(f"{label} {key.kind} {key.blob}" for key in keys)])


def _offered(host: str, port: int, kind: str) -> HostKey | None:
    """Ask for one kind of key; None when the host has none of it."""
    try:
        sock = socket.create_connection((host, port), _TIMEOUT)
    except OSError as error:
        raise Unreachable(
            f"{name(host, port)} can't be reached: {error}.", "Is the host up?", code="HOST-UNREACHABLE"
        ) from error
    with closing(paramiko.Transport(sock)) as transport:
        transport.set_log_channel(log_channel())
        transport.banner_timeout = _TIMEOUT
        transport.get_security_options().key_types = (kind,)
        try:
            transport.start_client(timeout=_TIMEOUT)
            key = transport.get_remote_server_key()
        except paramiko.ssh_exception.IncompatiblePeer:
            return None
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise Unreachable(
                f"{name(host, port)} does not speak SSH with us: {error}.", "Is this an sshd?", code="HOST-SILENT"
            ) from error
    return HostKey(key.get_name(), key.get_base64())


def _without(line: str, label: str) -> str:
    """Give a line without one host's name; empty when it had no other."""
    names, _space, rest = line.partition(" ")
    kept = [each for each in names.split(",") if label not in (each, _unhashed(each, label))]
    return f"{','.join(kept)} {rest}" if kept else ""


def _unhashed(entry: str, label: str) -> str:
    """Give the label if a hashed entry stands for it (OpenSSH's HashKnownHosts), else nothing."""
    return label if entry.startswith("|1|") and paramiko.HostKeys.hash_host(label, entry) == entry else ""


@contextmanager
def _alone(known_hosts: Path) -> Iterator[None]:
    """Let only one process at a time change the file."""
    with known_hosts.with_name(known_hosts.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put(known_hosts: Path, lines: Iterable[str]) -> None:
    new = known_hosts.with_name(known_hosts.name + ".new")
    with new.open("w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    new.replace(known_hosts)
