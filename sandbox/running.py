"""The cluster of the demo while it runs, and what can be done to it."""

import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from sandbox import postmaster
from sandbox.errors import SandboxError
from sandbox.layout import APP, BOT, DATABASE, LOOPBACK, SUPERUSER, DemoNode
from sandbox.servers import run

_START_S = 30
_CONNECT_S = 2


@dataclass(frozen=True)
class DemoCluster:
    """A running cluster. All of its files lie in ``folder``, which belongs to the servers' user."""

    folder: Path
    bin: Path
    nodes: Mapping[str, DemoNode]
    archive: Path
    passfile: Path
    passwords: Mapping[str, str] = field(repr=False)

    def rw_dsn(self, user: str = APP) -> str:
        """Give an address that leads to whichever node takes writes."""
        hosts = ",".join(f"{LOOPBACK}:{node.port}" for node in self.nodes.values())
        place = f"{user}:{self.passwords[user]}@{hosts}/{DATABASE}"
        return f"postgresql://{place}?target_session_attrs=read-write&connect_timeout={_CONNECT_S}"

    def rw_conninfo(self, user: str = APP) -> str:
        """Give the same address without the password, for command lines: it stands in the passfile."""
        return make_conninfo(
            host=",".join(LOOPBACK for _ in self.nodes),
            port=",".join(str(node.port) for node in self.nodes.values()),
            user=user,
            dbname=DATABASE,
            passfile=str(self.passfile),
            target_session_attrs="read-write",
            connect_timeout=_CONNECT_S,
        )

    def connect(self, name: str, user: str = BOT, dbname: str = DATABASE) -> psycopg.Connection:
        """Open an autocommit connection to a node. Raises ``psycopg.OperationalError``."""
        dsn = self.nodes[name].dsn(user, dbname)
        return psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_S)

    def start(self, name: str) -> None:
        """Start a node as its data directory says, and wait until it takes connections. Raises ``SandboxError``."""
        node = self.nodes[name]
        argv: list[str | Path] = [self.bin / "pg_ctl", "-D", node.data, "-w", "-t", str(_START_S), "start"]
        ran = run(argv, cwd=node.folder, timeout=_START_S + 5, log=node.folder / "start.log")
        if ran.returncode != 0 or not self.alive(name):  # 18's pg_ctl says 0 of a standby that fell over at once
            said = _tail(node.folder / "start.log", 600) + _tail(node.log)
            raise SandboxError(f"{name} did not start; its log is {node.log}:\n{said}")

    def stop(self, name: str, mode: str = "fast", *, timeout: int = 70) -> None:
        """Stop a node and wait for its end; ``mode`` is smart, fast or immediate. Raises ``SandboxError``."""
        node = self.nodes[name]
        argv: list[str | Path] = [self.bin / "pg_ctl", "-D", node.data, "-m", mode, "-w", "-t", str(timeout), "stop"]
        ran = run(argv, cwd=node.folder, timeout=timeout + 5)
        if ran.returncode != 0 and self.alive(name):
            raise SandboxError(f"{name} did not stop within {timeout} s: {ran.stderr.strip()}")

    def kill(self, name: str) -> None:
        """Crash a node: SIGKILL to its postmaster; returns when none of its processes is left."""
        postmaster.kill(self.nodes[name].data)

    def freeze(self, name: str) -> None:
        """Stop all processes of a node where they are: it keeps its connections and answers nothing."""
        postmaster.freeze(self.nodes[name].data)

    def thaw(self, name: str) -> None:
        """Let a frozen node go on."""
        postmaster.thaw(self.nodes[name].data)

    def pid(self, name: str) -> int | None:
        """Give the process id of a node's postmaster, or None when it is down."""
        process = postmaster.postmaster(self.nodes[name].data)
        return process.pid if process else None

    def alive(self, name: str) -> bool:
        """Say whether a node's postmaster is there (it may be frozen)."""
        return self.pid(name) is not None

    def frozen(self, name: str) -> bool:
        """Say whether a node is frozen."""
        return postmaster.is_frozen(self.nodes[name].data)

    def role(self, name: str) -> str:
        """Say what a node is: primary, standby, down, or unknown when it does not answer."""
        if not self.alive(name):
            return "down"
        if self.frozen(name):
            return "unknown"
        try:
            with self.connect(name, SUPERUSER) as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        except psycopg.Error:
            return "unknown"
        return "standby" if row and row[0] else "primary"

    def primary(self) -> str | None:
        """Give the name of the node that takes writes; None when there is none, or more than one."""
        found = [name for name in self.nodes if self.role(name) == "primary"]
        return found[0] if len(found) == 1 else None

    def wait_streaming(self, primary: str, standbys: int, timeout: float = 20.0) -> None:
        """Wait until so many standbys stream and have replayed all that there is when this is called.

        ``timeout`` is in seconds. Raises ``SandboxError``.
        """
        query = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn >= %s"
        with self.connect(primary, SUPERUSER) as connection:
            here = connection.execute("SELECT pg_current_wal_lsn()").fetchone()
            wait_for(
                lambda: connection.execute(query, here).fetchone() == (standbys,),
                timeout,
                f"{standbys} standbys to stream from {primary}",
            )

    def stop_all(self) -> None:
        """Stop every server, fast if they can, hard if they can't."""
        postmaster.end(self.folder)

    def remove(self) -> None:
        """Stop every server and delete all files."""
        self.stop_all()
        shutil.rmtree(self.folder, ignore_errors=True)


def in_parallel(do: Callable[[DemoNode], object], nodes: list[DemoNode]) -> None:
    """Do the same to several nodes at once; all have ended when this returns or raises."""
    with ThreadPoolExecutor(max_workers=max(1, len(nodes))) as pool:
        for future in [pool.submit(do, node) for node in nodes]:
            future.result()


def wait_for(holds: Callable[[], bool], timeout: float, what: str) -> None:
    """Look again and again until something holds; ``timeout`` in seconds. Raises ``SandboxError``."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            raise SandboxError(f"Waited {timeout:.0f} s for {what}, in vain.")
        time.sleep(0.02)


def _tail(log: Path, size: int = 1500) -> str:
    return log.read_text(errors="replace")[-size:] if log.exists() else ""
