"""The windows: an approver sees all that is signed, or can't sign it there."""

import copy
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from approvals.model import Request, State
from bot import modals
from bot.blocks import Block
from bot.signed import INSTEAD
from bot.texts import Texts
from core.facts import Fact
from core.plan import Kind, Look, Plan, Risk, Step, Undo
from sandbox.slack.blocks import check_view
from tests.bot.test_texts import request
from tests.fixtures.house import a_plan

TEXTS = Texts()
QUESTION = "The timeline of main's primary (`/db status main` shows it)"
LOOK = Look("timeline", "main", QUESTION)
SIGNED = Plan(
    action="promote",
    version=7,
    cluster="main",
    target="db2",
    title="Switch main: db1 → db2",
    risk=Risk.DESTRUCTIVE,
    asked={"cluster": "main", "node": None},
    facts=(Fact("timeline", "main", 41), Fact("primary", "main", "db1"), Fact("lag", "db2", 3, 4242, "bytes")),
    steps=(
        Step(
            "stop",
            {"node": "db1", "timeline": 41, "deep": {"timeline": 41, "slots": ["a", "b"]}},
            "stop db1",
            Kind.PROBE,
            5.0,
            undo=Undo("return", {"node": "db1", "upstream": "nowhere"}, "db1 serves again"),
        ),
        Step("promote", {"node": "db2", "wal_bytes": 0}, "promote db2", Kind.PROBE, 5.0, ponr=True),
    ),
    caps={"wal_bytes": 16777216, "wal_seconds": 10},
    costs=("writes stop ≈ 0.3 s",),
    waiting=("WAL fills db1's disk in 3 h",),
    onward=("psql -c 'SELECT 1 > 0' *",),
    look=LOOK,
)


def asked(plan: Plan = SIGNED) -> Request:
    return request(State.OPEN, plan)


def approve(plan: Plan = SIGNED, *, look: bool = False) -> Block:
    view = modals.approve(TEXTS, asked(plan), "C1", look=look)
    check_view(copy.deepcopy(view))
    return view


def words(view: Block | list[Block]) -> str:
    """Give all that is read in a window, in order."""
    blocks: Any = view["blocks"] if isinstance(view, dict) else view
    texts = (block.get("text") or block.get("label") or {"text": ""} for block in blocks)
    return "\n".join(str(text["text"]) for text in texts)


def inputs(view: Block) -> list[tuple[str, str]]:
    blocks: Any = view["blocks"]
    return [(block["block_id"], block["element"]["action_id"]) for block in blocks if block["type"] == "input"]


def leaves(value: object) -> list[str]:
    """List everything that stands in the part that is signed."""
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in [str(key), *leaves(each)]]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [] if isinstance(value, bool) or value is None else [str(value)]


def test_23_all_that_is_signed_stands_in_the_window() -> None:
    shown = words(approve())
    below = shown.split("You sign all of this:")[1]
    structure = {"action", "version", "cluster", "target", "risk", "asked", "facts", "budgets", "caps", "steps", "undo"}
    structure |= {"name", "subject", "value", "budget", "args", "ponr"}
    bound = SIGNED.bound()
    assert isinstance(bound, dict)
    assert [leaf for leaf in leaves(bound) if leaf not in structure and leaf not in below] == []
    assert SIGNED.plan_hash in below
    assert below.index("stop db1") < below.index("no way back") < below.index("promote db2")


def test_values_of_different_kinds_differ() -> None:
    values: list[object] = [None, "None", 1, "1", True, "true", [], ""]
    assert len({words(approve(replace(SIGNED, asked={"node": value}))) for value in values}) == len(values)


@settings(max_examples=40)
@given(st.text(max_size=30), st.text(max_size=30))
def test_plans_that_differ_anywhere_look_different(one: str, other: str) -> None:
    def shown(value: str) -> list[str]:
        step = Step(value, {"node": value}, "do it", Kind.PROBE, 5.0)
        plans = (
            replace(SIGNED, asked={"node": value}),
            replace(SIGNED, target=value),
            replace(SIGNED, steps=(step,)),
            replace(SIGNED, facts=(Fact("primary", "main", value),)),
        )
        return [re.sub(r"[0-9a-f]{64}", "", words(modals.whole_plan(TEXTS, plan) or [])) for plan in plans]

    if one.encode("utf-8", "backslashreplace") != other.encode("utf-8", "backslashreplace"):
        assert all(mine != theirs for mine, theirs in zip(shown(one), shown(other), strict=True))


def test_only_what_is_destructive_asks_for_the_target() -> None:
    assert inputs(approve()) == [("target", "typed")]
    assert inputs(approve(replace(SIGNED, risk=Risk.CHANGE))) == []


