"""Whom a node can follow, told from a look at the whole cluster."""

from datetime import UTC, datetime

import pytest

from fleet.postgres.view import DOWN, PRIMARY, STANDBY, ClusterView, NodeView
from fleet.postgres.whom import nobody, primary_for

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def view(**nodes: tuple[str, int]) -> ClusterView:
    seen = {
        name: NodeView(name, state, NOW, reachable=state != DOWN, timeline=timeline)
        for name, (state, timeline) in nodes.items()
    }
    return ClusterView("main", seen)


def test_the_one_primary_is_followed() -> None:
    assert primary_for(view(db1=(DOWN, 1), db2=(PRIMARY, 2)), "db1") == "db2"


def test_an_old_primary_that_still_writes_follows_the_one_on_the_later_timeline() -> None:
    both = view(db1=(PRIMARY, 1), db2=(PRIMARY, 2))
    assert primary_for(both, "db1") == "db2"
    assert primary_for(both, "db2") is None


def test_of_two_primaries_on_one_timeline_neither_is_chosen() -> None:
    assert primary_for(view(db1=(PRIMARY, 1), db2=(PRIMARY, 1)), "db1") is None


def test_of_two_other_primaries_none_is_chosen() -> None:
    assert primary_for(view(db1=(DOWN, 1), db2=(PRIMARY, 2), db3=(PRIMARY, 3)), "db1") is None


@pytest.mark.parametrize(
    ("nodes", "code"),
    [
        ({"db1": (PRIMARY, 1), "db2": (STANDBY, 1)}, "RESYNC-IS-PRIMARY"),
        ({"db1": (PRIMARY, 1), "db2": (PRIMARY, 1)}, "RESYNC-TWO-PRIMARIES"),
        ({"db1": (STANDBY, 1), "db2": (STANDBY, 1)}, "RESYNC-NO-PRIMARY"),
        ({"db1": (STANDBY, 1), "db2": (DOWN, 1)}, "RESYNC-LAST-COPY"),
    ],
)
def test_the_reason_why_there_is_nobody_has_a_code_and_a_hint(nodes: dict[str, tuple[str, int]], code: str) -> None:
    refused = nobody(view(**nodes), "db1")
    assert refused.code == code
    assert refused.hint
