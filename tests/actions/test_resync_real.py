"""Standbys and old primaries of a real cluster brought back, each by the cheapest way that is sure to work."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from actions.resync import ACTION, asked, look, plan, refuse
from core.errors import StepFailed
from core.outcome import Refusal
from core.plan import Plan, Risk
from fleet.postgres import control, healing
from fleet.site import Site
from sandbox.cluster import DemoCluster, build
from sandbox.errors import SandboxError
from sandbox.layout import APP
from sandbox.running import wait_for
from sandbox.servers import find_bin
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import cluster
from tests.fixtures.site import site_for

pytestmark = pytest.mark.postgres
__all__ = ["cluster"]


@pytest.fixture
def site(cluster: DemoCluster) -> Iterator[Site]:
    for name in ("db2", "db3"):
        wait_for(lambda name=name: rows(cluster, name) == 20_000, 10, f"{name} to replay the table")  # type: ignore[misc]  # bound now
    reached = site_for(cluster)
    yield reached
    reached.close()


def rows(cluster: DemoCluster, name: str) -> int:
    try:
        with cluster.connect(name, APP) as connection:
            row = connection.execute("SELECT count(*) FROM reading").fetchone()
    except psycopg.Error:
        return -1
    return int(row[0]) if row else -1


def write(cluster: DemoCluster, name: str, count: int = 50) -> None:
    with cluster.connect(name, APP) as connection:
        connection.execute(
            "INSERT INTO reading SELECT (SELECT max(id) FROM reading) + n, now(), 'new', 0"
            " FROM generate_series(1, %s) AS n",
            (count,),
        )


def change(cluster: DemoCluster, name: str, setting: str, value: str) -> None:
    with cluster.connect(name) as connection:
        statement = sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(setting), sql.Literal(value))
        connection.execute(statement)
        connection.execute("SELECT pg_reload_conf()")


def fail_over(cluster: DemoCluster, *, lost: int, kill: bool = True) -> None:
    """Lose db1 with rows that nobody else has; db2 takes over. No checkpoint: that is resync's to know."""
    for name in ("db2", "db3"):
        cluster.stop(name)
    if lost:
        write(cluster, "db1", lost)
    if kill:
        cluster.kill("db1")
    else:
        cut_off(cluster)
    cluster.start("db2")
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    write(cluster, "db2")


def cut_off(cluster: DemoCluster) -> None:
    """Have db1 go on alone: db2 neither reaches it nor finds its WAL in the archive."""
    auto = cluster.nodes["db2"].data / "postgresql.auto.conf"
    auto.write_text(auto.read_text() + "primary_conninfo = 'host=127.0.0.1 port=1'\nrestore_command = 'false'\n")


def question(site: Site, node: str, *, rebuild: bool = False, source: str | None = None) -> Plan | Refusal:
    words = asked("main", node, rebuild=rebuild, **{"from": source})
    found = look(words, site)
    return refuse(words, found) or plan(words, found)


def planned(site: Site, node: str, *, rebuild: bool = False, source: str | None = None) -> Plan:
    answer = question(site, node, rebuild=rebuild, source=source)
    assert isinstance(answer, Plan), answer
    return answer


def refused(site: Site, node: str, *, rebuild: bool = False) -> Refusal:
    answer = question(site, node, rebuild=rebuild)
    assert isinstance(answer, Refusal), answer.title
    return answer


def way(made: Plan) -> str:
    return next(str(fact.value) for fact in made.facts if fact.name == "way back")


def in_step(cluster: DemoCluster, primary: str, node: str) -> None:
    """See that a node is a standby with every row that the primary has."""
    assert cluster.role(node) == "standby"
    wait_for(lambda: rows(cluster, node) == rows(cluster, primary), 10, f"{node} to have every row")


def test_a_killed_old_primary_with_rows_of_its_own_is_rewound(cluster: DemoCluster, site: Site) -> None:
    port = cluster.nodes["db1"].port
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    assert way(made) == "rewind"
    assert made.risk is Risk.DESTRUCTIVE
    assert made.target == "db1"
    assert any("only db1 has" in cost for cost in made.costs)
    assert made.plan_hash == planned(site, "db1").plan_hash
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db2", "db1")
    assert rows(cluster, "db1") == 20_050
    with cluster.connect("db1") as connection:
        assert connection.execute("SHOW port").fetchone() == (str(port),)
        assert connection.execute("SHOW primary_slot_name").fetchone() == ("db1",)
    assert refused(site, "db1").code == "RESYNC-NOT-NEEDED"