def test_the_summary_stands_first_with_what_may_be_lost_and_the_line() -> None:
    blocks: Any = approve()["blocks"]
    first = blocks[0]["text"]["text"]
    assert "at most 16.0 MiB or 10 s" in first
    assert "── no way back ──" in first
    assert [block["type"] for block in blocks[1:3]] == ["input", "divider"]


def test_who_looks_is_asked_and_not_told() -> None:
    view = approve(look=True)
    assert inputs(view) == [("target", "typed"), ("look", "typed")]
    shown = words(view)
    assert "41" not in re.sub(r"[0-9a-f]{64}|`[0-9a-f]{8}`", "", shown)
    assert "`timeline` of `main`: " in shown
    assert "(you will be asked for it)" in shown
    assert shown.count(INSTEAD) == 3  # among the facts, in the step, in the undo
    assert "The timeline of main's primary" in shown
    assert SIGNED.plan_hash in shown


def test_without_a_fact_to_look_up_nothing_is_asked_and_all_is_shown() -> None:
    view = approve(replace(SIGNED, look=None), look=True)
    assert inputs(view) == [("target", "typed")]
    assert "`timeline` of `main`: `41`" in words(view)


@pytest.fixture(scope="module")
def long_plan() -> Plan:
    steps = tuple(
        Step(f"s{n}", {"paths": [f"/srv/{n}/{each}" for each in range(250)]}, f"copy {n}", Kind.PROBE, 5.0)
        for n in range(90)
    )
    return replace(SIGNED, steps=steps)


def test_a_long_argument_goes_on_and_nothing_of_it_is_dropped() -> None:
    step = Step("copy", {"paths": [f"/srv/{each:05}" for each in range(3000)]}, "copy", Kind.PROBE, 5.0)
    shown = words(approve(replace(SIGNED, steps=(step,)))).replace("\n", "").replace("`", "")
    assert [each for each in range(3000) if f"/srv/{each:05}" not in shown] == []


def test_23_a_plan_that_does_not_fit_cannot_be_approved_in_slack(long_plan: Plan) -> None:
    assert not modals.fits(TEXTS, long_plan)
    assert modals.whole_plan(TEXTS, long_plan) is None
    view = approve(long_plan)
    assert "submit" not in view
    assert inputs(view) == []
    assert "can't be approved in Slack" in words(view)
    assert "`seconder approve r-1`" in words(view)


def test_a_window_never_grows_beyond_what_slack_takes() -> None:
    steps = tuple(Step("s", {"x": "\U0001f600" * 800}, "smile", Kind.PROBE, 5.0) for _ in range(60))
    plan = replace(SIGNED, steps=steps)
    assert not modals.fits(TEXTS, plan)
    assert len(json.dumps(modals.full_plan(TEXTS, asked(plan)))) < 250_000


def test_the_full_plan_says_at_its_end_that_it_is_not_whole(long_plan: Plan) -> None:
    view = modals.full_plan(TEXTS, asked(long_plan))
    check_view(copy.deepcopy(view))
    blocks: Any = view["blocks"]
    assert "This is not all of it" in blocks[-1]["text"]["text"]
    assert "`seconder requests r-1`" in blocks[-1]["text"]["text"]


def test_the_full_plan_shows_what_waiting_costs_and_the_commands() -> None:
    shown = words(modals.full_plan(TEXTS, asked()))
    assert "*While this waits*\n•  WAL fills db1's disk in 3 h" in shown
    assert "`psql -c 'SELECT 1 &gt; 0' *`" in shown
    assert "not all of it" not in shown
    assert "lag of db2: 3 bytes" in shown


def test_the_full_plan_keeps_quiet_about_what_will_be_asked() -> None:
    shown = words(modals.full_plan(TEXTS, asked(), look=True))
    assert "you will be asked for it" in shown
    assert "`41`" not in shown


def test_a_command_line_gets_the_plan_whole_from_the_same_template(long_plan: Plan) -> None:
    shown = TEXTS.whole("full_plan.j2", {"plan": long_plan})
    assert "/srv/89/249" in shown
    assert "not all of it" not in shown


def test_hostile_notes_are_inert_where_people_settle() -> None:
    view = modals.settle(request(State.UNKNOWN, note="<!channel> `x`"), "C1", "*facts*")
    check_view(copy.deepcopy(view))
    assert "<!" not in words(view)
    assert "*facts*" not in words(view)


def test_a_plan_of_the_house_fits() -> None:
    assert modals.fits(TEXTS, a_plan())
