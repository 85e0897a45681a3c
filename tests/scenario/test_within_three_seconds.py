"""Must-pass case 30: whoever presses or types sees a sentence within three seconds, whatever is slow or down."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.fixtures.product import Demo, Json, demo_in, until, words

pytestmark = pytest.mark.postgres
SECONDS = 3.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("three") / "home") as running:
        yield running


@contextmanager
def locked(demo: Demo) -> Iterator[None]:
    """Somebody else holds the store, and does not let go."""
    connection = sqlite3.connect(demo.home / "seconder.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def frozen(demo: Demo, node: str) -> Iterator[None]:
    """A server's postmaster answers nobody any more."""
    pid = demo.facts["nodes"][node]["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def first_word(demo: Demo, person: str, act: Callable[[], Json]) -> tuple[str, float]:
    """What somebody sees first after acting, and after how many seconds, by the stand-in's own clock."""
    before = {one["ts"] for one in demo.seen_by(person)}
    began = time.time()
    answered = act()
    if answered.get("errors"):
        return str(answered["errors"]), time.time() - began

    def fresh() -> list[Json]:
        return [one for one in demo.seen_by(person) if one["ts"] not in before and one["ephemeral_to"]]

    said = until(fresh, 10)[0]
    return words(said), float(said["ts"]) - began


def asked(demo: Demo) -> str:
    return demo.ask("ana", "resync main db3 --rebuild")


def withdrawn(demo: Demo, request: str) -> None:
    demo.press("ana", request, "request.withdraw")
    demo.ends(request)


def test_30_a_refused_click_is_answered(demo: Demo) -> None:
    request = asked(demo)
    said, seconds = first_word(demo, "ana", lambda: demo.press("ana", request, "request.approve"))
    assert "You asked for this" in said
    assert seconds < SECONDS
    withdrawn(demo, request)


def test_30_a_command_is_answered_while_the_store_is_locked(demo: Demo) -> None:
    before = len(demo.cards())
    with locked(demo):
        said, seconds = first_word(demo, "ana", lambda: demo.say("ana", "backup main"))
    assert "Nothing was done" in said
    assert seconds < SECONDS
    assert len(demo.cards()) == before


def test_30_a_click_is_answered_while_the_store_is_locked(demo: Demo) -> None:
    request = asked(demo)
    with locked(demo):
        said, seconds = first_word(demo, "ben", lambda: demo.press("ben", request, "request.approve"))
    assert "store" in said
    assert seconds < SECONDS
    withdrawn(demo, request)


def test_30_a_window_keeps_what_was_typed_while_the_store_is_locked(demo: Demo) -> None:
    request = asked(demo)
    demo.press("ben", request, "request.approve")
    view = until(lambda: demo.get("/sandbox/views?user=ben")["views"])[-1]
    values = {"target": {"typed": "db3"}}
    with locked(demo):
        said, seconds = first_word(
            demo, "ben", lambda: demo.post("/sandbox/submit", user="ben", view_id=view["id"], values=values)
        )
    assert "Nothing was done" in said
    assert seconds < SECONDS
    sent = demo.post("/sandbox/submit", user="ben", view_id=view["id"], values=values)
    assert sent["ok"]
    assert demo.ends(request)["state"] == "succeeded"


@pytest.mark.parametrize("text", ["status main", "promote main db2"])
def test_30_who_asks_about_a_cluster_that_does_not_answer_hears_that_it_is_worked_on(demo: Demo, text: str) -> None:
    with frozen(demo, "db1"):
        said, seconds = first_word(demo, "ana", lambda: demo.say("ana", text))
        assert seconds < SECONDS
        before = {one["ts"] for one in demo.seen_by("ana") if words(one) == said}
        if "Still working" in said:
            later = until(lambda: [one for one in demo.seen_by("ana") if one["ts"] > max(before)], 25)
            assert "Still working" not in words(later[-1])