def test_an_old_primary_without_rows_of_its_own_only_follows(cluster: DemoCluster, site: Site) -> None:
    for name in ("db2", "db3"):
        wait_for(lambda name=name: rows(cluster, name) == 20_000, 10, name)  # type: ignore[misc]  # bound now
    cluster.stop("db3")  # it would go on streaming from db1, through a slot that is in use then
    cluster.stop("db1")
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    made = planned(site, "db1")
    assert way(made) == "repair"
    assert made.risk is Risk.CHANGE
    carrier = Carrier(ACTION, made, site)
    carrier.all()
    in_step(cluster, "db2", "db1")
    assert "db2" in carrier.evidence["tidy"].text  # its slot would have pinned WAL
    with cluster.connect("db1") as connection:
        assert connection.execute("SELECT slot_name FROM pg_replication_slots").fetchall() == []


def test_a_bot_killed_in_any_step_of_a_rewind_leaves_nothing_that_its_successor_cannot_finish(
    cluster: DemoCluster, site: Site
) -> None:
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    carrier = Carrier(ACTION, made, site)
    for n, step in enumerate(made.steps, start=1):
        carrier.killed_in(n, "actions.resync", after=0.15 if step.name == "rewind" else 0.05)
        assert cluster.role("db1") != "primary"
        carrier.take_up(n)
    in_step(cluster, "db2", "db1")


def test_a_standby_is_copied_whole_and_its_old_folder_kept(cluster: DemoCluster, site: Site) -> None:
    made = planned(site, "db3", rebuild=True)
    assert way(made) == "copy"
    assert not any(step.ponr for step in made.steps)
    carrier = Carrier(ACTION, made, site, "run-copy")
    carrier.all()
    in_step(cluster, "db1", "db3")
    assert (cluster.nodes["db3"].folder / "data.old.run-copy" / "PG_VERSION").exists()
    with cluster.connect("db3") as connection:
        assert connection.execute("SHOW primary_slot_name").fetchone() == ("db3",)


def test_a_copy_may_be_taken_from_another_standby(cluster: DemoCluster, site: Site) -> None:
    made = planned(site, "db3", rebuild=True, source="db2")
    assert any("copies" in cost and "db2" in cost for cost in made.costs)
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db3")
    assert refused(site, "db3").code == "RESYNC-NOT-NEEDED"


def test_a_bot_killed_in_any_step_of_a_copy_leaves_nothing_that_its_successor_cannot_finish(
    cluster: DemoCluster, site: Site
) -> None:
    made = planned(site, "db3", rebuild=True)
    carrier = Carrier(ACTION, made, site)
    for n in range(1, len(made.steps) + 1):
        carrier.killed_in(n, "actions.resync", after=0.06)
        carrier.take_up(n)
    in_step(cluster, "db1", "db3")


@pytest.mark.parametrize("last", ["copy", "settle", "swap", "start"])
def test_a_copy_that_fails_is_taken_back_to_the_old_folder(cluster: DemoCluster, site: Site, last: str) -> None:
    mark = cluster.nodes["db3"].data / "old.mark"
    mark.touch()
    carrier = Carrier(ACTION, planned(site, "db3", rebuild=True), site, "run-back")
    n = carrier.until(last)
    carrier.do(n)
    undone = carrier.back(n)
    assert undone[-1] == "start"
    assert mark.exists()
    assert (cluster.nodes["db3"].folder / "data.failed.run-back").is_dir()
    assert not (cluster.nodes["db3"].folder / "data.old.run-back").exists()
    in_step(cluster, "db1", "db3")


def test_a_lost_data_folder_is_copied_again(cluster: DemoCluster, site: Site) -> None:
    cluster.kill("db3")
    data = cluster.nodes["db3"].data
    data.rename(data.with_name("gone"))
    made = planned(site, "db3")
    assert way(made) == "copy"
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db3")


def test_a_paused_standby_is_only_unpaused(cluster: DemoCluster, site: Site) -> None:
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
    write(cluster, "db1")
    made = planned(site, "db2")
    assert way(made) == "unpause"
    assert made.risk is Risk.CHANGE
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


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


def test_a_standby_whose_wal_is_gone_is_fed_from_the_archive(cluster: DemoCluster, site: Site) -> None:
    lose_wal(cluster)
    made = planned(site, "db2")
    assert way(made) == "feed"
    assert made.risk is Risk.CHANGE
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def test_with_a_hole_in_the_archive_only_a_copy_is_left(cluster: DemoCluster, site: Site) -> None:
    lose_wal(cluster)
    for file in sorted(cluster.archive.glob("0" * 7 + "1" + "?" * 16))[-3:-1]:
        file.unlink()
    for file in sorted(cluster.archive.glob("0" * 7 + "1" + "?" * 16))[1:3]:
        file.unlink()
    made = planned(site, "db2")
    assert way(made) == "copy"
    assert any("archive" in note for note in made.notes)


def two_writers_on_one_timeline(cluster: DemoCluster) -> None:
    """Make a second primary the wrong way: without standby.signal it writes on the same timeline."""
    cluster.stop("db2")
    (cluster.nodes["db2"].data / "standby.signal").unlink()
    cluster.start("db2")
    write(cluster, "db2", 3000)


