"""Slack at its worst, seen from outside: nothing that was asked is lost, nothing is done or said twice."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.verify import verify_store
from tests.fixtures.product import Demo, Json, demo_in, until, words

pytestmark = pytest.mark.postgres
LONG = 60.0  # seconds in which Slack's pauses and our looks come to an end


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("faults") / "home") as running:
        yield running


@pytest.fixture(autouse=True)
def _calm(demo: Demo) -> Iterator[None]:
    yield
    demo.post("/sandbox/faults")
    until(lambda: demo.say("cy", "help")["acked"])


def runs(demo: Demo) -> int:
    return int(demo.rows("SELECT count(*) FROM run")[0][0])


def cards(demo: Demo) -> list[str]:
    return [str(one["metadata"]["event_payload"]["request"]) for one in demo.cards()]


def ends_told(demo: Demo) -> Counter[str]:
    """How often the end of each request was told, by its card."""
    threads = Counter(one["thread_ts"] for one in demo.seen_by("cy") if one["thread_ts"] and "<@U0ANA>" in one["text"])
    return Counter({request: threads[demo.card(request)["ts"]] for request in cards(demo)})


POST, EDIT = "chat.postMessage", "chat.update"
FAULTS: dict[str, list[Json]] = {
    "too many requests": [{"method": POST, "error": "ratelimited", "retry_after": 2, "times": 2}],
    "broken": [{"method": POST, "status": 500, "times": 2}, {"method": EDIT, "status": 500, "times": 2}],
    "away for a moment": [{"method": POST, "status": 503}, {"method": EDIT, "error": "fatal_error"}],
    "it took the card and did not say so": [{"method": POST, "status": 500, "after": True, "times": 2}],
    "slower than we wait": [{"method": POST, "delay": 12.0}],
    "edits refused": [{"method": EDIT, "error": "ratelimited", "retry_after": 1, "times": 3}],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_backup_runs_once_and_has_one_card_that_says_so_whatever_slack_answers(demo: Demo, fault: str) -> None:
    known, before = cards(demo), runs(demo)
    for each in FAULTS[fault]:
        demo.post("/sandbox/faults", **each)
    demo.say("ana", "backup main")
    until(lambda: runs(demo) == before + 1, LONG)
    (request,) = {row[0] for row in demo.rows("SELECT request FROM run ORDER BY started_at DESC LIMIT 1")}
    assert demo.ends(request, LONG)["state"] == "succeeded"
    until(lambda: request in cards(demo), LONG)
    until(lambda: "succeeded" in words(demo.card(request)), LONG)
    until(lambda: ends_told(demo)[request], LONG)
    time.sleep(1.5)  # whatever would be said twice is said now
    assert Counter(cards(demo)) == Counter([*known, request])
    assert (ends_told(demo)[request], runs(demo)) == (1, before + 1)


@pytest.mark.parametrize("envelopes", ["double", "delay"])
def test_what_arrives_twice_or_late_is_asked_once(demo: Demo, envelopes: str) -> None:
    before = cards(demo)
    demo.post("/sandbox/faults", envelopes=envelopes, times=2)
    demo.say("ana", "backup main")
    request = until(lambda: [one for one in cards(demo) if one not in before], LONG)[0]
    assert demo.ends(request, LONG)["state"] == "succeeded"
    time.sleep(1.5)
    assert Counter(cards(demo)) == Counter([*before, request])


def test_what_never_arrived_was_never_asked_and_the_person_sees_that(demo: Demo) -> None:
    before = (cards(demo), runs(demo))
    demo.post("/sandbox/faults", envelopes="drop")
    assert not demo.say("ana", "backup main")["acked"]  # Slack tells her that it failed
    time.sleep(1)
    assert (cards(demo), runs(demo)) == before


@pytest.mark.parametrize("sockets", ["refresh", "abort"])
def test_a_socket_that_goes_is_followed_by_another_and_loses_no_run(demo: Demo, sockets: str) -> None:
    request = demo.ask("ana", "promote main")
    target = str(demo.rows("SELECT plan FROM request WHERE id = ?", request)[0][0])
    demo.post("/sandbox/faults", sockets=sockets)
    until(lambda: demo.say("cy", "help")["acked"], LONG)
    node = next(name for name in demo.standbys() if f'"target": "{name}"' in target)
    demo.approve("ben", request, node)
    demo.post("/sandbox/faults", sockets=sockets)
    assert demo.ends(request, LONG)["state"] == "succeeded"
    assert demo.roles()[node] == "primary"
    until(lambda: demo.say("cy", "help")["acked"], LONG)


def test_after_all_that_the_record_is_whole_and_each_step_was_done_once(demo: Demo) -> None:
    assert verify_store(f"sqlite:///{Path(demo.home) / 'seconder.db'}").ok
    done = "action = 'step.outcome' AND outcome = 'success'"
    counted = demo.rows(f"SELECT run, step, count(*) FROM audit_event WHERE {done} GROUP BY run, step")
    assert {count for _, _, count in counted} <= {1}
