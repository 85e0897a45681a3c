"""What an approver may be asked to look up: an exact fact that no card tells and the status of the cluster does."""

import re
from dataclasses import replace

import pytest

from actions import backup, promote, resync, status
from bot.texts import Texts
from core.plan import Plan
from fleet.postgres.ladder import Rung
from fleet.postgres.loss import Loss
from fleet.postgres.view import ClusterView, NodeView
from tests.actions import test_backup, test_promote, test_resync
from tests.fixtures.views import HERE, cluster_view, dead, primary, standby

LOSS = Loss(4_299_161, 12, 2, HERE, HERE - 4_299_161)
SIX = 6  # a timeline that no other number here is


def on_six(*nodes: NodeView) -> ClusterView:
    return cluster_view(*(replace(node, timeline=SIX) for node in nodes))


def plans() -> dict[str, tuple[Plan, ClusterView]]:
    healthy = on_six(primary(), standby("db2"), standby("db3"))
    fallen = on_six(dead("db1", timeline=SIX), standby("db2"), standby("db3"))
    strayed = cluster_view(*on_six(primary(), standby("db2")).nodes.values(), standby("db3", timeline=5))
    late = cluster_view(
        dead("db1", timeline=SIX),
        standby("db2", timeline=SIX),
        standby("db3", timeline=5, receive_lsn=HERE - 1, replay_lsn=HERE - 1),
    )
    made = {
        "switchover": (test_promote.switch(healthy), healthy),
        "switchover beside a strayed standby": (test_promote.switch(strayed), strayed),
        "failover": (promote.plan(promote.Asked("main"), test_promote.found(fallen, LOSS)), fallen),
        "failover beside a late standby": (promote.plan(promote.Asked("main"), test_promote.found(late, LOSS)), late),
        "backup": (backup.plan(test_backup.ASKED, test_backup.FOUND), test_backup.VIEW),
        "rewind": (test_resync.planned(test_resync.FORKED, test_resync.OLD), test_resync.VIEW),
    }
    whole = replace(test_resync.STANDING, rebuild=True)
    made["copy"] = (test_resync.planned(test_resync.HEALTHY, whole), test_resync.VIEW)
    for rung, standing in test_resync.CHEAP.items():
        seen = replace(test_resync.HEALTHY, standing=standing, archive="/archive")
        made[rung.name] = (test_resync.planned(seen, test_resync.STANDING), test_resync.VIEW)
    return made


PLANS = plans()


@pytest.mark.parametrize("name", PLANS)
def test_it_is_one_exact_fact_of_the_plan(name: str) -> None:
    plan, _view = PLANS[name]
    assert plan.look is not None
    named = [fact for fact in plan.facts if (fact.name, fact.subject) == (plan.look.fact, plan.look.subject)]
    assert len(named) == 1
    assert named[0].budget is None
    assert named[0].value is not None


@pytest.mark.parametrize("name", PLANS)
def test_no_text_of_the_plan_tells_it(name: str) -> None:
    plan, _view = PLANS[name]
    undone = [step.undo.title for step in plan.steps if step.undo]
    texts = [plan.title, *plan.costs, *plan.notes, *plan.waiting, *(step.title for step in plan.steps), *undone]
    assert not re.search(r"timeline\W*\d", "\n".join(texts), re.IGNORECASE)
    assert plan.look is not None
    assert not re.search(r"timeline\W*\d", plan.look.question, re.IGNORECASE)


def test_a_timeline_does_not_slip_in_through_the_reasons_why_not_another_node() -> None:
    beside = [PLANS[f"{kind} standby"][0] for kind in ("switchover beside a strayed", "failover beside a late")]
    assert [[note for note in plan.notes if "timeline" in note] for plan in beside] == [
        ["db3 is on another timeline than db1."],
        ["db3 is on an older timeline than db1 was."],
    ]
    assert not any(str(SIX) in note for plan in beside for note in plan.notes if "db3" in note)


@pytest.mark.parametrize("name", PLANS)
def test_the_status_card_shows_it_at_the_node_that_the_question_names(name: str) -> None:
    plan, view = PLANS[name]
    assert plan.look is not None
    value = next(fact.value for fact in plan.facts if (fact.name, fact.subject) == (plan.look.fact, plan.look.subject))
    node = next(node for node in view.nodes if f" {node} (" in plan.look.question)
    assert f"`/db status {plan.cluster}` shows it" in plan.look.question
    card = Texts().parts("status.j2", status.answer(status.Asked("main"), view).data)["body"]
    row = next(line for line in card.splitlines() if f"*{node}*" in line)
    assert f"timeline {value}" in row


def test_the_question_says_which_primary() -> None:
    asked = {name: plan.look.question for name, (plan, _view) in PLANS.items() if plan.look}
    assert asked["switchover"] == "Timeline of main's primary db1 (`/db status main` shows it)"
    assert asked["failover"] == "Timeline of main's dead primary db1 (`/db status main` shows it)"
    assert asked["rewind"] == "Timeline of main's primary db2 (`/db status main` shows it)"
    assert asked["backup"] == "Timeline of main's primary db1 (`/db status main` shows it)"


def test_without_a_primary_a_backup_asks_for_nothing() -> None:
    view = ClusterView("main", {"db1": replace(test_backup.DB1, state="unknown"), "db2": test_backup.DB2})
    assert backup.plan(test_backup.ASKED, replace(test_backup.FOUND, view=view)).look is None


def test_the_wording_is_outside_the_hash() -> None:
    for plan, _view in PLANS.values():
        assert replace(plan, look=None, waiting=("other words",)).plan_hash == plan.plan_hash


def test_every_cheap_way_back_is_among_them() -> None:
    assert {Rung.REPAIR, Rung.FEED} == test_resync.CHEAP.keys()
    assert (resync.SPEC.version, promote.SPEC.version, backup.SPEC.version) == (2, 4, 1)
