"""Servers that die, and an archive that breaks, in the middle of a switchover."""

from collections.abc import Callable, Iterator

import pytest

from actions import promote
from core.plan import Step
from fleet.postgres import switch
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import frozen, on, process_of
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import streaming, until
from tests.fixtures.trouble import change, write
from tests.fixtures.walk import Walked, planned, walk

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    yield from streaming(shared_cluster)


def switched(cluster: DemoCluster, site: Reach, at: str, happens: Callable[[], object]) -> Walked:
    """Begin a switchover to another node, and have something happen right before a step."""
    to = next(name for name in cluster.nodes if name != cluster.primary())

    def before(step: Step) -> None:
        if step.name == at:
            happens()

    until(lambda: promote.refuse(promote.Asked("main", to), promote.look(promote.Asked("main", to), site)) is None)
    return walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main", to), site), site, before=before)


def test_a_primary_that_dies_before_it_is_stopped_serves_again(shared_cluster: DemoCluster, site: Reach) -> None:
    old = shared_cluster.primary() or ""
    walked = switched(shared_cluster, site, "stop", lambda: shared_cluster.kill(old))
    assert walked.failed is not None
    assert walked.undone == ["return", "unprepare"]
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
