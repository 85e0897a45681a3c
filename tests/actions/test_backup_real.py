"""Backups of a real cluster: taken, read back, restored, and never counted when they are not whole."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from actions import backup
from actions.backup import ACTION, Asked
from core.errors import StepFailed
from core.outcome import Probe, Refusal
from core.plan import Plan
from fleet.postgres.basebackup import last_backup
from fleet.site import Site
from sandbox.cluster import DemoCluster, free_ports
from sandbox.layout import APP, SUPERUSER
from sandbox.running import wait_for
from sandbox.servers import must, run
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import site_for

pytestmark = pytest.mark.postgres
__all__ = ["shared_cluster"]

ROWS = 20_000


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Site]:
    def caught_up() -> bool:
        try:
            with shared_cluster.connect("db2", APP) as connection:
                return connection.execute("SELECT count(*) FROM reading").fetchone() == (ROWS,)
        except psycopg.Error:
            return False

    wait_for(caught_up, 10, "db2 to replay the table")
    reached = site_for(shared_cluster)
    yield reached
    reached.close()


def planned(site: Site, node: str | None = None) -> Plan:
    asked = Asked("main", node)
    found = backup.look(asked, site)
    assert backup.refuse(asked, found) is None
    return backup.plan(asked, found)


def folder(cluster: DemoCluster, name: str) -> Path:
    return cluster.folder / "backups" / name


def test_a_backup_is_taken_verified_and_restores_to_every_row(shared_cluster: DemoCluster, site: Site) -> None:
    carrier = Carrier(ACTION, planned(site), site, "run-1restore")
    evidence = carrier.all()
    newest = last_backup(site)
    assert newest is not None
    assert newest.name == "main.run-1restore"
    assert newest.verified
    assert newest.checksums
    assert newest.source == "db2"
    assert newest.size > 10 << 20
    assert newest.sysid == planned(site).facts[0].value
    assert "all as the server sent it" in evidence["verify"].text
    assert "CREATE ROLE replicator" in (folder(shared_cluster, newest.name) / "globals.sql").read_text()
    assert rows_restored(shared_cluster, folder(shared_cluster, newest.name) / "data") == ROWS


def rows_restored(cluster: DemoCluster, copy: Path) -> int:
    """Start a copy of the copy alone, on its own port, with the archive shut off, and count."""
    place = cluster.folder / "restored"
    must(["mkdir", "-m", "700", place])
    must(["cp", "-Rp", copy, place / "data"])
    (place / "data" / "standby.signal").unlink(missing_ok=True)
    port = free_ports(1)[0]
    alone = f"-c port={port} -c archive_mode=off -c primary_conninfo= -c restore_command= -c unix_socket_directories="
    argv: list[str | Path] = [cluster.bin / "pg_ctl", "-D", place / "data", "-w", "-o", alone]
    started = run([*argv, "start"], log=place / "log")
    try:
        assert started.returncode == 0, (place / "log").read_text()
        dsn = f"host=127.0.0.1 port={port} user={SUPERUSER} dbname=app password={cluster.passwords[SUPERUSER]}"
        with psycopg.connect(dsn) as connection:
            row = connection.execute("SELECT count(*) FROM reading").fetchone()
            return int(row[0]) if row else 0
    finally:
        run([*argv, "-m", "immediate", "stop"])


def test_the_same_plan_is_made_again_while_nothing_changes(site: Site) -> None:
    assert planned(site).plan_hash == planned(site).plan_hash


def test_the_primary_is_read_when_it_is_asked_for(site: Site) -> None:
    evidence = Carrier(ACTION, planned(site, "db1"), site, "run-2primary").all()
    assert "copied from db1" in evidence["copy"].text


def test_a_file_damaged_on_the_disk_is_caught_and_set_aside(shared_cluster: DemoCluster, site: Site) -> None:
    carrier = Carrier(ACTION, planned(site), site, "run-3damaged")
    n = carrier.until("verify")
    copy = folder(shared_cluster, "main.run-3damaged.partial") / "data"
    with (copy / "global" / "pg_control").open("r+b") as file:
        file.seek(300)
        file.write(b"?")
    with pytest.raises(StepFailed) as failed:
        carrier.do(n)
    assert failed.value.code == "BACKUP-CORRUPT"
    assert carrier.back(n) == ["set_aside"]
    assert folder(shared_cluster, "main.run-3damaged.failed").is_dir()
    newest = last_backup(site)
    assert newest is None or newest.name != "main.run-3damaged"


def test_missing_wal_is_caught_too(shared_cluster: DemoCluster, site: Site) -> None:
    carrier = Carrier(ACTION, planned(site), site, "run-4nowal")
    n = carrier.until("verify")
    wal = folder(shared_cluster, "main.run-4nowal.partial") / "data" / "pg_wal"
    for file in wal.glob("0" * 7 + "1" + "?" * 16):
        file.unlink()
    with pytest.raises(StepFailed):
        carrier.do(n)
    assert folder(shared_cluster, "main.run-4nowal.failed").is_dir()


def test_a_damaged_page_on_the_source_fails_the_backup(shared_cluster: DemoCluster, site: Site) -> None:
    with shared_cluster.connect("db1") as connection:
        connection.execute("CREATE TABLE broken AS SELECT generate_series(1, 1000) AS n")
        row = connection.execute("SELECT pg_relation_filepath('broken')").fetchone()
        connection.execute("CHECKPOINT")
    assert row is not None
    file = shared_cluster.nodes["db1"].data / row[0]
    good = file.read_bytes()
    file.write_bytes(good[:100] + b"damaged" + good[107:])
    try:
        carrier = Carrier(ACTION, planned(site, "db1"), site, "run-5pages")
        with pytest.raises(StepFailed) as failed:
            carrier.do(1)
        assert failed.value.code == "BACKUP-FAILED"
        assert carrier.probe(1) is Probe.NOT_DONE
        assert not (folder(shared_cluster, "main.run-5pages.failed") / "data" / "backup_manifest").exists()
    finally:
        file.write_bytes(good)
        with shared_cluster.connect("db1") as connection:
            connection.execute("DROP TABLE broken")


def test_a_bot_killed_in_any_step_leaves_nothing_that_its_successor_cannot_finish(site: Site) -> None:
    plan = planned(site)
    carrier = Carrier(ACTION, plan, site, "run-6killed")
    for n in range(1, len(plan.steps) + 1):
        carrier.killed_in(n, "actions.backup", after=0.1)
        carrier.take_up(n)
    newest = last_backup(site)
    assert newest is not None
    assert newest.name == "main.run-6killed"


def test_a_stopped_copy_ends_its_program_and_is_set_aside(shared_cluster: DemoCluster, site: Site) -> None:
    carrier = Carrier(ACTION, planned(site), site, "run-7stopped", stopping=True)
    with pytest.raises(StepFailed) as failed:
        carrier.do(1)
    assert failed.value.code == "STOPPED"
    carrier.back(1)
    assert not folder(shared_cluster, "main.run-7stopped.partial").exists()
    assert not folder(shared_cluster, "main.run-7stopped").exists()


def test_a_login_that_the_source_refuses_is_a_sentence_before_anything_happens(
    shared_cluster: DemoCluster, site: Site
) -> None:
    hba = shared_cluster.nodes["db3"].data / "pg_hba.conf"
    text = hba.read_text()
    hba.write_text(text.replace("host replication", "#host replication"))
    reload(shared_cluster)
    try:
        asked = Asked("main", "db3")
        refused = backup.refuse(asked, backup.look(asked, site))
        assert isinstance(refused, Refusal)
        assert refused.code == "BACKUP-NO-LOGIN"
        assert "pg_hba.conf" in refused.hint
    finally:
        hba.write_text(text)
        reload(shared_cluster)


def reload(cluster: DemoCluster) -> None:
    with cluster.connect("db3") as connection:
        connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
