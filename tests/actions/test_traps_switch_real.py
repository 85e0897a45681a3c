"""What a switchover meets on the way: servers that die or hang, an archive that breaks, settings, leftovers."""

from collections.abc import Callable, Iterator

import pytest

from actions import promote, resume, status
from actions.resync import ACTION
from core.errors import Unreachable
from core.outcome import Probe
from core.plan import Step
from fleet.postgres import switch
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.carry import Carrier
from tests.fixtures.freezing import frozen, on, process_of
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import streaming, until
from tests.fixtures.trouble import change, in_step, refused, write
from tests.fixtures.trouble import planned as way_back
from tests.fixtures.walk import Walked, do, planned, probe, refusal, walk

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    yield from streaming(shared_cluster)


def switched(cluster: DemoCluster, site: Reach, at: str, happens: Callable[[], object]) -> Walked:
    """Begin a switchover to another node, and have something happen right before a step."""

    def before(step: Step) -> None:
        if step.name == at:
            happens()

    asked = another(cluster, site)
    return walk(promote.ACTION, planned(promote.ACTION, asked, site), site, before=before)


def another(cluster: DemoCluster, site: Reach) -> promote.Asked:
    """Ask for the first standby, once nothing is in the way."""
    asked = promote.Asked("main", next(name for name in cluster.nodes if name != cluster.primary()))
    until(lambda: promote.refuse(asked, promote.look(asked, site)) is None)
    return asked


