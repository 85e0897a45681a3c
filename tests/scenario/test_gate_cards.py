"""Cards that are old, forged, pressed by the wrong people, or that Slack won't have edited: the store decides."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest
from slack_sdk import WebClient

from sandbox.postmaster import family
from tests.fixtures.freezing import frozen
from tests.fixtures.product import Demo, Json, demo_in, until

pytestmark = pytest.mark.postgres
SAME = "your approval does not count"
STRANGERS: dict[str, Json] = {
    "gil": {"kind": "guest"},
    "lone": {"kind": "single_channel_guest"},
    "stranger": {"kind": "stranger"},
    "robot": {"kind": "bot"},
    "leaver": {"kind": "deactivated"},
    "other": {"team": "T0OTHER"},
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("cards") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def hung(demo: Demo) -> list[str]:
    """Requests whose cards hang for a while already, so that they can be edited at once."""
    return [demo.ask("ana", f"promote main {demo.standbys()[0]}") for _ in range(5)]


def reject(demo: Demo, request: str) -> None:
    demo.send("ben", demo.opens("ben", request, "request.reject"), reason={"text": "not today"})
    until(lambda: demo.state(request) == "rejected")


def forge(demo: Demo, person: str, request: str) -> Json:
    """Put the window of an approval before somebody who was never given one."""
    view = demo.opens(person, request, "request.plan")
    forged = {
        "type": "modal",
        "callback_id": "request.approve",
        "private_metadata": json.dumps({"request": request, "channel": demo.card(request)["channel"]}),
        "title": {"type": "plain_text", "text": "Approve"},
        "submit": {"type": "plain_text", "text": "Approve"},
        "blocks": [
            {
                "type": "input",
                "block_id": "target",
                "label": {"type": "plain_text", "text": "Target"},
                "element": {"type": "plain_text_input", "action_id": "typed"},
            }
        ],
    }
    environment = demo.facts["env"]
    client = WebClient(environment["SLACK_BOT_TOKEN"], base_url=environment["SLACK_API_URL"])
    assert client.views_update(view_id=view["id"], view=forged)["ok"]
    return view


def test_an_open_card_says_what_waiting_costs_and_the_windows_show_what_is_signed(demo: Demo) -> None:
    new = demo.standbys()[0]
    request = demo.ask("ana", f"promote main {new}")
    assert f"⏱ Valid while {new} lags at most" in demo.shows(request, "needs 1 approval")
    plan = json.dumps(demo.opens("cy", request, "request.plan")["blocks"], ensure_ascii=False)
    for shown in ("Agreed to exactly these facts", "primary", "While this waits", "By hand, to go back"):
        assert shown in plan
    (target,) = [one for one in demo.opens("ben", request, "request.approve")["blocks"] if one["type"] == "input"]
    assert (target["block_id"], target["label"]["text"]) == ("target", f"Type {new} to approve")
    assert demo.state(request) == "open"


def test_13_a_click_on_a_stale_card_is_refused_and_mends_the_card(demo: Demo, hung: list[str]) -> None:
    request = hung.pop()
    reject(demo, request)
    demo.shows(request, "rejected")
    seen = demo.card(request)["version"]
    said = demo.hears("ben", lambda: demo.press("ben", request, "request.approve", version=1))
    assert "This request was rejected" in said
    assert "TOO-LATE" in said
    until(lambda: demo.card(request)["version"] > seen)
    assert demo.buttons(request) == []
    assert demo.denials(request) == [("ben", "TOO-LATE")]


def test_14_a_slack_that_edits_no_card_never_touches_its_request(demo: Demo, hung: list[str]) -> None:
    gone: dict[str, Json] = {hung.pop(): {"error": "message_not_found"}, hung.pop(): {"error": "cant_update_message"}}
    passing: dict[str, Json] = {hung.pop(): {"error": "ratelimited", "retry_after": 1}, hung.pop(): {"status": 500}}
    for request, fault in (gone | passing).items():
        demo.post("/sandbox/faults", method="chat.update", times=1, **fault)
        reject(demo, request)
        see_an_edit_fail(demo, request)
        if request in passing:  # drawn again; the next fault is not for that
            demo.shows(request, "rejected")
    for request in gone:
        said = demo.hears("ben", partial(demo.press, "ben", request, "request.approve"))
        assert "This request was rejected" in said
        demo.shows(request, "rejected")
    for request in gone | passing:
        assert demo.state(request) == "rejected"
        assert demo.buttons(request) == []  # of its only card: no ghost of it was posted


def see_an_edit_fail(demo: Demo, request: str) -> None:
    ts = demo.card(request)["ts"]

    def failed() -> list[Json]:
        calls = demo.get("/sandbox/calls?method=chat.update")["calls"]
        return [call for call in calls if call["params"].get("ts") == ts and call["error"]]

    until(failed)


def test_01_one_s_own_request_is_approved_through_no_entry_point(demo: Demo) -> None:
    new = demo.standbys()[0]
    request = demo.ask("ana", f"promote main {new}")
    for _ in range(2):
        assert SAME in demo.hears("ana", lambda: demo.press("ana", request, "request.approve"))
    assert SAME in demo.hears("ana", lambda: demo.press("ana", request, "request.reject"))
    forged = forge(demo, "ana", request)
    assert SAME in demo.hears("ana", lambda: demo.send("ana", forged, target={"typed": new}))
    assert "There is no command “approve”" in demo.answer("ana", f"approve {request}")
    assert demo.denials(request) == [("ana", "OWN-REQUEST")] * 4
    assert demo.state(request) == "open"
    assert demo.rows("SELECT count(*) FROM vote WHERE request = ?", request) == [(0,)]
    forged = forge(demo, "cy", request)
    said = demo.hears("cy", lambda: demo.send("cy", forged, target={"typed": new}))
    assert "This needs approval from dba, and cy is not in it" in said
    assert demo.denials(request)[4:] == [("cy", "NOT-YOURS-TO-APPROVE")]
    demo.press("ana", request, "request.withdraw")
    until(lambda: demo.state(request) == "withdrawn")


def test_15_who_is_no_full_member_of_the_roster_approves_nothing(demo: Demo) -> None:
    request = demo.ask("ana", f"promote main {demo.standbys()[0]}")
    for name, what in STRANGERS.items():
        account = demo.post("/sandbox/users", name=name, **what)["user"]
        said = demo.hears(name, partial(demo.press, name, request, "request.approve"))
        assert "This was recorded" in said
        actor = f"slack:{account['team_id']}/{account['id']}"
        denied = demo.rows("SELECT outcome FROM audit_event WHERE action = 'auth.denied' AND actor = ?", actor)
        assert denied == [("denied",)]
    assert demo.state(request) == "open"
    assert demo.rows("SELECT count(*) FROM vote WHERE request = ?", request) == [(0,)]
    demo.press("ana", request, "request.withdraw")
    until(lambda: demo.state(request) == "withdrawn")


def test_behind_the_point_of_no_return_the_card_offers_what_comes_next_instead_of_stop(demo: Demo) -> None:
    new, other = demo.standbys()
    request = demo.ask("ana", f"promote main {new}")
    begun = (
        "SELECT 1 FROM step JOIN run ON run.id = step.run WHERE request = ? AND name = ? AND step.state <> 'pending'"
    )
    demo.approve("ben", request, new)
    until(lambda: demo.rows(begun, request, "stop"))
    with frozen(startup(demo, other)):
        demo.shows(request, "can't be stopped any more")
        assert demo.buttons(request) == ["request.next", "request.plan"]
        following = json.dumps(demo.opens("cy", request, "request.next")["blocks"], ensure_ascii=False)
        assert f"{other} follows {new}" in following
        assert "If the bot dies now, by hand" in following
    assert demo.ends(request)["state"] == "succeeded"


def startup(demo: Demo, name: str) -> psutil.Process:
    """Give the process that replays WAL: while it is stopped, its standby takes up no new primary."""
    processes = family(Path(demo.facts["nodes"][name]["data"]))
    return next(one for one in processes if "startup" in " ".join(one.cmdline()))
