import signal
import time
from pathlib import Path

import pytest

from actions import promote, status
from core.errors import StepFailed
from core.outcome import Probe
from core.plan import Kind, Step
from fleet.postgres import control, process, switch
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from sandbox.writer import lost
from tests.fixtures.freezing import on, receiver_of
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import do, planned, probe, refusal, walk
from tests.fixtures.writing import writing

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

TO_DB2 = promote.Asked("main", "db2")


def test_a_switchover_under_load_loses_no_acknowledged_row_and_all_stream(
    cluster: DemoCluster, site: Reach, tmp_path: Path
) -> None:
    with writing(cluster, tmp_path) as writer:
        plan = planned(promote.ACTION, TO_DB2, site)
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None
        rows = writer.rows
        until(lambda: writer.rows > rows)
    view = observe(site)
    assert view.primary is not None
    assert view.primary.name == "db2"
    assert [view.nodes[name].streaming for name in ("db1", "db3")] == [True, True]
    assert {node.timeline for node in view.nodes.values()} == {2}
    assert lost(cluster.nodes["db2"].dsn(), tmp_path / "writer.log") == 0
    assert writer.longest < 5
    assert {slot.name for slot in view.nodes["db1"].slots} == set()
    assert {slot.name for slot in view.nodes["db2"].slots} == {"db1", "db3"}
    found = status.answer(status.Asked("main"), view)
    assert found.level == "ok", found.data["findings"]


def test_the_primary_can_go_there_and_back(cluster: DemoCluster, site: Reach) -> None:
    for name, old in (("db2", "db1"), ("db1", "db2"), ("db3", "db1")):
        plan = planned(promote.ACTION, promote.Asked("main", name), site)
        assert plan.title == f"Switch main: {old} → {name}"
        assert walk(promote.ACTION, plan, site).failed is None
    assert cluster.primary() == "db3"


def test_each_step_is_found_not_done_before_it_and_done_after_it(cluster: DemoCluster, site: Reach) -> None:
    plan = planned(promote.ACTION, TO_DB2, site)
    for n, step in enumerate(plan.steps, start=1):
        looked_up = step.kind is not Kind.LOOK and step.name not in {"prove", "archive"}
        if looked_up:
            assert probe(promote.ACTION, step, site) is Probe.NOT_DONE, step.name
        do(promote.ACTION, step.name, step.args, site, n)
        if looked_up:
            assert probe(promote.ACTION, step, site) is Probe.DONE, step.name
    assert cluster.primary() == "db2"


def test_what_may_be_repeated_is_as_good_the_second_time(cluster: DemoCluster, site: Reach) -> None:
    plan = planned(promote.ACTION, TO_DB2, site)
    for n, step in enumerate(plan.steps, start=1):
        for _again in range(1 if step.kind is Kind.PROBE and step.name != "rejoin" else 2):
            do(promote.ACTION, step.name, step.args, site, n)
    assert cluster.primary() == "db2"
    assert all(node.streaming for node in observe(site).standbys)


def test_the_plan_made_again_is_the_same_though_time_went_by(cluster: DemoCluster, site: Reach, tmp_path: Path) -> None:
    first = planned(promote.ACTION, promote.Asked("main"), site)
    with writing(cluster, tmp_path):
        time.sleep(0.3)
        assert planned(promote.ACTION, promote.Asked("main"), site).plan_hash == first.plan_hash


def test_without_the_shutdown_record_on_the_candidate_the_old_primary_serves_again(
    cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "GATE_TIME", 1.0)
    plan = planned(promote.ACTION, TO_DB2, site)
    receiver = receiver_of(cluster, "db2")
    on(cluster, "db1", "ALTER SYSTEM SET wal_sender_timeout = '1s'", "SELECT pg_reload_conf()")

    def freeze_before_stop(step: Step) -> None:
        if step.name == "stop":
            receiver.send_signal(signal.SIGSTOP)

    try:
        walked = walk(promote.ACTION, plan, site, before=freeze_before_stop)
    finally:
        receiver.send_signal(signal.SIGCONT)
    assert walked.failed is not None
    assert walked.failed.code == "GATE"
    assert walked.undone == ["return", "unprepare"]
    assert cluster.primary() == "db1"
    on(cluster, "db1", "INSERT INTO reading VALUES (999999, now(), 'x', 1)")
    cluster.wait_streaming("db1", 2)
    view = observe(site)
    assert view.nodes["db1"].timeline == 1
    assert view.nodes["db2"].slots == ()


