from dataclasses import replace

from actions import promote
from core.facts import drift
from core.outcome import Refusal
from core.plan import Kind, Plan, plan_from_json
from core.spec import Spec
from fleet.postgres.candidate import choose
from fleet.postgres.handover import Handover
from fleet.postgres.loss import Loss
from fleet.postgres.managers import Manager
from fleet.postgres.view import ClusterView, Slot
from tests.fixtures.views import HERE, cluster_view, dead, inventory, primary, sender, standby

ASKED = promote.Asked("main")


def found(view: ClusterView, loss: Loss | None = None, node: str | None = None) -> promote.Found:
    return promote.Found(view, inventory(), choose(view, inventory(), node), None, loss)


def switch(view: ClusterView | None = None) -> Plan:
    return promote.plan(ASKED, found(view or cluster_view()))


def failover(loss: Loss) -> Plan:
    return promote.plan(ASKED, found(cluster_view(dead("db1"), standby("db2"), standby("db3")), loss))


LITTLE = Loss(4_299_161, 12, 2, HERE, HERE - 4_299_161)


def test_it_is_destructive_and_needs_the_cluster_for_itself() -> None:
    spec: Spec = promote.SPEC
    assert (spec.risk, spec.lock, spec.usage) == ("destructive", "cluster", "promote CLUSTER [NODE]")


def test_a_switchover_says_what_it_does_in_order() -> None:
    plan = switch()
    assert (plan.title, plan.target) == ("Switch main: db1 → db2", "db2")
    titles = [step.title for step in plan.steps]
    assert titles == [
        "slots on db2, checkpoint on db1",
        "stop db1",
        "prove that db2 has everything",
        "promote db2",
        "write through db2",
        "db3 follows db2",
        "db1 returns as standby",
        "drop slots that nobody needs",
        "see WAL of db2 in the archive",
    ]
    assert plan.caps == {}
    assert plan.costs == ("loss 0", "writes stop ≈ 0.3 s", "cuts no session")


def test_the_only_point_of_no_return_is_the_promotion_and_all_before_it_can_be_taken_back() -> None:
    for plan in (switch(), failover(LITTLE)):
        points = [n for n, step in enumerate(plan.steps) if step.ponr]
        assert [plan.steps[n].name for n in points] == ["promote"]
        before = plan.steps[: points[0]]
        assert all(step.undo is not None or step.kind is Kind.LOOK for step in before)
        assert all(step.undo is None for step in plan.steps[points[0] :])


def test_every_step_and_every_undo_has_its_code() -> None:
    for plan in (switch(), failover(LITTLE)):
        names = {step.name for step in plan.steps} | {step.undo.name for step in plan.steps if step.undo}
        assert names <= promote.STEPS.keys()


def test_a_plan_survives_the_store() -> None:
    for plan in (switch(), failover(LITTLE)):
        assert plan_from_json(plan.to_json()).plan_hash == plan.plan_hash


def test_readings_do_not_touch_the_hash() -> None:
    busier = cluster_view(
        primary(write_lsn=HERE + 9000, sessions={"web": 38}, replication=(sender("db2", reply_age=3.0), sender("db3"))),
        standby("db2", receive_lsn=HERE + 100, replay_lsn=HERE),
        standby("db3", receive_lsn=HERE + 8000),
    )
    assert switch(busier).plan_hash == switch().plan_hash
    assert "cuts 38 sessions (web 38)" in switch(busier).costs


def test_another_timeline_or_a_lost_node_voids_consent() -> None:
    older = switch()
    newer = switch(cluster_view(primary(timeline=2), standby("db2", timeline=2), standby("db3", timeline=2)))
    assert [change.name for change in drift(older.facts, newer.facts)] == ["timeline"]
    fewer = switch(cluster_view(primary(), standby("db2"), dead("db3", "shut down in recovery")))
    assert {change.subject for change in drift(older.facts, fewer.facts)} == {"db3"}
    assert newer.plan_hash != older.plan_hash != fewer.plan_hash


def test_lag_is_tolerated_up_to_its_budget() -> None:
    lag = next(fact for fact in switch().facts if fact.name == "lag")
    assert (lag.subject, lag.budget) == ("db2", 16 * 1024**2)


def test_slots_that_were_there_before_are_not_dropped_on_the_way_back() -> None:
    kept = Slot("db3", "physical", active=False, wal_status="reserved", retained=0)
    plan = switch(cluster_view(primary(), standby("db2", slots=(kept,)), standby("db3")))
    undo = plan.steps[0].undo
    assert undo is not None
    assert undo.args["slots"] == ["db1"]


