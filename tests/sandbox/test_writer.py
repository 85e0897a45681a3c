import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.by_hand import switch
from sandbox.cluster import DemoCluster
from sandbox.running import wait_for
from sandbox.writer import longest_gap, lost
from sandbox.written import acknowledged, stamp
from tests.fixtures.postgres import cluster

__all__ = ["cluster"]

BEGIN = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


@contextmanager
def writing(cluster: DemoCluster, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log, status = folder / "writer.log", folder / "writer.json"
    words = ["--dsn", cluster.rw_conninfo(), "--log", str(log), "--status", str(status), "--pace", "0.002"]
    writer = subprocess.Popen([sys.executable, "-m", "sandbox.writer", *words])
    try:
        wait_for(lambda: log.exists() and len(list(acknowledged(log))) > 20, 20, "the writer's first rows")
        yield writer
    finally:
        writer.kill()
        writer.wait()


def status(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "writer.json").read_text())
    return found


def count(folder: Path) -> int:
    return len(list(acknowledged(folder / "writer.log")))


def a_log(folder: Path, *seconds: float) -> Path:
    log = folder / "log"
    log.write_text("".join(f"{n} {stamp(BEGIN + timedelta(seconds=at))}\n" for n, at in enumerate(seconds)))
    return log


def test_the_longest_gap_is_between_two_acknowledgements(tmp_path: Path) -> None:
    assert longest_gap(a_log(tmp_path, 0, 0.1, 2.1, 2.2)) == 2.0


def test_a_gap_counts_for_a_period_that_it_reaches_into(tmp_path: Path) -> None:
    log = a_log(tmp_path, 0, 5, 6, 16)
    assert longest_gap(log, since=BEGIN + timedelta(seconds=4), until=BEGIN + timedelta(seconds=5.5)) == 5.0
    assert longest_gap(log, since=BEGIN + timedelta(seconds=5.5), until=BEGIN + timedelta(seconds=5.6)) == 1.0
    assert longest_gap(log, since=BEGIN + timedelta(seconds=20)) == 0.0


def test_a_line_that_is_being_written_is_left_out(tmp_path: Path) -> None:
    log = a_log(tmp_path, 0, 1)
    with log.open("a") as end:
        end.write("3 2026-03-0")
    assert [row for row, _ in acknowledged(log)] == [0, 1]


@pytest.mark.postgres
def test_rows_are_written_and_told_and_none_is_missing(cluster: DemoCluster, tmp_path: Path) -> None:
    with writing(cluster, tmp_path) as writer:
        wait_for(lambda: status(tmp_path)["writing_to"] == "db1", 10, "the status")
        writer.send_signal(signal.SIGTERM)
        assert writer.wait(5) == 0
    figures = status(tmp_path)
    assert figures["rows"] == count(tmp_path)
    assert figures["last_error"] is None
    assert lost(cluster.rw_dsn(), tmp_path / "writer.log") == 0


@pytest.mark.postgres
def test_an_acknowledged_row_that_is_gone_is_counted(cluster: DemoCluster, tmp_path: Path) -> None:
    with writing(cluster, tmp_path):
        pass
    with cluster.connect("db1") as connection:
        connection.execute("DELETE FROM written WHERE id IN (SELECT id FROM written ORDER BY id LIMIT 2)")
    assert lost(cluster.rw_dsn(), tmp_path / "writer.log") == 2


@pytest.mark.postgres
def test_the_writer_follows_the_primary_and_measures_the_gap(cluster: DemoCluster, tmp_path: Path) -> None:
    with writing(cluster, tmp_path):
        began = datetime.now(UTC)
        switch(cluster, "db1", "db2")
        wait_for(lambda: status(tmp_path)["writing_to"] == "db2", 10, "the writer to follow")
        here = count(tmp_path)
        wait_for(lambda: count(tmp_path) > here, 10, "rows on db2")
        figures = status(tmp_path)
    assert 0.02 < longest_gap(tmp_path / "writer.log", since=began) < 10
    assert figures["longest_gap_s"] > 0.02
    assert figures["last_error"] is not None
    assert "Multiple connection attempts" not in figures["last_error"]
    assert lost(cluster.rw_dsn(), tmp_path / "writer.log") == 0


@pytest.mark.postgres
def test_a_frozen_primary_is_given_up_and_found_again(cluster: DemoCluster, tmp_path: Path) -> None:
    with writing(cluster, tmp_path):
        wait_for(lambda: status(tmp_path)["writing_to"] == "db1", 10, "the status")
        cluster.freeze("db1")
        wait_for(lambda: status(tmp_path)["writing_to"] is None, 15, "the writer to give up")
        assert status(tmp_path)["gap_now_s"] > 1
        cluster.thaw("db1")
        wait_for(lambda: status(tmp_path)["writing_to"] == "db1", 15, "the writer to come back")
    assert lost(cluster.rw_dsn(), tmp_path / "writer.log") == 0


@pytest.mark.postgres
def test_the_writer_ends_at_once_although_the_primary_is_frozen(cluster: DemoCluster, tmp_path: Path) -> None:
    with writing(cluster, tmp_path) as writer:
        cluster.freeze("db1")
        time.sleep(0.2)
        writer.send_signal(signal.SIGTERM)
        assert writer.wait(5) == 0
