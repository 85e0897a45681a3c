import pytest

from actions import promote
from core.plan import Step
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.cut_off import CutOff
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.walk import planned, refusal, walk

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

ANY = promote.Asked("main")
DEAF = ("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'", "SELECT pg_reload_conf()")


@pytest.fixture
def away(site: Reach) -> CutOff:
    return CutOff(site, "db1")


@pytest.fixture
def gone(cluster: DemoCluster, away: CutOff) -> CutOff:
    cluster.kill("db1")
    until(lambda: not any(node.streaming for node in observe(away).standbys))
    return away


def test_with_the_primarys_machine_gone_the_approver_answers_for_its_being_off(gone: CutOff) -> None:
    plan = planned(promote.ACTION, ANY, gone)
    assert (plan.word, plan.target, plan.caps) == ("db1 IS OFF", "db2", {})
    assert any("LOSS UNKNOWN" in cost and "newest commit on db2" in cost for cost in plan.costs)
    assert any("does not prove that it is off" in note for note in plan.notes)
    walked = walk(promote.ACTION, plan, gone)
    assert walked.failed is None
    assert walked.steps == ["unheard", "lead", "prove", "follow", "archive"]
    view = observe(gone)
    assert view.primary is not None
    assert (view.primary.name, view.primary.timeline, view.nodes["db3"].streaming) == ("db2", 2, True)


def test_a_primary_that_comes_back_before_the_promotion_stops_it(cluster: DemoCluster, gone: CutOff) -> None:
    def back(step: Step) -> None:
        if step.name == "lead":
            cluster.start("db1")

    walked = walk(promote.ACTION, planned(promote.ACTION, ANY, gone), gone, before=back)
    assert walked.failed is not None
    assert walked.failed.code == "PRIMARY-ALIVE"
    assert cluster.primary() == "db1"


def test_while_a_standby_hears_the_primary_only_the_bot_is_cut_off(away: CutOff) -> None:
    assert refusal(promote.ACTION, ANY, away).code == "PROMOTE-PRIMARY-ALIVE"


def test_while_a_standbys_machine_reaches_the_primary_only_the_bot_is_cut_off(
    cluster: DemoCluster, away: CutOff
) -> None:
    for name in ("db2", "db3"):
        on(cluster, name, *DEAF)
    until(lambda: not any(node.streaming for node in observe(away).standbys))
    assert refusal(promote.ACTION, ANY, away).code == "PROMOTE-BOT-CUT-OFF"
