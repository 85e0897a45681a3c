"""A delayed standby of a real cluster, rolled forward to right before a TRUNCATE, and brought back."""

import time

import pytest

from actions import forward, pause, resume
from core.outcome import Evidence
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
NEW = 50  # rows of one write
APART = 0.2  # seconds between two commits
STREAMING = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'"  # no row while none runs


def state(site: Site) -> replay.Replay:
    return replay.read(site, site.cluster.node("db3"))


def asked(cluster: DemoCluster, query: str, node: str = "db1") -> str:
    with cluster.connect(node) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def moment(cluster: DemoCluster) -> str:
    """A moment between two commits, by the primary's clock."""
    time.sleep(APART)
    now = asked(cluster, "SELECT clock_timestamp()")
    time.sleep(APART)
    return now


def held(cluster: DemoCluster, site: Site, delay: str = "1h") -> None:
    """Pause a standby that waits in its delay before the first of all commits to come."""
    change(cluster, "db3", "recovery_min_apply_delay", delay)
    wait_for(lambda: state(site).delay > 0, 5, "the delay to count")
    write(cluster, "db1", NEW)
    wait_for(lambda: state(site).delaying, 5, "it to wait in its delay")
    Carrier(pause.ACTION, planned(pause.ACTION, PAUSE, site), site).all()


def truncate(cluster: DemoCluster) -> None:
    with cluster.connect("db1", APP) as connection:
        connection.execute("TRUNCATE reading")


def rolled(site: Site, to: str) -> Evidence:
    carrier = Carrier(forward.ACTION, planned(forward.ACTION, forward.Asked("main", "db3", to), site), site)
    return carrier.all()["arrive"]


def resumed(site: Site) -> list[str]:
    carrier = Carrier(resume.ACTION, planned(resume.ACTION, RESUME, site), site)
    carrier.all()
    return [step.name for step in carrier.plan.steps]


def stands(cluster: DemoCluster, site: Site) -> None:
    seen = state(site)
    assert (seen.state, seen.in_recovery, seen.delay) == (replay.PAUSED, True, 0)
    assert asked(cluster, "SHOW recovery_target_action", "db3") == "pause"
    assert cluster.role("db3") == "standby"


def test_it_is_rolled_to_right_before_the_truncate_in_two_goes_and_then_brought_back(
    cluster: DemoCluster, site: Site
) -> None:
    held(cluster, site)
    first = moment(cluster)
    write(cluster, "db1", NEW)
    second = moment(cluster)
    truncate(cluster)
    assert rolled(site, first).data["locked"] == []
    stands(cluster, site)
    assert rows(cluster, "db3") == ROWS + NEW
    shown = rolled(site, second)
    stands(cluster, site)
    assert shown.data["locked"] == ["public.reading"]
    assert "LOCKED by transactions that had begun by then, so not readable: public.reading" in shown.text
    assert resumed(site) == ["clear", "stop", "start", "see"]
    assert (asked(cluster, "SHOW recovery_min_apply_delay", "db3"), state(site).target) == ("1h", "")
    assert state(site).kept_delay is None
    change(cluster, "db3", "recovery_min_apply_delay", "0")
    in_step(cluster, "db1", "db3")
    wait_for(lambda: asked(cluster, STREAMING, "db3") == "1", 10, "streaming")
    assert rows(cluster, "db3") == 0


def test_a_place_in_the_wal_before_the_truncate_began_leaves_its_table_readable(
    cluster: DemoCluster, site: Site
) -> None:
    held(cluster, site)
    place = asked(cluster, "SELECT pg_current_wal_insert_lsn()")
    truncate(cluster)
    assert rolled(site, place).data["locked"] == []
    stands(cluster, site)
    assert rows(cluster, "db3") == ROWS + NEW
    cluster.stop("db3")
    cluster.start("db3")  # whoever restarts it finds it where it was
    wait_for(lambda: state(site).state == replay.PAUSED, 10, "it to stand there again")
    stands(cluster, site)
    assert refusal(pause.ACTION, PAUSE, site).code == "PAUSE-ALREADY"


def test_where_nothing_was_committed_since_a_commit_of_now_ends_the_wait(cluster: DemoCluster, site: Site) -> None:
    held(cluster, site)
    rolled(site, moment(cluster))
    stands(cluster, site)
    assert rows(cluster, "db3") == ROWS + NEW


def test_what_it_can_t_reach_is_refused_before_anything_is_touched(cluster: DemoCluster, site: Site) -> None:
    def refused(to: str) -> str:
        return refusal(forward.ACTION, forward.Asked("main", "db3", to), site).code

    assert refused("2000-01-01T00:00:00Z") == "FORWARD-NOT-PAUSED"
    held(cluster, site)
    assert refused("2000-01-01T00:00:00Z") == "FORWARD-PAST"
    assert refused("0/1000000") == "FORWARD-PAST"
    assert refused("2999-01-01T00:00:00Z") == "FORWARD-FUTURE"
    assert refused("FF/0") == "FORWARD-FUTURE"
    assert refused("yesterday") == "FORWARD-POINT"


def test_a_roll_forward_that_is_taken_back_leaves_the_pause_and_the_settings(cluster: DemoCluster, site: Site) -> None:
    held(cluster, site)
    before = (cluster.nodes["db3"].data / "postgresql.auto.conf").read_text()
    to = forward.Asked("main", "db3", moment(cluster))
    carrier = Carrier(forward.ACTION, planned(forward.ACTION, to, site), site)
    carrier.do(1)
    assert carrier.back(1) == ["clear"]
    after = (cluster.nodes["db3"].data / "postgresql.auto.conf").read_text()
    assert sorted(before.replace("'1h'", "'3600000ms'").splitlines()) == sorted(after.splitlines())
    assert state(site).held
