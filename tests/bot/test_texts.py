"""What people read: hostile values are inert, every card keeps Slack's limits."""

import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from approvals.model import Request, State, Verdict, Vote
from bot.blocks import cut, pieces
from bot.cards import Message, request_card
from bot.modals import approve, full_plan, reject, settle
from bot.texts import TEMPLATES, Markup, Texts, bar, duration, inert, size, slack_date, unmarked
from core.facts import Fact
from core.outcome import AMISS
from core.plan import Plan
from runs.model import Run, RunState, StepRecord, StepState
from sandbox.slack.blocks import check_blocks, check_view
from tests.fixtures.house import START, a_plan

TEXTS = Texts()
NASTY = st.text(st.characters(categories=["L", "N", "P", "S", "Z", "Cc", "Cf", "Co"]), max_size=60)


def test_our_own_markup_stays() -> None:
    assert inert(Markup("<@U0ANA>")) == "<@U0ANA>"


@pytest.mark.parametrize(
    ("template", "shown"),
    [
        ("*{{ x }}*", "*∗x∗*"),  # noqa: RUF001  # that they look alike is the point
        ('{{ "*none*" if not y else x }}', "*none*"),
        ('{{ "*" ~ x ~ "* `" ~ 5 ~ "`" }}', "*∗x∗* `5`"),  # noqa: RUF001  # as above
        ('{{ {"a": "\u21a9\ufe0f"}["a"] }}', "\u21a9\ufe0f"),
        ('{{ {"a": "*"}.get(x, ":x:") }}', ":x:"),
        ('{{ [x, x]|join(" *") }}', "∗x∗ ∗∗x∗"),  # noqa: RUF001  # as above
        ('{{ rows|map(attribute="a")|join(", ") }}', "1, 2"),
        ('{{ "yes" if x == "*x*" else "no" }}', "yes"),
        ("{{ at|date }}", "<!date^1772334000^{time_secs}|03:00:00 UTC>"),
        ('{{ "from " ~ at|date }}', "from <!date^1772334000^{time_secs}|03:00:00 UTC>"),
        ("{{ data }}", "{'k': '&lt;!here&gt;'}"),
        ("{{ data|as_json }}", '`{"k": "&lt;!here&gt;"}`'),
        ("{{ x|code }}", "`*x*`"),
    ],
)
def test_what_a_template_says_is_markup_and_what_is_put_in_is_not(template: str, shown: str, tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text(template, encoding="utf-8")
    data = {"x": "*x*", "y": "", "rows": [{"a": 1}, {"a": 2}], "at": START, "data": {"k": "<!here>"}}
    assert Texts(tmp_path).whole("t.j2", data) == shown


def test_an_unknown_name_in_a_template_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "t.j2").write_text("{{ nobody }}", encoding="utf-8")
    with pytest.raises(UndefinedError):
        Texts(tmp_path).whole("t.j2", {})


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.j2")), ids=lambda path: path.name)
def test_no_template_puts_a_value_right_behind_a_colon_where_it_could_end_an_emoji(path: Path) -> None:
    assert ":{{" not in path.read_text(encoding="utf-8")