def test_logical_slots_that_would_be_lost_are_a_cost() -> None:
    mine = Slot("feed", "logical", active=True, wal_status="reserved", retained=0)
    plan = switch(cluster_view(primary(slots=(mine,)), standby("db2"), standby("db3")))
    assert "logical slots are lost: feed" in plan.costs
    copied = replace(mine, synced=True, active=False)
    plan = switch(cluster_view(primary(slots=(mine,)), standby("db2", slots=(copied,)), standby("db3")))
    assert len(plan.costs) == 3


def test_a_failover_shows_the_loss_and_the_cap() -> None:
    plan = failover(LITTLE)
    assert plan.title == "Fail over main to db2"
    assert plan.caps == {"wal_bytes": 16 * 1024**2, "wal_seconds": 10}
    assert plan.costs == ("Loss: 12 transactions, 4.1 MB of WAL, 2 s; approving allows at most 16 MB and 10 s",)
    assert [step.name for step in plan.steps] == ["fence", "promote", "prove", "follow"]
    assert any("/db resync main db1" in note for note in plan.notes)


def test_a_loss_above_the_cap_is_refused() -> None:
    view = cluster_view(dead("db1"), standby("db2"), standby("db3"))
    assert promote.refuse(ASKED, found(view, LITTLE)) is None
    for much in (replace(LITTLE, wal_bytes=17 * 1024**2), replace(LITTLE, seconds=11)):
        refused = promote.refuse(ASKED, found(view, much))
        assert refused is not None
        assert refused.code == "PROMOTE-LOSS"


def test_what_blocks_a_stop_is_refused() -> None:
    view = cluster_view(
        primary(replication=(sender("db2"), sender("db3", reply_age=99.0))), standby("db2"), standby("db3")
    )
    refused = promote.refuse(ASKED, found(view))
    assert refused is not None
    assert refused.code == "PROMOTE-STUCK-WALSENDER"


PATRONI = Handover(
    Manager("patroni", ("session Patroni heartbeat on db1",)), ("patronictl", "switchover", "main", "--force")
)


def handed(view: ClusterView, loss: Loss | None = None, other: Handover = PATRONI) -> promote.Found:
    return replace(found(view, loss), handover=other)


def test_a_managed_cluster_is_switched_by_its_manager_and_by_nothing_of_ours() -> None:
    plan = promote.plan(ASKED, handed(cluster_view()))
    assert plan.title == "Switch main: db1 → db2 (by Patroni)"
    assert [step.name for step in plan.steps] == ["rehearse", "hand_over", "prove", "streams", "streams"]
    assert [step.name for step in plan.steps if step.ponr] == ["hand_over"]
    assert not any(step.undo for step in plan.steps)
    assert {step.name for step in plan.steps} <= promote.STEPS.keys()
    assert plan_from_json(plan.to_json()).plan_hash == plan.plan_hash
    assert any("patronictl switchover main --force" in line for line in plan.onward)
    assert not any("pg_ctl" in line for line in (*plan.onward, *plan.back))


def test_a_manager_that_is_told_something_else_voids_consent() -> None:
    older = promote.plan(ASKED, handed(cluster_view()))
    other = replace(PATRONI, argv=(*PATRONI.argv, "--more"))
    newer = promote.plan(ASKED, handed(cluster_view(), other=other))
    assert [change.name for change in drift(older.facts, newer.facts)] == ["command"]
    assert older.plan_hash != newer.plan_hash != switch().plan_hash


def test_a_failover_by_a_manager_sees_the_primary_dead_and_measures_the_loss_before() -> None:
    view = cluster_view(dead("db1"), standby("db2"), standby("db3"))
    plan = promote.plan(ASKED, handed(view, LITTLE))
    assert [step.name for step in plan.steps] == ["confirm", "weigh", "rehearse", "hand_over", "prove", "streams"]
    assert plan.caps == {"wal_bytes": 16 * 1024**2, "wal_seconds": 10}
    assert any("not fenced by Seconder" in note for note in plan.notes)


def test_what_the_manager_says_no_to_is_refused_before_anything_else() -> None:
    no = Refusal("PROMOTE-MAINTENANCE", "Patroni is in maintenance mode.")
    assert promote.refuse(ASKED, handed(cluster_view(), other=replace(PATRONI, refusal=no))) == no
    assert promote.refuse(ASKED, handed(cluster_view())) is None
