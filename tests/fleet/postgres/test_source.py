"""Where a backup is best read from."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fleet.postgres.source import NEAR, needed, pick
from fleet.postgres.view import DOWN, PRIMARY, STANDBY, ClusterView, NodeView, Receiver

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECEIVER = Receiver("streaming", "10.0.0.1", 5432, "db2", 1, 0.1)
DB1 = NodeView("db1", PRIMARY, NOW, reachable=True, timeline=1, write_lsn=100 << 20)
DB2 = NodeView("db2", STANDBY, NOW, reachable=True, timeline=1, receive_lsn=100 << 20, receiver=RECEIVER)
DB3 = replace(DB2, name="db3")


def view(*nodes: NodeView) -> ClusterView:
    return ClusterView("main", {node.name: node for node in nodes})


def test_a_healthy_standby_spares_the_primary() -> None:
    name, why = pick(view(DB1, DB2, DB3), None, "")
    assert name == "db2"
    assert "spared" in why


def test_the_standby_on_the_machine_of_the_backups_comes_first() -> None:
    assert pick(view(DB1, DB2, DB3), None, "db3")[0] == "db3"


@pytest.mark.parametrize(
    "node",
    [
        replace(DB2, receiver=None),
        replace(DB2, receive_lsn=(100 << 20) - NEAR - 1),
        replace(DB2, timeline=2),
        replace(DB2, replay_paused=True),
        replace(DB2, apply_delay=60.0),
        replace(DB2, state=DOWN, reachable=False),
    ],
    ids=["cut off", "far behind", "other timeline", "paused", "delayed", "down"],
)
def test_a_standby_that_is_not_well_is_no_source(node: NodeView) -> None:
    name, why = pick(view(DB1, node), None, "")
    assert name == "db1"
    assert "primary itself" in why


def test_what_was_asked_for_is_taken_if_it_answers() -> None:
    assert pick(view(DB1, DB2), "db1", "")[0] == "db1"
    assert pick(view(DB1, replace(DB2, reachable=False)), "db2", "") == (None, "db2 does not answer")


def test_without_a_primary_nothing_is_chosen_unasked() -> None:
    assert pick(view(DB2, DB3), None, "")[0] is None
    assert pick(view(DB2, DB3), "db3", "")[0] == "db3"


def test_a_copy_needs_a_tenth_more_than_the_databases() -> None:
    assert needed(1000 << 20) == (1100 << 20) + (64 << 20)