def test_a_primary_that_dies_before_it_is_stopped_is_for_people_to_judge_and_can_be_given_back(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    old = shared_cluster.primary() or ""
    plan = planned(promote.ACTION, another(shared_cluster, site), site)
    walk(promote.ACTION, plan, site, until="stop")
    shared_cluster.kill(old)
    stop = next(step for step in plan.steps if step.name == "stop")
    with pytest.raises(Unreachable):
        do(promote.ACTION, stop.name, stop.args, site)
    assert probe(promote.ACTION, stop, site) is Probe.UNKNOWN  # neither running nor cleanly stopped
    for step in (plan.steps[1], plan.steps[0]):
        assert step.undo is not None
        do(promote.ACTION, step.undo.name, step.undo.args, site)
    assert shared_cluster.primary() == old
    shared_cluster.wait_streaming(old, 2)


def test_a_candidate_that_dies_before_the_gate_is_not_promoted_and_the_old_primary_serves_again(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    old = shared_cluster.primary() or ""
    new = next(name for name in shared_cluster.nodes if name != old)
    walked = switched(shared_cluster, site, "gate", lambda: shared_cluster.kill(new))
    assert walked.failed is not None
    assert walked.undone == ["return", "unprepare"]  # though the slots on a dead node can't be dropped
    assert shared_cluster.primary() == old
    shared_cluster.start(new)
    shared_cluster.wait_streaming(old, 2)
    left = [slot.name for slot in observe(site).nodes[new].slots]
    assert left
    on(shared_cluster, new, *(f"SELECT pg_drop_replication_slot('{slot}')" for slot in left))


def test_a_candidate_whose_replay_hangs_is_found_out_while_the_old_primary_still_serves(
    shared_cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "REPLAY_TIME", 1.0)  # seconds
    old = shared_cluster.primary() or ""
    new = next(name for name in shared_cluster.nodes if name != old)
    with frozen(process_of(shared_cluster, new, "startup")):
        write(shared_cluster, old)
        walked = switched(shared_cluster, site, "gate", lambda: pytest.fail("it was stopped"))
    assert walked.failed is not None
    assert walked.failed.code == "NOT-REPLAYING"
    assert walked.undone == ["return", "unprepare"]
    assert shared_cluster.primary() == old
    shared_cluster.wait_streaming(old, 2)


def test_an_archive_that_fails_after_the_look_leaves_files_behind_and_people_are_told(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    old = shared_cluster.primary() or ""

    def fails() -> None:
        change(shared_cluster, old, "archive_command", "false")
        on(shared_cluster, old, "SELECT pg_logical_emit_message(true, 'test', 'unarchived')", "SELECT pg_switch_wal()")
        until(lambda: bool((archiver := observe(site).nodes[old].archiver) and archiver.failing))

    walked = switched(shared_cluster, site, "stop", fails)
    assert walked.failed is None
    assert isinstance(walked.evidence["rejoin"].data["ready"], int)
    assert walked.evidence["rejoin"].data["ready"] > 0
    assert "were never archived" in walked.evidence["rejoin"].text
    change(shared_cluster, old, "archive_command", "/bin/true")


def restarted_with(cluster: DemoCluster, name: str, setting: str, value: str) -> None:
    change(cluster, name, setting, value)
    cluster.stop(name)
    cluster.start(name)


def test_a_standby_paused_because_its_primary_may_have_more_connections_is_not_told_to_go_on_and_fall(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    primary = shared_cluster.primary() or ""
    standbys = [name for name in shared_cluster.nodes if name != primary]
    restarted_with(shared_cluster, primary, "max_connections", "150")
    write(shared_cluster, primary)
    until(lambda: all(node.replay_paused for node in observe(site).standbys) and len(observe(site).standbys) == 2)
    asked = promote.Asked("main", standbys[0])
    assert refused(site, standbys[0]).code == "RESYNC-PAUSED"  # it leads to /db resume, which says why not
    for action, question in ((promote.ACTION, asked), (resume.ACTION, resume.Asked("main", standbys[0]))):
        no = refusal(action, question, site)
        assert no.code in {"PROMOTE-SETTINGS", "REPLAY-SETTINGS"}
        assert "max_connections" in no.message
        assert "pg_wal_replay_resume" not in no.hint
    found = status.answer(status.Asked("main"), observe(site)).data["findings"]
    assert isinstance(found, list)
    assert {item["code"] for item in found if item["level"] == "crit"} == {"PAUSED", "SETTINGS"}
    assert not any("pg_wal_replay_resume" in item["hint"] for item in found)
    for name in standbys:
        restarted_with(shared_cluster, name, "max_connections", "150")
    assert another(shared_cluster, site) == asked


def test_prepared_transactions_go_over_logical_slots_are_counted_as_lost_and_the_old_one_keeps_no_slot(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    old = shared_cluster.primary() or ""
    new, other = (name for name in shared_cluster.nodes if name != old)
    for name in (new, other, old):  # in this order: a standby may have more than its primary, not less
        change(shared_cluster, name, "wal_level", "logical")
        restarted_with(shared_cluster, name, "max_prepared_transactions", "5")
    shared_cluster.wait_streaming(old, 2)
    on(
        shared_cluster,
        old,
        "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')",
        "BEGIN",
        "INSERT INTO reading VALUES (700000, now(), 'x', 1)",
        "PREPARE TRANSACTION 'half'",
    )
    until(lambda: bool(observe(site).nodes[old].prepared))
    made = planned(promote.ACTION, promote.Asked("main", new), site)
    assert f"{old}: prepared transaction half goes over to {new}" in made.notes
    assert "logical slots are lost: feed" in made.costs
    assert walk(promote.ACTION, made, site).failed is None
    on(shared_cluster, new, "COMMIT PREPARED 'half'")
    view = observe(site)
    assert [(slot.name, slot.type) for slot in view.nodes[old].slots] == [("feed", "logical")]
    on(shared_cluster, old, "SELECT pg_drop_replication_slot('feed')")


def test_a_primary_whose_commits_wait_for_nobody_gets_its_standby_back_all_the_same(
    shared_cluster: DemoCluster, site: Reach
) -> None:
    primary = shared_cluster.primary() or ""
    standby = next(name for name in shared_cluster.nodes if name != primary)
    shared_cluster.stop(standby)
    on(shared_cluster, primary, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    try:
        until(lambda: "synchronous_standby_names" in observe(site).nodes[primary].settings)
        Carrier(ACTION, way_back(site, standby), site, "run-sync").all()
    finally:
        on(shared_cluster, primary, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
    in_step(shared_cluster, primary, standby)
