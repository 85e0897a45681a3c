"""Where the demo cluster's files lie and what stands in them."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from psycopg.conninfo import make_conninfo

from sandbox.servers import give

LOOPBACK = "127.0.0.1"
DATABASE = "app"
SUPERUSER = "postgres"  # the one that initdb makes; only the sandbox itself uses it
BOT, REPLICATOR, APP = "seconder", "replicator", "app"
_LONGEST_SOCKET_FOLDER = 80  # a socket's path has at most 107 bytes on Linux, 103 on macOS

# The same on every node: pg_rewind and pg_basebackup put the source's copy over the target's. What belongs to one node
# stands beside its data folder, where neither of them reaches.
# Dynamic shared memory in files of the data folder: the default's stay in /dev/shm when a server is killed for good.
_SAME_EVERYWHERE = """\
include_if_exists = '../node.conf'
listen_addresses = '127.0.0.1'
max_connections = 100
shared_buffers = 16MB
dynamic_shared_memory_type = mmap
jit = off
password_encryption = 'scram-sha-256'
wal_level = replica
wal_log_hints = on
wal_keep_size = 128MB
max_wal_size = 256MB
max_wal_senders = 12
max_replication_slots = 12
max_slot_wal_keep_size = 1GB
hot_standby = on
hot_standby_feedback = off
wal_retrieve_retry_interval = 500ms
archive_mode = {archive_mode}
archive_command = {archive_command}
restore_command = {restore_command}
logging_collector = on
log_directory = '..'
log_filename = 'server.log'
log_rotation_age = 0
log_rotation_size = 0
log_line_prefix = '%m [%p] %q%u@%d '
log_timezone = 'UTC'
timezone = 'UTC'
datestyle = 'iso, ymd'
"""

HBA = """\
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class DemoNode:
    """One server of the demo cluster; ``folder`` is its own, and holds ``data``, ``node.conf`` and the log."""

    name: str
    port: int
    folder: Path
    passwords: Mapping[str, str] = field(repr=False)

    @property
    def data(self) -> Path:
        """Give the data directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Give the server's log, whoever started it."""
        return self.folder / "server.log"

    def dsn(self, user: str = BOT, dbname: str = DATABASE) -> str:
        """Give the address of a database on this node, password included."""
        return f"postgresql://{user}:{self.passwords[user]}@{LOOPBACK}:{self.port}/{dbname}"

    def settings(self) -> str:
        """Give the text of ``node.conf``: what only this node has."""
        sockets = f'"{self.folder}"' if len(str(self.folder)) <= _LONGEST_SOCKET_FOLDER else ""
        return f"port = {self.port}\ncluster_name = {quoted(self.name)}\nunix_socket_directories = {quoted(sockets)}\n"


def common_settings(archive: Path, *, archiving: bool) -> str:
    """Give the text of ``postgresql.conf``.

    The archive command takes a segment that is there already with the same bytes for done (a demoted primary offers its
    last ones again), and never overwrites one that differs.
    """
    place = shlex.quote(str(archive)).replace("%", "%%")
    store = (
        f"if test -f {place}/%f; then cmp -s %p {place}/%f; "
        f"else cp %p {place}/.%f.part && mv {place}/.%f.part {place}/%f; fi"
    )
    fetch = f"test -f {place}/%f && cp {place}/%f %p"
    return _SAME_EVERYWHERE.format(
        archive_mode="on" if archiving else "off",
        archive_command=quoted(store if archiving else ""),
        restore_command=quoted(fetch if archiving else ""),
    )


def follow(port: int, slot: str, passfile: Path) -> str:
    """Give the recovery settings of a standby, as ``pg_basebackup -R`` would write them."""
    source = make_conninfo(host=LOOPBACK, port=port, user=REPLICATOR, passfile=str(passfile))
    return f"primary_conninfo = {quoted(source)}\nprimary_slot_name = {quoted(slot)}\n"


def passfile_text(passwords: Mapping[str, str]) -> str:
    """Give the lines of a libpq password file."""
    return "".join(f"{LOOPBACK}:*:*:{user}:{password}\n" for user, password in passwords.items())


def quoted(value: str) -> str:
    """Quote a value for a PostgreSQL configuration file."""
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def put(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that belongs to the server's user."""
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)
    give(path)
