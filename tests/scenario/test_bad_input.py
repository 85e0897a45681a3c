"""Bad input gets a sentence that says what would be right, and changes nothing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.product import Demo, demo_in, until, words

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("input") / "home") as running:
        yield running


def recorded(demo: Demo) -> list[tuple[str, str]]:
    with sqlite3.connect(f"file:{Path(demo.home) / 'seconder.db'}?mode=ro", uri=True) as connection:
        return connection.execute("SELECT action, outcome FROM audit_event ORDER BY seq").fetchall()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("promot main db2", "/db promote main db2", id="an unknown action"),
        pytest.param("promote mian db2", "/db promote main db2", id="an unknown cluster"),
        pytest.param("promote main db9", "/db promote main db", id="an unknown node"),
        pytest.param("resync main", "/db resync main db1", id="a missing word"),
        pytest.param("status main now please", "/db status main", id="words too many"),
        pytest.param('status "main', "/db status main", id="a quote that does not close"),
        pytest.param("promote “main db2", "/db promote main db2", id="a smart quote that does not close"),
        pytest.param("resync main db2 --rebiuld", "/db resync main db2 --rebuild", id="an unknown option"),
        pytest.param("x" * 4000, "/db help", id="4,000 characters"),
        pytest.param("help me", "/db help", id="help with words"),
        pytest.param("stat\u202eus main", "/db status main", id="hidden characters"),
        pytest.param("<!channel> main", "/db ", id="a mention"),
    ],
)
def test_a_friendly_sentence_and_nothing_else(demo: Demo, text: str, said: str) -> None:
    before = recorded(demo)
    answer = demo.answer("ana", text)
    assert said in answer
    assert "Nothing was changed" in answer
    assert "<!channel>" not in answer
    assert recorded(demo)[len(before) :] == [("input.refused", "denied")]
    assert demo.cards() == []


def test_smart_quotes_that_close_are_understood(demo: Demo) -> None:
    assert "healthy" in demo.answer("ana", "status “main”")


def test_the_nearest_right_command_runs_with_one_click(demo: Demo) -> None:
    demo.answer("ana", "statsu main")
    hint = [one for one in demo.seen_by("ana") if one["ephemeral_to"]][-1]
    known = {one["ts"] for one in demo.seen_by("ana")}
    demo.post("/sandbox/click", user="ana", channel="ops", ts=hint["ts"], action_id="input.retry")
    (answer,) = until(lambda: [one for one in demo.seen_by("ana") if one["ts"] not in known and one["ephemeral_to"]])
    assert "healthy" in words(answer)


@pytest.mark.parametrize("person", ["gil", "stranger", "robot", "leaver"])
def test_who_is_not_on_the_roster_or_no_full_member_gets_nothing(demo: Demo, person: str) -> None:
    kinds = {"stranger": "stranger", "robot": "bot", "leaver": "deactivated"}
    if person in kinds:
        demo.post("/sandbox/users", name=person, kind=kinds[person])
    answer = demo.answer(person, "promote main db2")
    assert "This was recorded" in answer
    assert recorded(demo)[-1] == ("auth.denied", "denied")


def test_who_is_in_no_group_looks_but_does_not_ask(demo: Demo) -> None:
    assert "healthy" in demo.answer("cy", "status main")
    assert "it takes somebody from dba" in demo.answer("cy", "promote main db2")


def test_a_mention_is_answered_like_a_command(demo: Demo) -> None:
    before = {one["ts"] for one in demo.seen_by("ana")}
    demo.post("/sandbox/mention", user="ana", channel="ops", text="@seconder status main")
    until(lambda: [one for one in demo.seen_by("ana") if one["ts"] not in before and one["ephemeral_to"]])


def test_a_digest_that_slack_does_not_take_is_said(demo: Demo) -> None:
    demo.post("/sandbox/faults", method="chat.postMessage", error="channel_not_found", times=1)
    assert "Slack did not take the digest" in demo.answer("ana", "digest")