def request(state: State, plan: Plan | None = None, **more: object) -> Request:
    plan = plan or a_plan()
    ended = START if state.ended else None
    made = Request(
        id="r-1",
        version=3,
        state=state,
        requester="ana",
        origin="t",
        channel="ops",
        plan=plan,
        plan_hash=plan.plan_hash,
        rule_hash="",
        needed=1,
        created_at=START,
        expires_at=START + timedelta(minutes=30),
        ended_at=ended,
        ended_by="",
        note="",
        changes=(),
        votes=(Vote("ben", Verdict.APPROVE, START, "T0SITE/U0BEN"),),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def run_of(asked: Request, *states: StepState) -> Run:
    records = [
        StepRecord(n, step.name, state) for n, (step, state) in enumerate(zip(asked.plan.steps, states, strict=True), 1)
    ]
    return Run(
        "run-1",
        asked.id,
        asked.plan,
        asked.plan_hash,
        RunState.RUNNING,
        1,
        "o",
        "",
        "",
        None,
        None,
        "",
        None,
        {},
        tuple(records),
    )


def card(asked: Request, run: Run | None = None) -> Message:
    made = request_card(TEXTS, asked, run, "#1 abc", "1 approval from dba")
    check_blocks(copy.deepcopy(made.blocks))
    assert made.text
    return made


def text(message: Message) -> str:
    return str(message.blocks)


def test_a_step_that_did_not_come_about_though_the_run_went_on_has_a_mark_of_its_own() -> None:
    asked = request(State.RUNNING)
    run = run_of(asked, *[StepState.DONE for _ in asked.plan.steps])
    said = "FAILED: no route to the pooler"
    amiss = replace(run.steps[-1], text=said, data={AMISS: "stop"})
    lines = text(card(asked, replace(run, steps=(*run.steps[:-1], amiss))))
    assert said in lines
    assert lines.count("⚠️") == 1


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_card_that_slack_takes(state: State) -> None:
    card(request(state))


def test_an_open_card_offers_what_can_be_done_and_names_the_effect() -> None:
    shown = text(card(request(State.OPEN, votes=())))
    assert "needs 1 approval from dba" in shown
    assert "Approve promote db2" in shown
    assert "no way back" in shown


def test_a_card_that_may_lose_data_says_so_and_how_much() -> None:
    shown = text(
        card(request(State.OPEN, replace(a_plan(), caps={"wal_bytes": 16 << 20, "wal_seconds": 10}), votes=()))
    )
    assert "DATA MAY BE LOST" in shown
    assert "16.0 MiB" in shown


def test_a_card_whose_approver_answers_for_something_says_for_what() -> None:
    shown = text(card(request(State.OPEN, replace(a_plan(), typed="db1 IS OFF"), votes=())))
    assert "DATA MAY BE LOST" in shown
    assert "You will type *db1 IS OFF*" in shown


def test_stop_is_there_before_the_point_of_no_return_and_gone_behind_it() -> None:
    done, started, pending = StepState.DONE, StepState.STARTED, StepState.PENDING
    asked = request(State.RUNNING)
    assert "request.stop" in text(card(asked, run_of(asked, done, started, pending, pending)))
    behind = text(card(asked, run_of(asked, done, done, started, pending)))
    assert "request.stop" not in behind
    assert "can't be stopped any more" in behind


@pytest.mark.parametrize("state", [state for state in State if state.ended and state is not State.UNKNOWN])
def test_an_ended_card_has_no_button_that_decides(state: State) -> None:
    shown = text(card(request(state)))
    assert "request.approve" not in shown
    assert "request.stop" not in shown


def test_a_card_of_what_changed_shows_it() -> None:
    assert "primary of main: db1 → db3" in text(card(request(State.OUTDATED, changes=("primary of main: db1 → db3",))))


@given(NASTY, NASTY)
def test_hostile_names_never_break_a_card(title: str, note: str) -> None:
    plan = replace(a_plan(), title=f"x{title}", costs=(note,), notes=(note,), facts=(Fact(title, note, note),))
    for state in (State.OPEN, State.FAILED, State.UNKNOWN):
        card(request(state, plan, note=note, changes=(note,)))


def test_a_plan_that_is_long_is_cut_on_the_card_and_whole_in_the_window() -> None:
    steps = tuple(replace(step, title=f"{step.title} {'long ' * 300}") for step in a_plan().steps * 3)
    asked = request(State.OPEN, replace(a_plan(), steps=steps))
    assert "cut; the whole text" in text(card(asked))
    view = full_plan(TEXTS, asked)
    check_view(copy.deepcopy(view))
    assert str(view).count("long") >= 12 * 300


def test_every_window_is_one_that_slack_takes() -> None:
    asked = request(State.OPEN)
    for view in (
        approve(TEXTS, asked, "C1"),
        reject(asked, "C1"),
        settle(asked, "C1", "facts"),
        full_plan(TEXTS, asked),
    ):
        check_view(copy.deepcopy(view))


def test_numbers_read_as_people_say_them() -> None:
    assert [size(0), size(1536), size(None)] == ["0 B", "1.5 KiB", "unknown"]
    assert [duration(0.31), duration(42), duration(90), duration(7200)] == ["0.3 s", "42 s", "2 min", "2 h"]
    assert bar(5, 10) == "▓▓▓▓▓░░░░░ 50 %"


def test_cutting_closes_an_open_fence_and_pieces_keep_every_line() -> None:
    long = "```\n" + "line\n" * 2000
    assert cut(long).count("```") == 2
    assert "".join(pieces(long)).count("line") == 2000


def test_a_terminal_gets_words_without_slack_s_marks() -> None:
    assert unmarked(f"*main* `x` &lt;y&gt; {slack_date(START)}") == "main x <y> 03:00:00 UTC"


def test_a_terminal_keeps_every_star_and_tick_of_a_value() -> None:
    asked = {"pattern": "*.log `x` _y_ ~z~ :x:", "a*b": "*"}
    shown = unmarked(TEXTS.whole("full_plan.j2", {"plan": replace(a_plan(), asked=asked, title="*t* a*b")}))
    assert '{"a*b": "*", "pattern": "*.log `x` _y_ ~z~ :x:"}' in shown
    assert shown.startswith("*t* a*b · destructive")