def test_going_back_is_refused_once_the_candidate_was_promoted(cluster: DemoCluster, site: Reach) -> None:
    plan = planned(promote.ACTION, TO_DB2, site)
    walk(promote.ACTION, plan, site, until="prove")
    back = next(step.undo for step in plan.steps if step.name == "stop")
    assert back is not None
    with pytest.raises(StepFailed) as refused:
        do(promote.ACTION, back.name, back.args, site)
    assert refused.value.code == "TWO-PRIMARIES"
    assert cluster.primary() == "db2"


def test_a_primary_stopped_for_a_switchover_comes_back_read_only_whoever_starts_it(
    cluster: DemoCluster, site: Reach
) -> None:
    plan = planned(promote.ACTION, TO_DB2, site)
    walk(promote.ACTION, plan, site, until="gate")
    db1 = site.cluster.node("db1")
    process.wait_gone(site.shell(db1), db1, timeout=20)
    cluster.start("db1")
    assert observe(site).primary is None
    assert "standby" in cluster.role("db1")


def test_promotion_is_refused_when_the_old_primary_wrote_after_the_gate(cluster: DemoCluster, site: Reach) -> None:
    plan = planned(promote.ACTION, TO_DB2, site)
    walk(promote.ACTION, plan, site, until="promote")
    db1 = site.cluster.node("db1")
    process.wait_gone(site.shell(db1), db1, timeout=20)
    control.unfence(site.shell(db1), db1)
    cluster.start("db1")
    promotion = next(step for step in plan.steps if step.name == "promote")
    with pytest.raises(StepFailed) as refused:
        do(promote.ACTION, promotion.name, promotion.args, site)
    assert refused.value.code == "GATE"
    assert cluster.primary() == "db1"


def test_a_dead_primary_is_replaced_and_the_loss_is_read_from_its_own_wal(
    cluster: DemoCluster, site: Reach, tmp_path: Path
) -> None:
    with writing(cluster, tmp_path) as writer:
        cluster.kill("db1")
        plan = planned(promote.ACTION, promote.Asked("main"), site)
        assert plan.caps == {"wal_bytes": 16 * 1024**2, "wal_seconds": 10}
        assert plan.title == f"Fail over main to {plan.target}"
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None, walked.failed
        rows = writer.rows
        until(lambda: writer.rows > rows)
    weighed = walked.evidence["fence"].data["commits"]
    assert lost(cluster.nodes[plan.target].dsn(), tmp_path / "writer.log") <= int(str(weighed))
    view = observe(site)
    assert [node.name for node in view.primaries] == [plan.target]
    assert [node.streaming for node in view.standbys] == [True]
    db1 = site.cluster.node("db1")
    process.start(site.shell(db1), db1, timeout=30)
    assert [node.name for node in observe(site).primaries] == [plan.target]


def test_wal_that_no_standby_has_is_counted_as_lost(cluster: DemoCluster, site: Reach) -> None:
    for name in ("db2", "db3"):
        on(cluster, name, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'", "SELECT pg_reload_conf()")
    until(lambda: not any(node.streaming for node in observe(site).standbys))
    on(cluster, "db1", *(f"INSERT INTO reading VALUES (90000{n}, now(), 'x', 1)" for n in range(5)))
    cluster.kill("db1")
    found = promote.look(promote.Asked("main"), site)
    assert found.loss is not None
    assert found.loss.commits == 5
    assert 0 < found.loss.wal_bytes < 1024**2
    assert found.loss.seconds >= 1


def test_two_primaries_are_seen_and_nothing_is_promoted(cluster: DemoCluster, site: Reach) -> None:
    on(cluster, "db3", "SELECT pg_promote()")
    assert refusal(promote.ACTION, TO_DB2, site).code == "PROMOTE-SPLIT-BRAIN"
    found = status.answer(status.Asked("main"), observe(site))
    assert found.level == "crit"
