"""Later, taken back, on hold, and alone: what may be said beside a question, on the whole product."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fixtures.product import Demo, demo_in, until

pytestmark = pytest.mark.postgres
LATER = ["request.takeback", "request.withdraw", "request.plan"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("verbs") / "home") as running:
        yield running


def test_what_is_asked_for_later_is_approved_now_and_can_be_taken_back(demo: Demo) -> None:
    roles, new = demo.roles(), demo.standbys()[0]
    clock = f"{datetime.now(UTC) + timedelta(hours=3):%H:%M}"
    back, away = (demo.ask("ana", f"promote main {new} --at {when}") for when in ("+2h", clock))
    for request in (back, away):
        demo.shows(request, "*starts ")
        demo.approve("ben", request, new)
    for request in (back, away):
        demo.shows(request, "approved, starts ")
        assert demo.buttons(request) == LATER
    assert "You have not approved this" in demo.hears("ana", lambda: demo.press("ana", back, "request.takeback"))
    demo.press("ben", back, "request.takeback")
    demo.press("ana", away, "request.withdraw")
    demo.shows(back, "needs 1 approval from dba")
    assert demo.buttons(back) == ["request.approve", "request.reject", "request.plan", "request.withdraw"]
    demo.send("ben", demo.opens("ben", back, "request.reject"), reason={"text": "not tonight"})
    assert "not tonight" in demo.shows(back, "rejected")
    demo.shows(away, "withdrawn")
    assert demo.buttons(back) == demo.buttons(away) == []
    assert demo.rows("SELECT count(*) FROM run WHERE request IN (?, ?)", back, away) == [(0,)]
    assert demo.roles() == roles


def test_a_hold_is_one_person_s_word_and_lifting_it_takes_two(demo: Demo) -> None:
    files = [Path(node["data"]).parent / "work/jobs/hold" for node in demo.facts["nodes"].values()]
    assert "*main is on hold.*" in demo.answer("cy", "hold main storage is moved")
    demo.told("*main is on hold*: nothing new starts there. cy: storage is moved")
    assert [file.read_text() for file in files] == ["storage is moved (cy)\n"] * 3
    refused = demo.answer("ana", "backup main")
    assert "main is on hold: storage is moved (cy" in refused
    assert "Nothing was changed. · HELD" in refused
    assert "This always takes two people" in demo.answer("ana", 'lift main --emergency "it can not wait"')
    lift = demo.ask("ana", "lift main")
    wrong = demo.approve("ben", lift, "db1")
    assert "not “main”" in wrong["errors"]["target"]
    demo.approve("ben", lift, "main")
    until(lambda: demo.state(lift) == "succeeded")
    assert not any(file.exists() for file in files)
    assert "is not on hold" in demo.answer("ana", "lift main")
    backup = demo.ask("ana", "backup main --reason 'before the disks move'")
    assert demo.ends(backup, 60)["state"] == "succeeded"


def test_an_emergency_runs_alone_and_is_owed_a_look_by_somebody_else(demo: Demo) -> None:
    request = demo.ask("ana", f'promote main {demo.standbys()[0]} --emergency "the disk dies"')
    demo.shows(request, "*ana r")
    told = demo.told("runs this alone")
    assert "<@U0BEN> You were not asked" in told
    assert "the disk dies" in told
    assert demo.ends(request, 60)["state"] == "succeeded"
    assert "Nobody else has looked at it yet" in demo.shows(request, "*ana ran this alone*: the disk dies")
    again = f'promote main {demo.standbys()[0]} --emergency "it can not wait"'
    assert f"emergency ({request}) has not been looked at" in demo.answer("ana", again)
    demo.say("ana", "digest")
    assert "Somebody else has to look at it" in demo.told(f"ana ran `{request}` alone: the disk dies")
    own = demo.hears("ana", lambda: demo.press("ana", request, "debt.review"))
    assert "somebody else has to look at it" in own
    assert "somebody else has to look at it" in demo.answer("ana", f"review {request} fine")
    assert demo.denials(request) == [("ana", "OWN-REQUEST")] * 2
    window = demo.opens("ben", request, "debt.review")
    assert window["callback_id"] == "debt.review"
    demo.send("ben", window, verdict={"choice": "fine"}, note={"text": "it was right"})
    demo.shows(request, "ben looked at it: it was right")
    assert demo.buttons(request) == []
    second = demo.ask("ana", again)
    until(lambda: demo.state(second) == "succeeded")
    assert "you looked at" in demo.answer("ben", f"review {second} not-fine next time call me")
    assert demo.rows("SELECT fine, note FROM debt WHERE request = ?", second) == [(0, "next time call me")]
