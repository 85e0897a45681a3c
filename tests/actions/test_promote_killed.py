from pathlib import Path

import pytest

from actions import promote
from core.outcome import Probe
from fleet.inventory import Node
from fleet.postgres import control, process
from fleet.postgres.controldata import Control
from fleet.postgres.observe import observe
from fleet.reach import Reach
from fleet.shell import Shell
from sandbox.cluster import DemoCluster
from sandbox.writer import lost
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site
from tests.fixtures.walk import planned
from tests.fixtures.writing import writing

__all__ = ["cluster", "site"]

pytestmark = pytest.mark.postgres

DEATHS = [("stop", 0.02), ("stop", 0.15), ("gate", 0.01), ("promote", 0.03), ("rejoin", 0.1), ("prepare", 0.05)]


def test_a_bot_killed_inside_any_step_is_followed_by_one_that_goes_on(
    cluster: DemoCluster, site: Reach, tmp_path: Path
) -> None:
    with writing(cluster, tmp_path):
        for turn, (name, after) in enumerate(DEATHS):
            target = ("db2", "db3", "db1")[turn % 3]
            plan = planned(promote.ACTION, promote.Asked("main", target), site)
            carrier = Carrier(promote.ACTION, plan, site)
            n = carrier.until(name)
            carrier.killed_in(n, "actions.promote", after)
            carrier.take_up(n)
            for rest in range(n + 1, len(plan.steps) + 1):
                carrier.do(rest)
            view = observe(site)
            assert [node.name for node in view.primaries] == [target], (name, after)
            assert [node.streaming for node in view.standbys] == [True, True]
    assert lost(cluster.nodes["db1"].dsn(), tmp_path / "writer.log") == 0


def test_a_bot_killed_before_the_point_of_no_return_leaves_a_way_back(cluster: DemoCluster, site: Reach) -> None:
    plan = planned(promote.ACTION, promote.Asked("main", "db2"), site)
    carrier = Carrier(promote.ACTION, plan, site)
    n = carrier.until("stop")
    carrier.killed_in(n, "actions.promote", 0.12)
    assert carrier.back(n) == ["return", "unprepare"]
    assert cluster.primary() == "db1"
    cluster.wait_streaming("db1", 2)
    assert carrier.back(n) == ["return", "unprepare"]  # twice is as good as once
    assert cluster.primary() == "db1"


def test_a_server_that_ends_while_it_is_looked_at_is_shut_down_and_not_dead(
    site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(promote.ACTION, promote.Asked("main", "db2"), site)
    carrier = Carrier(promote.ACTION, plan, site)
    n = carrier.until("stop")
    old, read, looks = site.cluster.node("db1"), control.read_control, []

    def read_then_it_ends(shell: Shell, node: Node, *, timeout: float = control.QUICK) -> Control:
        looks.append(read(shell, node, timeout=timeout))
        if len(looks) == 1:  # what a bot had asked for before it died comes to its end just now
            control.fence(shell, old)
            process.stop(shell, old, timeout=60)
        return looks[-1]

    monkeypatch.setattr(control, "read_control", read_then_it_ends)
    assert carrier.probe(n) is Probe.DONE
    assert looks[0].state == "in production"
