"""What changed after the last look at a cluster whose primary is dead is seen before anything is done."""

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest

from actions import promote
from bot.carrier import ActionCarrier, notes_path
from bot.sites import Sites
from bot.texts import Texts
from core.errors import StepFailed, Unreachable
from core.plan import Plan, Step
from fleet.early import MOMENT
from fleet.postgres import control, process
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.cut_off import CutOff
from tests.fixtures.orphans import orphan
from tests.fixtures.pooler import made
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, site_for, until
from tests.fixtures.walk import Walked, do, planned, walk

__all__ = ["cluster", "site"]


def late(site: Reach, at: str, happens: Callable[[], object]) -> Walked:
    """Fail over from a dead db1 to db2, while something happens right before a step."""

    def before(step: Step) -> None:
        if step.name == at:
            happens()

    return walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", "db2"), site), site, before=before)


def stranded(cluster: DemoCluster) -> None:
    """Lead the standbys to a port where nobody listens."""
    for name in ("db2", "db3"):
        with cluster.connect(name) as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
            connection.execute("SELECT pg_reload_conf()")


def programs() -> set[int]:
    """Our programs that wait to be fed."""
    return {each.pid for each in psutil.Process().children() if "sh" in each.cmdline()}


def code(walked: Walked) -> str:
    assert walked.failed is not None
    return walked.failed.code


@pytest.mark.postgres
def test_a_primary_that_is_back_since_the_look_is_left_alone_and_serves(cluster: DemoCluster, site: Reach) -> None:
    db1 = site.cluster.node("db1")
    cluster.kill("db1")
    walked = late(site, "fence", lambda: cluster.start("db1"))
    assert (code(walked), walked.undone) == ("PRIMARY-BACK", ["unfence"])
    assert [node.name for node in observe(site).primaries] == ["db1"]
    assert not control.fenced(site.shell(db1), db1)


@pytest.mark.postgres
def test_another_primary_since_the_look_ends_it_and_the_dead_one_is_not_touched(
    cluster: DemoCluster, site: Reach
) -> None:
    db1 = site.cluster.node("db1")
    cluster.kill("db1")

    def somebody_else() -> None:
        with cluster.connect("db3") as connection:
            connection.execute("SELECT pg_promote()")

    walked = late(site, "fence", somebody_else)
    assert (code(walked), walked.undone) == ("TWO-PRIMARIES", ["unfence"])
    assert [node.name for node in observe(site).primaries] == ["db3"]
    assert not control.fenced(site.shell(db1), db1)


@pytest.mark.postgres
def test_a_dead_primary_that_is_started_behind_its_fence_takes_no_writes_and_nobody_is_promoted(
    cluster: DemoCluster, site: Reach
) -> None:
    db1 = site.cluster.node("db1")
    cluster.kill("db1")

    def somebody() -> None:
        cluster.start("db1")
        time.sleep(MOMENT)  # for which what the fence's own program saw counts

    assert code(late(site, "promote", somebody)) == "NOT-FENCED"
    assert observe(site).primaries == ()
    assert not process.gone(site.shell(db1), db1)


@pytest.mark.postgres
@pytest.mark.parametrize("measured", [True, False], ids=["measured a moment ago", "taken up by another bot"])
def test_a_loss_above_what_was_agreed_ends_it_right_before_the_promotion(
    cluster: DemoCluster,
    site: Reach,
    measured: bool,  # noqa: FBT001  # a column of the table
) -> None:
    stranded(cluster)
    until(lambda: not any(node.streaming for node in observe(site).standbys))
    with cluster.connect("db1") as connection:
        connection.execute("CREATE TABLE late (n int)")
    cluster.kill("db1")
    plan = planned(promote.ACTION, promote.Asked("main", "db2"), site)
    shown = walk(promote.ACTION, plan, site, until="promote").evidence
    assert str(shown["fence"].data["commits"]) == "1"
    args = {**plan.steps[1].args, "wal_bytes": 1}
    with pytest.raises(StepFailed) as stopped:
        do(promote.ACTION, "promote", args, site, 2, shown if measured else {})
    assert stopped.value.code == "LOSS-ABOVE-CAP"
    assert observe(site).primaries == ()


@pytest.mark.postgres
def test_a_machine_that_a_hook_switches_off_behind_the_fence_is_not_asked_again(cluster: DemoCluster) -> None:
    power = made("power", "fence", command=["/bin/true"], repeatable=True)
    with closing(site_for(cluster, power)) as reach:
        until(lambda: len(observe(reach).standbys) == 2)
        cluster.kill("db1")
        way = CutOff(reach, away="")
        plan = planned(promote.ACTION, promote.Asked("main", "db2"), way)

        def switched_off(step: Step) -> None:
            if step.name == "weigh":
                way.away = "db1"

        walked = walk(promote.ACTION, plan, way, before=switched_off)
        assert (walked.failed, walked.steps[:4]) == (None, ["fence", "hook", "weigh", "promote"])
        assert [node.name for node in observe(reach).primaries] == ["db2"]


@pytest.mark.postgres
def test_a_machine_that_goes_away_behind_the_fence_by_itself_ends_it(cluster: DemoCluster, site: Reach) -> None:
    cluster.kill("db1")
    way = CutOff(site, away="")
    plan = planned(promote.ACTION, promote.Asked("main", "db2"), way)

    def gone(step: Step) -> None:
        if step.name == "promote":
            time.sleep(MOMENT)
            way.away = "db1"

    walked = walk(promote.ACTION, plan, way, before=gone)
    assert isinstance(walked.failed, Unreachable)
    assert observe(site).primaries == ()


@pytest.mark.postgres
def test_what_a_waiting_failover_has_ready_is_what_it_uses(cluster: DemoCluster, site: Reach, tmp_path: Path) -> None:
    db1, db2 = site.cluster.node("db1"), site.cluster.node("db2")
    with closing(Sites({"main": site.cluster}, tmp_path / "known_hosts")) as sites:
        carrier = ActionCarrier({"promote": promote.ACTION}, sites, Texts())
        cluster.kill("db1")
        plan = planned(promote.ACTION, promote.Asked("main", "db2"), site)
        assert isinstance(carrier.make_ready(plan), Plan)
        until(lambda: len(programs()) == 2)  # each changes its user first
        carrier.leave_notes(plan, "run-1")
        assert f"plan {plan.plan_hash[:8]}; this file has the name of its run" in (
            sites.of("main").shell(db2).read(notes_path(plan, db2.work, "run-1")) or ""
        )
        assert len(programs()) == 1
        seal = process.fence_gone(sites.of("main").shell(db1), db1)
        assert (seal == "", programs()) == (False, set())
        assert isinstance(carrier.make_ready(plan), Plan)
        until(lambda: len(programs()) == 2)
        carrier.let_go(plan)
        assert programs() == set()


@pytest.mark.postgres
def test_an_orphan_that_still_works_in_the_dead_primarys_folder_keeps_it_from_being_replaced(
    cluster: DemoCluster, site: Reach
) -> None:
    cluster.kill("db1")
    with ExitStack() as stack:
        walked = late(site, "fence", lambda: stack.enter_context(orphan(site.cluster.node("db1"))))
        assert (code(walked), walked.undone) == ("PRIMARY-BACK", ["unfence"])
        assert observe(site).primaries == ()
