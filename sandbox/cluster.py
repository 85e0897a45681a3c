"""Build a real PostgreSQL cluster on this machine: a primary, standbys with slots, a WAL archive, some data."""

import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.errors import SandboxError
from sandbox.layout import (
    APP,
    BOT,
    DATABASE,
    HBA,
    LOOPBACK,
    REPLICATOR,
    SUPERUSER,
    DemoNode,
    common_settings,
    follow,
    passfile_text,
    put,
)
from sandbox.running import DemoCluster, in_parallel
from sandbox.servers import find_bin, give, must, runnable_bin, servers_folder

__all__ = ["DemoCluster", "build"]

_PORTS = range(20_000, 32_768)
_TABLE = """
CREATE TABLE reading (id bigint PRIMARY KEY, taken_at timestamptz NOT NULL, sensor text NOT NULL, value float8);
INSERT INTO reading
SELECT n, now() - n * interval '1 minute', 'dome-' || n % 12, 20 + 5 * sin(n / 60.0) FROM generate_series(1, 20000) n;
"""


def build(
    home: Path,
    *,
    nodes: Sequence[str] = ("db1", "db2", "db3"),
    bin_dir: Path | None = None,
    archive: bool = True,
    servers: Path | None = None,
    between: Callable[[], object] = lambda: None,
) -> DemoCluster:
    """Bring up a primary (the first of ``nodes``) and standbys that stream from it.

    All files lie below ``home``, or in a folder under $TMPDIR, else /var/tmp, when the servers' user can't get there
    (``servers`` names one that exists already). ``between`` is called between the stages and may raise to end it there;
    nothing is left running then. Raises ``SandboxError``.
    """
    folder = (servers or servers_folder(home)).resolve()
    cluster = _laid_out(folder, nodes, runnable_bin(bin_dir or find_bin(), folder), archiving=archive)
    stages = (_found_primary, _copy_to_standbys, _start_primary, _fill, _start_standbys)
    try:
        for stage in stages:
            between()
            stage(cluster)
        between()
    except BaseException:
        cluster.stop_all()
        raise
    return cluster


def free_ports(count: int) -> list[int]:
    """Find TCP ports of the loopback that nobody uses right now, below those that the kernel gives to clients.

    A server that is stopped and started again would find one of theirs taken by whoever connected meanwhile.
    """
    found: list[int] = []
    with ExitStack() as stack:
        for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
            taken = stack.enter_context(socket.socket())
            with suppress(OSError):
                taken.bind((LOOPBACK, port))
                found.append(port)
            if len(found) == count:
                return found
    raise SandboxError(f"There are no {count} free ports between {_PORTS[0]} and {_PORTS[-1]} on this machine.")


def _laid_out(folder: Path, names: Sequence[str], bin_dir: Path, *, archiving: bool) -> DemoCluster:
    passwords = {user: secrets.token_urlsafe(12) for user in (SUPERUSER, BOT, REPLICATOR, APP)}
    made = {
        name: DemoNode(name, port, folder / name, passwords)
        for name, port in zip(names, free_ports(len(names)), strict=True)
    }
    cluster = DemoCluster(folder, bin_dir, made, folder / "archive", folder / "pgpass", passwords)
    for place in (cluster.archive, *(node.folder for node in made.values())):
        place.mkdir(mode=0o700)
        give(place)
    for node in made.values():
        put(node.folder / "node.conf", node.settings())
    put(cluster.passfile, passfile_text(passwords))
    put(folder / "postgresql.conf", common_settings(cluster.archive, archiving=archiving))
    put(folder / "pg_hba.conf", HBA)
    return cluster


def _found_primary(cluster: DemoCluster) -> None:
    secret = cluster.folder / "initdb.password"
    put(secret, cluster.passwords[SUPERUSER])
    data = _primary(cluster).data
    words = ["--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", "--data-checksums", "--no-sync"]
    must([cluster.bin / "initdb", *words, "-U", SUPERUSER, "--pwfile", secret, "-D", data], cwd=cluster.folder)
    secret.unlink()
    for name in ("postgresql.conf", "pg_hba.conf"):
        must(["cp", "-p", cluster.folder / name, data / name])


def _copy_to_standbys(cluster: DemoCluster) -> None:
    # The primary has never run: a cold copy is a base backup whose WAL starts where everything starts.
    primary = _primary(cluster)

    def copy(node: DemoNode) -> None:
        must(["cp", "-Rp", primary.data, node.data])
        put(node.data / "postgresql.auto.conf", follow(primary.port, node.name, cluster.passfile))
        put(node.data / "standby.signal", "")

    in_parallel(copy, _standbys(cluster))


def _start_primary(cluster: DemoCluster) -> None:
    cluster.start(_primary(cluster).name)


def _fill(cluster: DemoCluster) -> None:
    primary = _primary(cluster)
    with cluster.connect(primary.name, SUPERUSER, "postgres") as connection:
        # pg_rewind, ALTER SYSTEM and terminating any backend: the demo's bot may do all of it. docs/ lists the narrow
        # rights that a site grants instead.
        _role(connection, BOT, "SUPERUSER", cluster.passwords[BOT])
        _role(connection, REPLICATOR, "REPLICATION", cluster.passwords[REPLICATOR])
        _role(connection, APP, "NOSUPERUSER", cluster.passwords[APP])
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(APP)))
        for node in _standbys(cluster):
            connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (node.name,))
    with cluster.connect(primary.name, APP) as connection:
        connection.execute(_TABLE)


def _start_standbys(cluster: DemoCluster) -> None:
    standbys = _standbys(cluster)
    in_parallel(lambda node: cluster.start(node.name), standbys)
    cluster.wait_streaming(_primary(cluster).name, len(standbys))


def _role(connection: psycopg.Connection, name: str, right: str, password: str) -> None:
    statement = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
    rights = {"SUPERUSER": sql.SQL("SUPERUSER"), "REPLICATION": sql.SQL("REPLICATION")}
    chosen = rights.get(right, sql.SQL("NOSUPERUSER"))
    connection.execute(statement.format(sql.Identifier(name), chosen, sql.Literal(password)))


def _primary(cluster: DemoCluster) -> DemoNode:
    return next(iter(cluster.nodes.values()))


def _standbys(cluster: DemoCluster) -> list[DemoNode]:
    return list(cluster.nodes.values())[1:]
