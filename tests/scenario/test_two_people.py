"""The main job as two people do it, on real servers, with the real bot."""

import json
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.verify import verify_store
from tests.fixtures.product import Demo, demo_in, until, words

pytestmark = pytest.mark.postgres


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with demo_in(tmp_path / "home") as running:
        yield running


def test_a_standby_is_promoted_with_two_people_s_consent(demo: Demo) -> None:
    request = demo.ask("ana", "promote main db2")
    demo.press("ana", request, "request.approve")
    refused = until(lambda: [one for one in demo.seen_by("ana") if one["ephemeral_to"]])
    assert "your approval does not count" in words(refused[-1])
    wrong = demo.approve("ben", request, "db3")
    assert "not “db2”" in wrong["errors"]["target"]
    assert demo.roles()["db1"] == "primary"
    demo.approve("ben", request, "db2")
    assert demo.ends(request)["state"] == "succeeded"
    assert demo.roles() == {"db1": "standby", "db2": "primary", "db3": "standby"}
    demo.shows(request, "succeeded")
    thread = [one for one in demo.seen_by("cy") if one["thread_ts"]]
    assert any("TO GO BACK" in one["text"] for one in thread)
    assert any("<@U0ANA>" in one["text"] for one in thread)
    late = demo.post(
        "/sandbox/click", user="ben", channel="ops", ts=demo.card(request)["ts"], action_id="request.approve", version=1
    )
    assert late["acked"]
    until(lambda: [one for one in demo.seen_by("ben") if one["ephemeral_to"] and "already" in words(one)])
    check_that_altering_the_record_shows(demo)


def check_that_altering_the_record_shows(demo: Demo) -> None:
    whole = demo.cli("audit", "verify", "--json")
    assert (whole.returncode, json.loads(whole.stdout)["ok"]) == (0, True)
    assert demo.stop() == 0
    store = demo.home / "seconder.db"
    with sqlite3.connect(store) as connection:
        for refused in ("UPDATE audit_event SET actor = 'x'", "DELETE FROM audit_event"):
            with pytest.raises(sqlite3.DatabaseError):
                connection.execute(refused)
    copy = demo.home / "altered.db"
    shutil.copy(store, copy)
    with sqlite3.connect(copy, isolation_level=None) as connection:
        for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        for seq, column in every_cell(connection):
            (old,) = connection.execute(f"SELECT {column} FROM audit_event WHERE seq = ?", (seq,)).fetchone()
            new = -seq if column == "seq" else f"{old}!"
            connection.execute(f"UPDATE audit_event SET {column} = ? WHERE seq = ?", (new, seq))
            bad = verify_store(f"sqlite:///{copy}").bad
            assert bad is not None, (seq, column)
            assert bad.seq in ({1, seq} if column == "seq" else {seq}), (seq, column, bad)
            connection.execute(f"UPDATE audit_event SET {column} = ? WHERE {column} IS ?", (old, new))
        connection.execute("UPDATE audit_event SET actor = 'cy' WHERE seq = 2")
    ran = demo.cli("audit", "verify", "--json", SECONDER_STORE=f"sqlite:///{copy}", SECONDER_HOME=str(demo.home))
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["bad"]["seq"] == 2


