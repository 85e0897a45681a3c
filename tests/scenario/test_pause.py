"""Replay stopped on one person's word and let go on on two people's, on the whole product."""

from collections.abc import Iterator

import psycopg
import pytest

from tests.fixtures.product import Demo, demo_in, until

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("pause") / "home") as running:
        running.restart(strict)
        yield running


def strict(text: str) -> str:
    """Have every change take a second person."""
    assert "[policy.change]\n" in text
    return text.replace("[policy.change]\n", '[policy.change]\nalso = ["dba"]\n')


def replay(demo: Demo, node: str) -> tuple[str, bool]:
    """Whether a node's replay is paused, and whether it still is a standby."""
    with psycopg.connect(demo.facts["nodes"][node]["dsn"]) as connection:
        row = connection.execute("SELECT pg_get_wal_replay_pause_state(), pg_is_in_recovery()").fetchone()
    assert row is not None
    return row[0], row[1]


def test_one_person_pauses_where_every_change_takes_two_and_all_is_on_hold_and_two_let_it_go_on(
    demo: Demo,
) -> None:
    backup = demo.ask("ana", "backup main")
    demo.shows(backup, "needs 1 approval from dba")
    assert "*main is on hold.*" in demo.answer("cy", "hold main something is wrong")
    pause = demo.ask("ana", "pause main db3")
    assert demo.ends(pause)["state"] == "succeeded"
    assert replay(demo, "db3") == ("paused", True)
    assert "the last transaction that it replayed was committed at" in demo.shows(pause, "replay on db3 is paused")
    assert demo.rows("SELECT count(*) FROM vote WHERE request = ?", pause) == [(0,)]
    assert demo.rows("SELECT lock, outcome FROM run WHERE request = ?", pause) == [("none", "succeeded")]
    assert "paused already" in demo.answer("ana", "pause main db3")
    assert "NOT-YOURS-TO-ASK" in demo.answer("cy", "pause main db2")
    assert "main is on hold" in demo.answer("ana", "resume main db3")
    lift = demo.ask("ana", "lift main")
    demo.approve("ben", lift, "main")
    until(lambda: demo.state(lift) == "succeeded")
    resume = demo.ask("ana", "resume main db3")
    card = demo.shows(resume, "needs 1 approval from dba")
    assert "also what it was paused for" in card
    assert "committed at" in card
    assert "your approval does not count" in demo.hears("ana", lambda: demo.press("ana", resume, "request.approve"))
    demo.approve("ben", resume, "db3")
    assert demo.ends(resume)["state"] == "succeeded"
    assert replay(demo, "db3") == ("not paused", True)
