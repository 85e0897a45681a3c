import json
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from sandbox.play import asks_for_approval
from sandbox.record import end_of, events, from_vote_to_end
from sandbox.robot import request_of, words_of
from tests.fixtures.bare_demo import demo

OURS = ""  # no other bot than ours


@pytest.mark.postgres
def test_the_tour_plays_the_main_job_and_all_of_it_holds(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with demo(home, "--tour", bot=OURS) as running:
        said, _ = running.process.communicate(timeout=180)
        found = json.loads(said.splitlines()[-1])
        assert found["failed"] is None, said
        assert running.process.returncode == 0
        assert found["ok"] is found["audit_ok"] is found["self_approval_refused"] is True
        assert found["acked_rows_lost"] == 0
        assert 0 < found["write_gap_s"] < 20
        assert 0 < found["promote_s"] < 60
        assert found["audit_events"] > 20
        assert (home / "seconder.db").is_file()
        assert not (home / "demo.json").exists()


@pytest.mark.postgres
def test_a_tour_whose_bot_says_nothing_fails_with_a_line_of_json(tmp_path: Path) -> None:
    with demo(tmp_path / "home", "--tour") as running:
        said, _ = running.process.communicate(timeout=90)
    assert running.process.returncode == 1
    found = json.loads(said.splitlines()[-1])
    assert not found["ok"]
    assert "did not acknowledge /db status main within 3 s" in found["failed"]


@pytest.mark.postgres
def test_a_tour_that_is_interrupted_has_not_held(tmp_path: Path) -> None:
    with demo(tmp_path / "home", "--tour", bot=OURS) as running:
        running.up()
        time.sleep(0.5)
        code, said = running.end(signal.SIGTERM)
    assert code == 1
    assert json.loads(said.splitlines()[-1]) | {"seconds": 0} == {
        "ok": False,
        "failed": "somebody asked for the end",
        "seconds": 0,
    }


def test_only_a_card_belongs_to_a_request() -> None:
    card = {"metadata": {"event_type": "seconder_request", "event_payload": {"request": "r-1", "version": 2}}}
    assert request_of(card) == "r-1"
    assert request_of({"metadata": None}) is None
    assert request_of({"metadata": {"event_type": "other", "event_payload": {"request": "r-1"}}}) is None


def test_what_a_person_reads_of_a_message_are_its_blocks_with_times_as_text() -> None:
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "expires <!date^1795236794^{time_secs}|04:53 UTC>"}},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Approve"}}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "audit #3"}]},
    ]
    assert words_of({"text": "fallback", "blocks": blocks}) == "expires 04:53 UTC\naudit #3"
    assert words_of({"text": "only text", "blocks": []}) == "only text"


def test_a_card_asks_for_approval_when_it_has_the_button() -> None:
    button = {"type": "button", "action_id": "request.approve"}
    assert asks_for_approval({"blocks": [{"type": "actions", "elements": [button]}]})
    assert not asks_for_approval({"blocks": []})


def test_the_record_tells_the_end_of_a_request_and_how_long_it_took_from_the_last_vote(tmp_path: Path) -> None:
    store = a_record(
        tmp_path,
        ("04:00:00", "request.opened", "success", "r-1"),
        ("04:00:01", "request.voted", "success", "r-1"),
        ("04:00:02", "request.voted", "success", "r-1"),
        ("04:00:03", "run.ended", "failure", "r-2"),
        ("04:00:04.5", "run.ended", "success", "r-1"),
    )
    assert from_vote_to_end(store, "r-1") == 2.5
    end = end_of(store, "r-1")
    assert end is not None
    assert (end.seq, end.outcome) == (5, "success")
    assert end_of(store, "r-3") is None
    assert len(events(store)) == 5


def a_record(folder: Path, *rows: tuple[str, str, str, str]) -> str:
    path = folder / "store.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE audit_event (seq, occurred_at, action, outcome, actor, request)")
    for seq, (at, action, outcome, request) in enumerate(rows, start=1):
        micros = at if "." in at else f"{at}.0"
        row = (seq, f"2026-03-01T{micros}Z", action, outcome, "ana", request)
        connection.execute("INSERT INTO audit_event VALUES (?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"