def test_a_node_that_wrote_on_the_same_timeline_is_never_taken_for_healthy(cluster: DemoCluster, site: Site) -> None:
    two_writers_on_one_timeline(cluster)
    assert refused(site, "db2").code == "RESYNC-TWO-PRIMARIES"
    cluster.stop("db2")
    write(cluster, "db1", 9000)  # the right one is ahead again: its LSN hides the fork
    made = planned(site, "db2")
    assert way(made) == "copy"
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db2")


def test_a_fork_on_the_same_timeline_is_seen_in_the_wal_itself(cluster: DemoCluster, site: Site) -> None:
    two_writers_on_one_timeline(cluster)
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_switch_wal()")
    cluster.stop("db2")
    control.fence(site.shell(site.cluster.node("db2")), site.cluster.node("db2"))
    write(cluster, "db1", 9000)
    with cluster.connect("db1") as connection:
        connection.execute("SELECT pg_switch_wal()")
    write(cluster, "db1", 9000)
    cluster.start("db2")  # as a standby, as a person might: it may well say that it streams
    made = planned(site, "db2")
    assert way(made) == "copy"
    assert any("same timeline" in note or "own timeline" in note for note in made.notes)


def test_a_failed_rewind_leaves_the_node_down_fenced_and_to_be_copied(cluster: DemoCluster, site: Site) -> None:
    fail_over(cluster, lost=300)
    made = planned(site, "db1")
    carrier = Carrier(ACTION, made, site)
    n = carrier.until("rewind")
    (cluster.nodes["db1"].data / "base" / "1" / "PG_VERSION").unlink()
    wal = sorted((cluster.nodes["db1"].data / "pg_wal").glob("0" * 7 + "1" + "?" * 16))
    for file in [*wal, *cluster.archive.glob("0*")]:
        file.unlink()
    with pytest.raises(StepFailed) as failed:
        carrier.do(n)
    assert failed.value.code == "REWIND-FAILED"
    node = site.cluster.node("db1")
    assert control.fenced(site.shell(node), node)
    assert cluster.role("db1") == "down"


def test_wal_from_before_the_fork_is_fetched_from_the_archive_for_a_rewind(cluster: DemoCluster, site: Site) -> None:
    for name in ("db2", "db3"):
        cluster.stop(name)
    change(cluster, "db1", "wal_keep_size", "0")
    change(cluster, "db1", "min_wal_size", "32MB")
    with cluster.connect("db1") as connection:
        for name in ("db2", "db3"):
            connection.execute("SELECT pg_drop_replication_slot(%s)", (name,))
        for _ in range(5):
            connection.execute("SELECT pg_logical_emit_message(true, 'test', 'beyond the fork')")
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
    first = cluster.nodes["db1"].data / "pg_wal" / "000000010000000000000001"
    wait_for(lambda: not first.exists(), 20, "the WAL before the fork to be removed")
    cluster.kill("db1")
    cluster.start("db2")
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    write(cluster, "db2")
    made = planned(site, "db1")
    assert way(made) == "rewind"
    Carrier(ACTION, made, site).all()
    jobs = cluster.nodes["db1"].folder / "work" / "jobs"
    assert [job.name for job in sorted(jobs.glob("*.archive"))] == ["run-0test.3.archive"]
    in_step(cluster, "db2", "db1")


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


def test_an_old_primary_that_still_writes_is_stopped_fenced_and_rewound(cluster: DemoCluster, site: Site) -> None:
    fail_over(cluster, lost=300, kill=False)
    write(cluster, "db1")
    assert cluster.role("db1") == "primary"
    made = planned(site, "db1")
    assert way(made) == "rewind"
    assert any("STILL ACCEPTS WRITES" in note for note in made.notes)
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db2", "db1")


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


@pytest.fixture
def cluster_15(tmp_path: Path) -> Iterator[DemoCluster]:
    """The same on PostgreSQL 15, where pg_rewind denies a fork until the new primary has made a checkpoint."""
    try:
        folder = find_bin(15)
    except SandboxError as missing:
        pytest.skip(f"PostgreSQL 15: {missing}")
    made = build(tmp_path, bin_dir=folder)
    yield made
    made.remove()


def test_pg_rewind_15_is_not_left_to_judge_a_fork_for_itself(cluster_15: DemoCluster) -> None:
    wait_for(lambda: rows(cluster_15, "db2") == 20_000, 10, "db2 to replay the table")
    site = site_for(cluster_15)
    fail_over(cluster_15, lost=300)
    made = planned(site, "db1")
    assert way(made) == "rewind"
    evidence = Carrier(ACTION, made, site).all()
    assert "servers diverged" in evidence["rewind"].text
    in_step(cluster_15, "db2", "db1")
    Carrier(ACTION, planned(site, "db1", rebuild=True), site, "run-1copy").all()
    in_step(cluster_15, "db2", "db1")
    site.close()
