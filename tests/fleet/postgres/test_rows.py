from typing import Any

import pytest

from fleet.postgres.pace import Pace
from fleet.postgres.rows import node_view
from tests.fixtures.views import WHEN

HOUR = {"uptime": 3600.0, "reset_age": 7200.0, "wal_bytes": 9000, "redo_age": 240.0, "since_redo": 512}
ROW: dict[str, Any] = {
    "sysid": "7", "version": 180006, "clock": WHEN.timestamp(), "in_recovery": False, "timeline": 1,
    "write_lsn": "0/3000060", "receive_lsn": None, "replay_lsn": None, "last_replay_age": None, "replay_paused": False,
    "receiver": None, "replication": [], "slots": [], "sessions": {}, "archiver": {}, "settings": {},
    "restore_command": False, "backups_running": 0, "prepared": [], "long_transactions": [], "wal": HOUR, "traces": {},
}  # fmt: skip
SLOT = {"slot_name": "db3", "slot_type": "physical", "active": False}


def paces(**changes: Any) -> tuple[Pace, ...]:  # noqa: ANN401  # any column
    return node_view("db1", {**ROW, "wal": {**HOUR, **changes}}, WHEN).paces


def test_wal_is_counted_since_the_last_checkpoint_and_since_the_statistics_began() -> None:
    assert paces() == (Pace(512, 240.0), Pace(9000, 7200.0))


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"uptime": 59.0}, 0),
        ({"redo_age": 12.0}, 1),
        ({"reset_age": None}, 1),
        ({"wal_bytes": None, "reset_age": None}, 1),
        ({"reset_age": 3.0, "redo_age": 3.0}, 0),
    ],
)
def test_an_average_over_less_than_a_minute_or_over_nobody_knows_what_is_none(
    changes: dict[str, Any], left: int
) -> None:
    assert len(paces(**changes)) == left


def test_before_14_there_are_no_statistics_of_wal() -> None:
    older = {"uptime": 3600.0, "reset_age": None, "redo_age": 240.0, "since_redo": 512}
    assert node_view("db1", {**ROW, "wal": older}, WHEN).paces == (Pace(512, 240.0),)


def test_a_standby_makes_no_wal() -> None:
    assert node_view("db2", {**ROW, "in_recovery": True}, WHEN).paces == ()


def test_a_slot_says_how_much_may_still_be_written_where_there_is_a_limit() -> None:
    for shown, safe in (({}, None), ({"safe_wal_size": None}, None), ({"safe_wal_size": -7}, -7)):
        (slot,) = node_view("db1", {**ROW, "slots": [{**SLOT, **shown}]}, WHEN).slots
        assert slot.safe == safe
