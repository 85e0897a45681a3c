from typing import Any

import pytest

from fleet.postgres.blocking import blocked
from fleet.postgres.view import Archiver, NodeView
from tests.fixtures.views import HERE, cluster_view, primary, sender, silent, standby


def codes(first: NodeView, *others: NodeView) -> list[str]:
    return [refusal.code for refusal in blocked(cluster_view(first, *others), first)]


def test_nothing_stands_in_the_way_of_a_healthy_primary() -> None:
    assert codes(primary(), standby("db2"), standby("db3")) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"replication": (sender("db2", write_lsn=HERE - 1, reply_age=5.0),)}, "PROMOTE-STUCK-WALSENDER"),
        ({"replication": (sender("pg_receivewal", slot="", reply_age=99.0),)}, "PROMOTE-STUCK-WALSENDER"),
        ({"replication": (sender("pg_basebackup", state="backup"),)}, "PROMOTE-BACKUP-RUNNING"),
        ({"archiver": Archiver("on", "", None, "00", 1.0, failing=True, ready=3)}, "PROMOTE-ARCHIVER-FAILING"),
        ({"archiver": Archiver("on", "00", 1.0, "", None, failing=False, ready=128)}, "PROMOTE-ARCHIVE-QUEUE"),
    ],
)
def test_what_holds_up_a_stop_is_named(changes: dict[str, Any], expected: str) -> None:
    assert codes(primary(**changes), standby("db2"), standby("db3")) == [expected]


def test_a_standby_that_hangs_while_it_is_fed_holds_up_the_stop() -> None:
    assert codes(primary(), standby("db2"), silent("db3")) == ["PROMOTE-STANDBY-SILENT"]
