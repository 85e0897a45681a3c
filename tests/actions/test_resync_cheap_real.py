"""Standbys of a real cluster brought back without destroying anything, and those that are left alone."""

import os
import signal

import pytest

from actions.resync import ACTION
from core.plan import Risk
from fleet.postgres import healing
from fleet.site import Site
from sandbox.cluster import DemoCluster
from sandbox.running import wait_for
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.trouble import change, in_step, planned, refused, site, way, write

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]


def test_a_paused_standby_stays_paused(cluster: DemoCluster, site: Site) -> None:
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
    write(cluster, "db1")
    assert refused(site, "db2").code == "RESYNC-PAUSED"


def test_a_dropped_slot_is_made_again(cluster: DemoCluster, site: Site) -> None:
    cluster.stop("db2")
    with cluster.connect("db1") as connection:
        connection.execute("SELECT pg_drop_replication_slot('db2')")
    cluster.start("db2")
    write(cluster, "db1")
    made = planned(site, "db2")
    assert way(made) == "repair"
    assert made.risk is Risk.CHANGE
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def test_a_standby_that_follows_nobody_is_aimed_at_the_primary(cluster: DemoCluster, site: Site) -> None:
    change(cluster, "db2", "primary_conninfo", "host=127.0.0.1 port=1 user=replicator")
    wait_for(lambda: cluster_receiver(cluster, "db2") is None, 10, "the receiver to end")
    made = planned(site, "db2")
    assert way(made) == "repair"
    change(cluster, "db2", "primary_conninfo", f"host=127.0.0.1 port=1 user=replicator passfile={cluster.passfile}")
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def cluster_receiver(cluster: DemoCluster, name: str) -> object:
    with cluster.connect(name) as connection:
        return connection.execute("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'").fetchone()


def test_a_stopped_standby_is_started_and_proved(cluster: DemoCluster, site: Site) -> None:
    cluster.stop("db2")
    write(cluster, "db1")
    made = planned(site, "db2")
    assert way(made) == "repair"
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def lose_wal(cluster: DemoCluster) -> None:
    """Have the primary throw away WAL that the stopped db2 still needs; the archive has it."""
    cluster.stop("db2")
    with cluster.connect("db1") as connection:
        for setting, value in (("wal_keep_size", "0"), ("max_slot_wal_keep_size", "32MB"), ("min_wal_size", "32MB")):
            change(cluster, "db1", setting, value)
        for _ in range(6):
            connection.execute("CREATE TABLE filler AS SELECT generate_series(1, 1000) AS n")
            connection.execute("DROP TABLE filler")
            connection.execute("SELECT pg_switch_wal()")
        connection.execute("CHECKPOINT")

        def lost() -> bool:
            connection.execute("CHECKPOINT")
            row = connection.execute("SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'db2'").fetchone()
            return row == ("lost",)

        wait_for(lost, 20, "the slot to be lost")
        last = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone()
        assert last is not None
        wait_for((cluster.archive / last[0]).exists, 20, "the archiver, which may be behind")


def test_a_standby_whose_wal_is_gone_is_fed_from_the_archive(cluster: DemoCluster, site: Site) -> None:
    lose_wal(cluster)
    made = planned(site, "db2")
    assert way(made) == "feed"
    assert made.risk is Risk.CHANGE
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")
    with cluster.connect("db1") as connection:  # 18 refuses the lost one for ever: it was made anew
        slot = connection.execute("SELECT wal_status, active FROM pg_replication_slots WHERE slot_name = 'db2'")
        assert slot.fetchone() == ("reserved", True)


def test_with_a_hole_in_the_archive_only_a_copy_is_left(cluster: DemoCluster, site: Site) -> None:
    lose_wal(cluster)
    for file in sorted(cluster.archive.glob("0" * 7 + "1" + "?" * 16))[-3:-1]:
        file.unlink()
    for file in sorted(cluster.archive.glob("0" * 7 + "1" + "?" * 16))[1:3]:
        file.unlink()
    made = planned(site, "db2")
    assert way(made) == "copy"
    assert any("archive" in note for note in made.notes)


def test_replay_that_stands_still_is_cured_by_a_restart(
    cluster: DemoCluster, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(healing, "STOP_TIME", 1.0)  # seconds: a frozen process hears no polite signal
    with cluster.connect("db2") as connection:
        row = connection.execute("SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'").fetchone()
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    write(cluster, "db1")
    made = planned(site, "db2")
    assert way(made) == "repair"
    assert [step.name for step in made.steps] == ["stop", "slot", "settle", "start", "prove"]
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def test_the_only_primary_and_the_last_copy_are_never_touched(cluster: DemoCluster, site: Site) -> None:
    assert refused(site, "db1", rebuild=True).code == "RESYNC-IS-PRIMARY"
    cluster.kill("db1")
    assert refused(site, "db2", rebuild=True).code == "RESYNC-NO-PRIMARY"
    cluster.kill("db3")
    assert refused(site, "db2", rebuild=True).code == "RESYNC-LAST-COPY"


def test_a_primary_that_changed_after_the_plan_stops_every_step(cluster: DemoCluster, site: Site) -> None:
    made = planned(site, "db3", rebuild=True)
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    cluster.kill("db1")
    carrier = Carrier(ACTION, made, site)
    with pytest.raises(Exception, match="db1"):
        carrier.do(1)
    assert cluster.role("db3") == "standby"
