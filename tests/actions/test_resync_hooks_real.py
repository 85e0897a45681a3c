"""What a site hangs on a node's return happens once the node is back, and with the words of who followed whom."""

from pathlib import Path

import pytest

from actions.resync import ACTION
from core.errors import StepFailed
from fleet.hooks.hook import At, Command, Failure, Hook
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site_for
from tests.fixtures.trouble import fail_over, has_all_rows, in_step, planned, way

pytestmark = pytest.mark.postgres
__all__ = ["cluster"]
_TELL = 'echo "$1 follows $2 on port $3" >> "$4"'


def site_with(cluster: DemoCluster, *hooks: Hook) -> Reach:
    for name in ("db2", "db3"):
        has_all_rows(cluster, name)
    return site_for(cluster, *hooks)


def telling(told: Path) -> Hook:
    words = ("/bin/sh", "-c", _TELL, "viewer", "{node}", "{primary}", "{primary_port}", str(told))
    return Hook("viewer", At.POST_RESYNC, "the viewer reads {node}", Command(words))


def test_a_rewound_node_streams_before_its_viewer_is_told_once(cluster: DemoCluster, tmp_path: Path) -> None:
    told = tmp_path / "told"
    site = site_with(cluster, telling(told))
    fail_over(cluster, lost=50)
    made = planned(site, "db1")
    assert (way(made), [step.name for step in made.steps[-2:]]) == ("rewind", ["hook", "held"])
    assert "the viewer reads db1" in made.steps[-2].title
    carrier = Carrier(ACTION, made, site)
    carrier.until("hook")
    in_step(cluster, "db2", "db1")
    assert not told.exists()
    for n in range(len(made.steps) - 1, len(made.steps) + 1):
        carrier.do(n)
    assert told.read_text() == f"db1 follows db2 on port {site.cluster.node('db2').port}\n"
    site.close()


@pytest.mark.parametrize("failure", list(Failure))
def test_a_hook_that_fails_takes_nothing_back_and_the_end_says_so_if_it_had_to_hold(
    cluster: DemoCluster, failure: Failure
) -> None:
    broken = Hook("viewer", At.POST_RESYNC, "the viewer reads {node}", Command(("/bin/false",)), failure=failure)
    site = site_with(cluster, broken)
    cluster.stop("db2")
    made = planned(site, "db2")
    assert way(made) == "repair"
    carrier = Carrier(ACTION, made, site)
    if failure is Failure.STOP:
        with pytest.raises(StepFailed, match="viewer failed"):
            carrier.all()
    else:
        assert "viewer" in str(carrier.all())
    in_step(cluster, "db1", "db2")
    site.close()
