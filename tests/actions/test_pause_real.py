"""Replay of a real standby, stopped within seconds and let go on: what it still has, and what it never becomes."""

import time

import pytest

from actions import pause, resume
from core.errors import StepFailed
from fleet.postgres import replay
from fleet.site import Site
from sandbox.cluster import DemoCluster
from sandbox.layout import APP
from sandbox.running import wait_for
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.trouble import ROWS, change, in_step, rows, site, write
from tests.fixtures.walk import planned, refusal

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]
PAUSE, RESUME = pause.Asked("main", "db3"), resume.Asked("main", "db3")
SOON = 5.0  # seconds


def delayed(cluster: DemoCluster, site: Site, delay: str) -> None:
    change(cluster, "db3", "recovery_min_apply_delay", delay)
    wait_for(lambda: state(site).delay > 0, SOON, "the delay to count")


def state(site: Site) -> replay.Replay:
    return replay.read(site, site.cluster.node("db3"))


def truncate(cluster: DemoCluster) -> None:
    with cluster.connect("db1", APP) as connection:
        connection.execute("TRUNCATE reading")


def paused(site: Site) -> str:
    return Carrier(pause.ACTION, planned(pause.ACTION, PAUSE, site), site).all()["pause"].text


def resumed(site: Site) -> list[str]:
    carrier = Carrier(resume.ACTION, planned(resume.ACTION, RESUME, site), site)
    carrier.all()
    return [step.name for step in carrier.plan.steps]


def test_a_delayed_standby_is_held_within_seconds_of_a_truncate_and_still_has_the_rows(
    cluster: DemoCluster, site: Site
) -> None:
    delayed(cluster, site, "1h")
    write(cluster, "db1")
    wait_for(lambda: state(site).delaying, SOON, "it to wait in its delay")
    truncate(cluster)
    began = time.monotonic()
    said = paused(site)
    assert time.monotonic() - began < SOON
    assert "held before the next commit" in said
    assert "the last transaction that it replayed was committed at" in said
    assert rows(cluster, "db3") == ROWS
    assert refusal(pause.ACTION, PAUSE, site).code == "PAUSE-ALREADY"


def test_a_pause_that_came_during_the_delay_holds_when_the_delay_is_over(cluster: DemoCluster, site: Site) -> None:
    delayed(cluster, site, "3s")
    write(cluster, "db1")
    truncate(cluster)
    wait_for(lambda: state(site).delaying, SOON, "it to wait in its delay")
    paused(site)
    held = state(site).replayed
    wait_for(lambda: state(site).state == replay.PAUSED, 2 * SOON, "the delay to be over")
    assert (state(site).replayed, rows(cluster, "db3")) == (held, ROWS)
    assert resumed(site) == ["resume", "see", "prove"]
    wait_for(lambda: rows(cluster, "db3") == 0, 2 * SOON, "the TRUNCATE to be applied")


def test_a_standby_without_a_delay_is_paused_where_it_is_and_resumed_with_all_rows(
    cluster: DemoCluster, site: Site
) -> None:
    said = paused(site)
    assert said.startswith("replay on db3 is paused at ")
    write(cluster, "db1")
    wait_for(lambda: state(site).waiting > 0, SOON, "WAL to come in")
    assert rows(cluster, "db3") == ROWS
    assert resumed(site) == ["resume", "see", "prove"]
    in_step(cluster, "db1", "db3")
    assert refusal(resume.ACTION, RESUME, site).code == "RESUME-NOT-PAUSED"


def test_a_primary_is_neither_paused_nor_resumed(cluster: DemoCluster, site: Site) -> None:
    assert cluster.role("db1") == "primary"
    assert refusal(pause.ACTION, pause.Asked("main", "db1"), site).code == "PAUSE-PRIMARY"
    assert refusal(resume.ACTION, resume.Asked("main", "db1"), site).code == "RESUME-PRIMARY"


def test_at_a_recovery_target_that_a_person_set_it_is_never_made_a_primary(cluster: DemoCluster, site: Site) -> None:
    paused(site)
    write(cluster, "db1")
    with cluster.connect("db1") as connection:
        row = connection.execute("SELECT pg_current_wal_lsn()::text").fetchone()
    assert row is not None
    change(cluster, "db3", "recovery_target_lsn", str(row[0]))
    cluster.stop("db3")
    cluster.start("db3")
    write(cluster, "db1")
    wait_for(lambda: state(site).state == replay.PAUSED, 2 * SOON, "it to stand at its target")
    carrier = Carrier(resume.ACTION, planned(resume.ACTION, RESUME, site), site)
    with pytest.raises(StepFailed, match="it would become a primary"):
        resume.ACTION.steps["resume"].do(carrier._at(1), {"node": "db3", "system": state(site).system})  # type: ignore[index]  # has steps
    assert resumed(site) == ["clear", "stop", "start", "see", "prove"]
    in_step(cluster, "db1", "db3")
    assert state(site).target == ""
