from typing import Any

import pytest

from fleet.postgres.health import findings, verdict
from fleet.postgres.view import Archiver, NodeView, Prepared, Slot, Transaction
from tests.fixtures.views import HERE, SETTINGS, cluster_view, dead, mute, primary, sender, silent, standby

MIB = 1024**2


def found(*nodes: NodeView) -> list[tuple[str, str]]:
    return [(finding.level, finding.code) for finding in findings(cluster_view(*nodes))]


def level(*nodes: NodeView) -> str:
    return verdict(findings(cluster_view(*nodes)))


def test_a_healthy_cluster_is_ok() -> None:
    assert found() == []
    assert level() == "ok"


def test_what_nobody_knows_is_never_ok() -> None:
    assert level(primary(), standby("db2"), silent("db3")) == "unknown"


def test_two_primaries_are_critical_and_come_first() -> None:
    assert found(primary(), primary("db2"), standby("db3"))[0] == ("crit", "SPLIT-BRAIN")


def test_no_primary_is_critical_even_when_nobody_can_be_asked() -> None:
    assert found(silent("db1"), standby("db2"))[0] == ("crit", "NO-PRIMARY")
    assert ("crit", "DOWN") in found(dead("db1"), standby("db2"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"receiver": None}, ("crit", "NOT-STREAMING")),
        ({"receiver": None, "receive_lsn": HERE + 99}, ("crit", "DIVERGED")),
        ({"timeline": 2}, ("crit", "OTHER-TIMELINE")),
        ({"replay_paused": True}, ("crit", "PAUSED")),
        ({"replay_paused": True, "apply_delay": 60.0}, ("warn", "PAUSED")),
        ({"receive_lsn": HERE - 20 * MIB, "replay_lsn": HERE - 20 * MIB}, ("warn", "LAG")),
        ({"replay_lsn": HERE - 20 * MIB}, ("warn", "LAG")),
        ({"replay_lsn": HERE - 99, "last_replay_age": 301.0}, ("crit", "LAG")),
        ({"settings": {**SETTINGS, "max_connections": "50"}}, ("crit", "SETTINGS")),
        ({"settings": {**SETTINGS, "data_checksums": "off"}}, ("unknown", "NO-CHECKSUMS")),
        ({"clock_skew": -3.0}, ("warn", "CLOCK")),
        ({"sysid": "77"}, ("crit", "OTHER-SYSTEM")),
    ],
)
def test_a_standby_that_is_not_well_is_found(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found(primary(), standby("db2", **changes), standby("db3"))


def test_seconds_since_the_last_commit_say_nothing_while_no_byte_is_missing() -> None:
    assert level(primary(), standby("db2", last_replay_age=86400.0), standby("db3")) == "ok"


def test_a_delayed_standby_is_behind_on_purpose() -> None:
    late = standby("db2", apply_delay=3600.0, replay_lsn=HERE - 99 * MIB, last_replay_age=3610.0)
    assert level(primary(), late, standby("db3")) == "ok"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"archiver": Archiver("on", "00", 900.0, "01", 1.0, failing=True, ready=2)}, ("crit", "ARCHIVER")),
        ({"archiver": Archiver("on", "00", 9.0, "01", 1.0, failing=True, ready=2)}, ("warn", "ARCHIVER")),
        ({"archiver": Archiver("on", "00", 9.0, "", None, failing=False, ready=128)}, ("crit", "ARCHIVE-QUEUE")),
        ({"archiver": Archiver("off", "", None, "", None, failing=False, ready=0)}, ("warn", "NO-ARCHIVE")),
        (
            {"slots": (Slot("old", "physical", active=False, wal_status="reserved", retained=MIB),)},
            ("warn", "SLOT-INACTIVE"),
        ),
        ({"slots": (Slot("old", "physical", active=False, wal_status="lost", retained=None),)}, ("crit", "SLOT-LOST")),
        ({"long_transactions": (Transaction(1, "etl", "bob", "active", 1801.0),)}, ("crit", "LONG-TRANSACTION")),
        ({"prepared": (Prepared("x", "app", 61.0),)}, ("warn", "PREPARED")),
        ({"sessions": {"web": 81}}, ("warn", "CONNECTIONS")),
        ({"settings": {**SETTINGS, "synchronous_standby_names": "db2"}}, ("crit", "NO-SYNC")),
        ({"replication": (sender("db2", reply_age=60.0),)}, ("warn", "STUCK-WALSENDER")),
    ],
)
def test_a_primary_that_is_not_well_is_found(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in found(primary(**changes), standby("db2"), standby("db3"))


def test_nobody_is_told_to_resume_a_standby_that_would_shut_down_then() -> None:
    short = standby("db2", replay_paused=True, settings={**SETTINGS, "max_connections": "50"})
    hints = {item.code: item.hint for item in findings(cluster_view(primary(), short, standby("db3")))}
    assert hints["PAUSED"] == "Raise max_connections there: to resume now would shut it down."


def test_a_standby_that_takes_no_queries_is_well_while_its_receiver_streams() -> None:
    assert found(primary(), standby("db2"), mute("db3")) == []
    assert found(primary(), standby("db2"), mute("db3", receive_lsn=None)) == []  # the primary knows
    assert found(primary(), standby("db2"), mute("db3", receiver=None)) == [("crit", "NOT-STREAMING")]
    assert found(primary(timeline=2), standby("db2", timeline=2), mute("db3")) == [("crit", "OTHER-TIMELINE")]
    assert found(primary(), standby("db2"), mute("db3", receive_lsn=HERE - 20 * MIB)) == [("warn", "LAG")]