def every_cell(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    columns = [row[1] for row in connection.execute("PRAGMA table_info(audit_event)")]
    rows = [seq for (seq,) in connection.execute("SELECT seq FROM audit_event ORDER BY seq")]
    assert len(rows) > 20
    return [(seq, column) for seq in rows for column in columns]


def test_a_cluster_that_changed_after_approval_is_left_alone(demo: Demo) -> None:
    request = demo.ask("ana", "promote main db2")
    assert demo.trouble("change-cluster")["ok"]
    roles = demo.roles()
    demo.approve("ben", request, "db2")
    ended = demo.ends(request)
    assert (ended["state"], ended["run"]) == ("outdated", None)
    assert demo.roles() == roles
    card = demo.shows(request, "Since you looked")
    assert "primary of main: db1 →" in card
    assert "Nothing was changed" in card


@pytest.mark.parametrize(
    ("seconds", "how"), [(0.1, signal.SIGKILL), (0.4, signal.SIGKILL), (0.9, signal.SIGKILL), (0.4, signal.SIGTERM)]
)
def test_a_bot_that_is_ended_in_the_middle_ends_what_it_began(demo: Demo, seconds: float, how: signal.Signals) -> None:
    request = demo.ask("ana", "promote main db2")
    demo.approve("ben", request, "db2")
    time.sleep(seconds)
    demo.kill_bot(how)
    ended = demo.ends(request, 60)
    assert ended["state"] == "succeeded", ended
    assert demo.roles() == {"db1": "standby", "db2": "primary", "db3": "standby"}
    demo.shows(request, "succeeded")


def test_a_dead_primary_is_replaced_and_comes_back_as_a_standby(demo: Demo) -> None:
    assert demo.trouble("kill-primary")["ok"]
    assert "BROKEN" in demo.answer("ana", "status main")
    request = demo.ask("ana", "promote main")
    assert "DATA MAY BE LOST" in demo.shows(request, "needs 1 approval")
    target = demo.card(request)["text"].split(" to ")[1].split(":")[0]
    demo.approve("ben", request, target)
    assert demo.ends(request, 60)["state"] == "succeeded"
    assert demo.roles()["db1"] == "down"
    back = demo.ask("ana", "resync main db1")
    if demo.ends(back, 1)["state"] == "open":
        demo.approve("ben", back, "db1")
    assert demo.ends(back, 60)["state"] == "succeeded"
    assert demo.roles()["db1"] == "standby"


def test_a_primary_that_dies_right_after_a_switchover_is_replaced(demo: Demo) -> None:
    request = demo.ask("ana", "promote main db2")
    demo.approve("ben", request, "db2")
    assert demo.ends(request)["state"] == "succeeded"
    assert demo.trouble("kill-primary")["ok"]
    failover = demo.ask("ben", "promote main db3")
    demo.approve("ana", failover, "db3")
    assert demo.ends(failover, 60)["state"] == "succeeded"
    assert demo.roles()["db3"] == "primary"


def test_a_doubled_envelope_makes_one_request(demo: Demo) -> None:
    demo.post("/sandbox/faults", envelopes="double", times=1)
    demo.ask("ana", "promote main db2")
    time.sleep(1)
    assert len(demo.cards()) == 1


def test_slack_s_troubles_never_touch_a_request(demo: Demo) -> None:
    demo.post("/sandbox/faults", method="chat.update", status=429, retry_after=1, times=2)
    request = demo.ask("ana", "promote main db2")
    demo.approve("ben", request, "db2")
    assert demo.ends(request)["state"] == "succeeded"
    demo.shows(request, "succeeded")
    demo.post("/sandbox/faults", sockets="abort")
    until(lambda: demo.say("ana", "help")["acked"])


def test_a_slack_that_answers_nothing_holds_no_run_up(demo: Demo) -> None:
    request = demo.ask("ana", "promote main db2")
    demo.press("ben", request, "request.approve")
    view = until(lambda: demo.get("/sandbox/views?user=ben")["views"])[-1]
    for method in ("chat.postMessage", "chat.update"):
        demo.post("/sandbox/faults", method=method, status=500, times=6)
    values = {"target": {"typed": "db2"}}
    demo.post("/sandbox/submit", user="ben", view_id=view["id"], values=values)
    assert demo.ends(request)["state"] == "succeeded"
    demo.shows(request, "succeeded")


def test_stop_and_reject_and_withdraw_end_a_request(demo: Demo) -> None:
    first = demo.ask("ana", "promote main db2")
    demo.press("ben", first, "request.reject")
    view = until(lambda: demo.get("/sandbox/views?user=ben")["views"])[-1]
    demo.post("/sandbox/submit", user="ben", view_id=view["id"], values={"reason": {"text": "not today"}})
    assert "not today" in demo.shows(first, "rejected")
    second = demo.ask("ana", "promote main db2")
    demo.press("ana", second, "request.withdraw")
    demo.shows(second, "withdrawn")
    assert demo.roles()["db1"] == "primary"
