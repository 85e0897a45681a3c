"""Estimates say where they come from: a measured copy, a limit, or nothing but a guess."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.inventory import LOCAL, Node
from fleet.local import LocalShell
from fleet.postgres import speed
from fleet.postgres.speed import Speed, limited, replay_time, time_for

MIB, GIB = 1 << 20, 1 << 30
MEASURED = Speed(100 * GIB, 1280.0, datetime(2026, 3, 4, tzinfo=UTC))  # 80 MB/s


def test_without_a_measure_the_time_is_unknown_and_the_guess_is_called_one() -> None:
    assert time_for(60 * GIB, None) == "time unknown, at 100 MB/s ≈ 10 min"
    assert replay_time(GIB) == "time unknown, at 50 MB/s ≈ 20 s"


def test_a_measured_copy_is_named_with_its_day() -> None:
    assert time_for(60 * GIB, MEASURED) == "≈ 13 min at 80 MB/s, as the copy of 2026-03-04 went"


def test_a_limit_counts_only_where_it_is_lower() -> None:
    assert time_for(GIB, None, "20M") == "≈ 51 s at the 20 MB/s that were asked for, if the line carries them"
    assert time_for(60 * GIB, MEASURED, "500M") == time_for(60 * GIB, MEASURED)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("20M", 20 * MIB), ("64k", 64 << 10), ("64", 64 << 10), ("31k", None), ("2048M", None)]
    + [(bad, None) for bad in ("", "M", "-5M", "1G", "1e3", "20 M", "²M")],
)
def test_a_rate_is_read_as_pg_basebackup_reads_it(rate: str, expected: int | None) -> None:
    assert limited(rate) == expected


def test_a_copy_is_remembered_unless_it_was_too_short_to_tell(tmp_path: Path) -> None:
    here = Node("db1", LOCAL, "", "", 5432, "/data", "/bin", "", "seconder", "app", str(tmp_path))
    job = tmp_path / "jobs" / "run-1.3"
    job.mkdir(parents=True)
    shell = LocalShell()
    assert speed.record(shell, here, here, "run-1.3", MIB) is None
    for name in ("epoch", "rc"):
        (job / name).write_text("1\n")
    assert speed.record(shell, here, here, "run-1.3", MIB) is not None
    assert speed.last(shell, here, here) is None
    (tmp_path / "copied-db1").write_text('{"bytes": 1048576, "seconds": 16.0, "at": "2026-03-04T03:00:00.000Z"}\n')
    found = speed.last(shell, here, here)
    assert found is not None
    assert found.per_second == MIB / 16
    (tmp_path / "copied-db1").write_text("[]")
    assert speed.last(shell, here, here) is None
