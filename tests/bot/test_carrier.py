"""By-hand commands that lie on the node, and what a first step looks at ahead."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actions import promote
from actions.contract import Action, At, Opening, StepCode
from bot.carrier import ActionCarrier, notes_path
from bot.sites import Sites
from bot.texts import Texts
from core.errors import Unreachable
from core.outcome import Evidence, Probe
from core.plan import Plan
from fleet.site import Site
from tests.actions import test_promote
from tests.fixtures.views import inventory

PLAN = test_promote.failover(test_promote.LITTLE)


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    cluster = inventory()
    nodes = {name: replace(node, run_as="", work=str(tmp_path / name)) for name, node in cluster.nodes.items()}
    with closing(Sites({"main": replace(cluster, nodes=nodes)}, tmp_path / "known_hosts")) as made:
        yield made


def carrier(sites: Sites, glance: Callable[[Site, Mapping[str, Any]], object]) -> ActionCarrier:
    """One whose first step begins with such a look."""

    def do(_at: At, _args: Mapping[str, Any]) -> Evidence:
        raise AssertionError("nobody carries it out here")

    fence = StepCode(do, lambda _at, _args: Probe.UNKNOWN, Opening(lambda _site, _args, _count: None, glance))
    spec = promote.SPEC
    action = Action(spec, dict, lambda _asked, _site: None, lambda _asked, _found: None, steps={"fence": fence})
    return ActionCarrier({"promote": action}, sites, Texts())


def laid(sites: Sites, plan: Plan, run: str) -> str:
    node = sites.of("main").cluster.node(plan.notes_on)
    return Path(notes_path(plan, node.work, run)).read_text(encoding="utf-8")


def assert_whole(notes: str) -> None:
    assert f"plan {PLAN.plan_hash[:8]}; this file has the name of its run" in notes
    assert all(line in notes for line in (*PLAN.onward, *PLAN.back))


def test_they_are_whole(sites: Sites) -> None:
    carrier(sites, lambda _site, _args: None).leave_notes(PLAN, "run-1")
    assert_whole(laid(sites, PLAN, "run-1"))


def test_the_first_steps_look_is_taken_with_its_args(sites: Sites) -> None:
    seen: list[object] = []
    carrier(sites, lambda site, args: seen.append((site, args))).glance(PLAN)
    assert seen == [(sites.of("main"), dict(PLAN.steps[0].args))]


def test_each_run_has_its_own_name_in_them(sites: Sites) -> None:
    carrying = carrier(sites, lambda _site, _args: None)
    plan = replace(PLAN, onward=("mv /srv/db1.old.RUN /srv/db1",))
    carrying.leave_notes(plan, "run-1")
    carrying.leave_notes(plan, "run-2")
    assert "mv /srv/db1.old.run-1 /srv/db1" in laid(sites, plan, "run-1")
    assert laid(sites, plan, "run-2") == laid(sites, plan, "run-1").replace("run-1", "run-2")


def test_a_look_that_finds_something_stops_nothing_for_the_step_itself_looks(sites: Sites) -> None:
    def finds(_site: Site, _args: Mapping[str, Any]) -> object:
        raise Unreachable("db2 does not answer.")

    carrier(sites, finds).glance(PLAN)
