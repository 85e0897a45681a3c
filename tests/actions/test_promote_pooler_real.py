"""With PgBouncer paused and resumed by its hooks no client sees a switchover, nor one that is taken back."""

import signal
from collections.abc import Iterator

import psycopg
import pytest

from actions import promote
from core.outcome import AMISS
from core.plan import Step
from fleet.hooks.hook import Hook
from fleet.postgres import switch
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on, receiver_of
from tests.fixtures.pooler import Client, Pooler, clients, hooks_for, kept, point, pooled
from tests.fixtures.postgres import cluster
from tests.fixtures.site import site_for, until
from tests.fixtures.walk import planned, refusal, walk

__all__ = ["cluster"]

pytestmark = pytest.mark.postgres

TO_DB2 = promote.Asked("main", "db2")


@pytest.fixture
def pooler(cluster: DemoCluster) -> Iterator[Pooler]:
    with pooled(cluster) as made:
        yield made


def site_with(cluster: DemoCluster, *hooks: Hook) -> Reach:
    site = site_for(cluster, *hooks)
    until(lambda: len(observe(site).standbys) == 2)
    return site


def go_on(writers: list[Client]) -> None:
    """Wait until each client has written once more."""
    rows = [writer.acknowledged for writer in writers]
    until(lambda: all(w.acknowledged > row or w.errors for w, row in zip(writers, rows, strict=True)))


def test_no_client_sees_a_switchover_and_none_loses_a_row(cluster: DemoCluster, pooler: Pooler) -> None:
    site = site_with(cluster, *hooks_for(pooler))
    with clients(cluster, pooler) as writers:
        plan = planned(promote.ACTION, TO_DB2, site)
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None
        go_on(writers)
    assert [writer.errors for writer in writers] == [[], [], [], []]
    assert kept(cluster, "db2") == {writer.name: writer.acknowledged for writer in writers}
    assert max(writer.longest for writer in writers) < 5
    assert cluster.primary() == "db2"
    assert walked.steps.index("hook") == 1
    assert walked.steps[-1] == "held"


def test_a_gate_that_fails_has_the_pooler_resumed_and_no_client_sees_it(
    cluster: DemoCluster, pooler: Pooler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "GATE_TIME", 1.0)
    on(cluster, "db1", "ALTER SYSTEM SET wal_sender_timeout = '1s'", "SELECT pg_reload_conf()")
    site = site_with(cluster, *hooks_for(pooler))
    receiver = receiver_of(cluster, "db2")

    def freeze_before_stop(step: Step) -> None:
        if step.name == "stop":
            assert pooler.paused()
            receiver.send_signal(signal.SIGSTOP)

    with clients(cluster, pooler) as writers:
        plan = planned(promote.ACTION, TO_DB2, site)
        try:
            walked = walk(promote.ACTION, plan, site, before=freeze_before_stop)
        finally:
            receiver.send_signal(signal.SIGCONT)
        go_on(writers)
    assert walked.failed is not None
    assert walked.failed.code == "GATE"
    assert walked.undone == ["return", "unhook", "unprepare"]
    assert [writer.errors for writer in writers] == [[], [], [], []]
    assert kept(cluster, "db1") == {writer.name: writer.acknowledged for writer in writers}


def test_a_client_that_holds_a_transaction_open_ends_the_switchover_before_anything_stops(
    cluster: DemoCluster, pooler: Pooler
) -> None:
    site = site_with(cluster, *hooks_for(pooler, time_limit=1))
    with clients(cluster, pooler) as writers, psycopg.connect(pooler.dsn, prepare_threshold=None) as slow:
        slow.execute("INSERT INTO promised VALUES (99, 1)")
        plan = planned(promote.ACTION, TO_DB2, site)
        walked = walk(promote.ACTION, plan, site)
        slow.commit()
        go_on(writers)
    assert walked.failed is not None
    assert walked.failed.code == "TIMED-OUT"
    assert walked.undone == ["unhook", "unprepare"]
    assert [writer.errors for writer in writers] == [[], [], [], []]
    assert cluster.primary() == "db1"
    assert not pooler.paused()
    assert kept(cluster, "db1")[99] == 1


def test_a_resume_that_fails_keeps_no_safety_step_from_happening_and_ends_loudly(
    cluster: DemoCluster, pooler: Pooler
) -> None:
    site = site_with(cluster, *hooks_for(pooler, sql=f"{pooler.folder}/state.sql", time_limit=1))
    plan = planned(promote.ACTION, TO_DB2, site)
    walked = walk(promote.ACTION, plan, site)
    assert walked.failed is not None
    assert walked.failed.code == "HOOK-FAILED"
    assert "resume failed" in walked.failed.message
    assert walked.undone == []
    assert walked.steps[-3:] == ["rejoin", "tidy", "archive"]
    assert walked.evidence["hook"].data[AMISS] == "stop"
    assert [node.streaming for node in observe(site).standbys] == [True, True]
    assert any("onward.sql" in line or "state.sql" in line for line in plan.onward)


def test_a_file_changed_after_it_was_agreed_to_is_not_sent(cluster: DemoCluster, pooler: Pooler) -> None:
    site = site_with(cluster, *hooks_for(pooler))
    plan = planned(promote.ACTION, TO_DB2, site)
    (pooler.folder / "pause.sql").write_text("SHUTDOWN;\n")
    assert planned(promote.ACTION, TO_DB2, site).plan_hash != plan.plan_hash
    walked = walk(promote.ACTION, plan, site)
    assert walked.failed is not None
    assert walked.failed.code == "HOOK-CHANGED"
    assert cluster.primary() == "db1"
    assert not pooler.paused()


def test_a_pooler_that_does_not_answer_is_said_before_anybody_agrees(cluster: DemoCluster) -> None:
    site = site_with(cluster, *hooks_for(Pooler(cluster.folder, 1)))
    refused = refusal(promote.ACTION, TO_DB2, site)
    assert refused.code == "HOOK-NOT-READY"
    assert refused.message.startswith("Hook pause would fail:")


def test_after_a_failover_the_pooler_leads_to_the_new_primary(cluster: DemoCluster, pooler: Pooler) -> None:
    site = site_with(cluster, *hooks_for(pooler)[1:2], *hooks_for(pooler, sql=f"{pooler.folder}/reload.sql")[2:])
    (pooler.folder / "reload.sql").write_text("RELOAD;\n")
    cluster.kill("db1")
    plan = planned(promote.ACTION, promote.Asked("main"), site)
    assert [step.name for step in plan.steps][1:4] == ["promote", "hook", "hook"]
    assert walk(promote.ACTION, plan, site).failed is None
    port = site.cluster.node(plan.target).port
    assert {row["port"] for row in pooler.said(b"SHOW DATABASES") if row["name"] == "app"} == {str(port)}
    point(pooler, port)
