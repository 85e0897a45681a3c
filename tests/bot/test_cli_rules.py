"""`seconder hold`, `lift`, `rules`, `review` as programs and people call them, without Slack and without a cluster."""

import json
import os
import pwd
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from approvals.model import Request, Typed, Verdict, Wish
from audit.store import Store, open_store
from audit.verify import verify_store
from bot.cli import main
from bot.cli_house import house
from core.clock import SystemClock, stamp
from tests.fixtures.house import a_plan
from tests.fixtures.small import actor_of, hold_files, written

LOGIN = pwd.getpwuid(os.getuid()).pw_name
Json = dict[str, Any]
LOOSER = "cy gets the group dba"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Json:
        return json.loads(self.out)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Terminal:
    """A terminal at which whoever runs these tests is somebody of the roster."""

    home: Path
    run: Callable[..., Ended]

    def is_at(self, name: str, **people: tuple[str, ...]) -> None:
        """Have somebody sit there, over a file with these people more in it, or with other groups."""
        written(self.home, people, login=LOGIN, mine=name)

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.home / 'seconder.db'}")

    def sql(self, statement: str, **values: object) -> None:
        store = self.store()
        with store.transaction() as session:
            session.connection().execute(text(statement), values)
        store.close()

    def record(self) -> list[tuple[str, str, str, Json]]:
        """All lines but those about reading: action, outcome, actor, detail."""
        store = self.store()
        query = "SELECT action, outcome, actor, body FROM audit_event ORDER BY seq"
        with store.reading() as session:
            found = session.connection().execute(text(query)).all()
        assert verify_store(store.url).ok
        store.close()
        return [(action, outcome, actor, json.loads(body)["detail"]) for action, outcome, actor, body in found]

    def refusals(self) -> list[tuple[str, str]]:
        """Who was refused, and by which code."""
        return [(actor, detail["code"]) for _, outcome, actor, detail in self.record() if outcome == "denied"]

    def told(self) -> None:
        """Have the channel been told of everything, as a bot that serves does."""
        self.sql("UPDATE configuration SET announced = 1")

    def older(self, **by: float) -> None:
        """Let what waits have waited that much longer."""
        at = stamp(SystemClock().now() - timedelta(**by))
        self.sql("UPDATE configuration SET at = :at WHERE state = 'waiting'", at=at)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    home = tmp_path / "home"
    monkeypatch.setenv("SECONDER_HOME", str(home))

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["seconder", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    made = Terminal(home, run)
    made.is_at("ana")
    return made


def looser(terminal: Terminal, who: str = "ana") -> None:
    """Have the rules of before in force, and looser ones wait."""
    assert terminal.run("rules").out == "The configuration is in force.\n"
    terminal.is_at(who, cy=("dba",))
    ran = terminal.run("rules")
    assert ran.code == 0
    assert LOOSER in ran.out


def cy_is_dba() -> bool:
    with house() as opened:
        return "dba" in actor_of(opened, "cy").person.groups


def test_one_person_holds_and_two_lift(terminal: Terminal) -> None:
    held = terminal.run("hold", "main", "storage is moved")
    assert (held.code, held.out, held.err) == (0, "✋ main is on hold: storage is moved\n", "")
    assert hold_files(terminal.home) == dict.fromkeys(("db1", "db2"), "storage is moved (ana)\n")
    asked = terminal.run("lift", "main", "--json")
    assert (asked.code, asked.data["state"], asked.data["action"], asked.data["needed"]) == (0, "open", "lift", 1)
    own = terminal.run("approve", asked.data["id"], "--target", "main")
    assert own.code == 1
    assert "your approval does not count" in own.err
    terminal.is_at("ben")
    lifted = terminal.run("approve", asked.data["id"], "--target", "main")
    assert lifted.code == 0, lifted.err
    assert "succeeded" in lifted.out
    assert hold_files(terminal.home) == {}
    terminal.is_at("ana")
    assert terminal.run("lift", "main").code == 1
    assert terminal.refusals()[-1] == ("ana", "HOLD-NONE")


def test_who_is_in_no_group_may_hold_and_not_ask_for_a_lift(terminal: Terminal) -> None:
    terminal.is_at("cy")
    data = terminal.run("hold", "all", "the rack burns", "--json").data
    assert (data["hold"]["scope"], data["hold"]["person"], data["hold"]["reason"]) == ("all", "cy", "the rack burns")
    assert set(hold_files(terminal.home)) == {"db1", "db2", "mx1"}
    refused = terminal.run("lift", "all", "--json")
    assert refused.code == 1
    assert refused.data["refused"]["code"] == "NOT-YOURS-TO-ASK"


def test_nothing_is_asked_for_while_it_is_held(terminal: Terminal) -> None:
    terminal.run("hold", "main", "storage is moved")
    again = terminal.run("hold", "main", "me too")
    assert (again.code, again.out) == (1, "")
    assert "main is on hold already, by ana: storage is moved" in again.err


def test_a_node_without_the_file_is_named_and_the_hold_stands(terminal: Terminal) -> None:
    (terminal.home / "db2").write_text("where the folder should be")
    held = terminal.run("hold", "main", "storage is moved")
    assert held.code == 0
    assert held.err.startswith("🟡 main/db2: ")
    assert "on hold" in held.out


@pytest.mark.parametrize(
    "reason",
    ['the "big" disk\'s gone', "a\\b", "$(reboot) `id`", "two  blanks", "smart \u201cquotes\u201d", "line\nline"],
)
def test_a_reason_is_kept_as_it_was_given(terminal: Terminal, reason: str) -> None:
    assert terminal.run("hold", "main", reason).code == 0
    plain = reason.replace("\u201c", '"').replace("\u201d", '"')
    assert set(hold_files(terminal.home).values()) == {f"{plain} (ana)\n"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hold", "main mail", "why"), "There is no cluster"),
        (("hold", "mian", "why"), "Nearest: `hold main why`"),
        (("hold", "main"), "Missing argument"),
        (("hold", "main", "--at"), "No such option"),
        (("hold", "main", "--", "--at"), "--at wants a value"),
        (("lift", "mian"), "Nearest: `lift main`"),
        (("lift", "main mail"), "There is no cluster"),
        (("review", "r-1", "good"), "Was it fine or not-fine?"),
        (("hold", "main", "x" * 700), "a command has at most 600"),
    ],
)
def test_what_is_mistyped_is_a_usage_error_and_changes_nothing(
    terminal: Terminal, words: tuple[str, ...], said: str
) -> None:
    ran = terminal.run(*words)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())
    assert hold_files(terminal.home) == {}


@pytest.mark.parametrize(
    "words",
    [("hold", "main", "why"), ("lift", "main"), ("rules",), ("rules", "--alone", "x"), ("review", "r-1", "fine")],
)
def test_a_login_that_is_nobody_s_does_nothing(terminal: Terminal, words: tuple[str, ...]) -> None:
    terminal.is_at("nobody")
    ran = terminal.run(*words)
    assert ran.code == 1
    assert f"The login {LOGIN} belongs to nobody in the roster" in ran.err
    assert terminal.refusals() == [(f"login:{LOGIN}", "WHO-UNKNOWN")]
    assert hold_files(terminal.home) == {}


def test_rules_that_are_in_force_are_said_to_be(terminal: Terminal) -> None:
    assert terminal.run("rules").out == "The configuration is in force.\n"
    data = terminal.run("rules", "--json").data
    assert (len(data["in_force"]), data["waiting"]) == (64, None)
    for words in (("--ask",), ("--alone", "nobody is left")):
        ran = terminal.run("rules", *words)
        assert ran.code == 1
        assert "in force already" in ran.err


def test_looser_rules_wait_and_are_listed(terminal: Terminal) -> None:
    looser(terminal)
    data = terminal.run("rules", "--json").data
    assert data["waiting"]["looser"] == [LOOSER]
    assert data["waiting"]["hash"] != data["in_force"]
    assert not cy_is_dba()


def test_a_file_that_was_put_back_waits_for_nothing(terminal: Terminal) -> None:
    looser(terminal)
    terminal.is_at("ana")
    assert terminal.run("rules").out == "The configuration is in force.\n"


def test_looser_rules_are_put_in_force_by_two(terminal: Terminal) -> None:
    looser(terminal)
    asked = terminal.run("rules", "--ask", "--json")
    assert (asked.code, asked.data["state"], asked.data["action"]) == (0, "open", "rules")
    assert terminal.run("approve", asked.data["id"], "--target", "rules").code == 1
    with house() as opened:  # the file must stay as it is: who is at the terminal stands in it as well
        opened.gate.vote(actor_of(opened, "ben"), asked.data["id"], Verdict.APPROVE, typed=Typed("rules"))
        (grant,) = opened.ending.claimable()
        opened.runner.start(grant)
    assert cy_is_dba()


def test_alone_is_refused_before_the_channel_was_told(terminal: Terminal) -> None:
    looser(terminal)
    terminal.older(hours=48)
    ran = terminal.run("rules", "--alone", "ben has left")
    assert ran.code == 1
    assert "The channel has not been told of it yet" in ran.err
    assert terminal.refusals() == [("ana", "RULES-ALONE")]
    assert not cy_is_dba()


def test_alone_is_refused_within_the_first_day(terminal: Terminal) -> None:
    looser(terminal)
    terminal.told()
    for hours in (0.0, 23.9):
        terminal.older(hours=hours)
        ran = terminal.run("rules", "--alone", "ben has left", "--json")
        assert ran.code == 1
        assert ran.data["refused"]["code"] == "RULES-ALONE"
        assert "24 hours later" in ran.err
    assert not cy_is_dba()
    assert terminal.refusals() == [("ana", "RULES-ALONE")] * 2


def test_after_a_day_one_person_puts_them_in_force_and_it_stands_in_the_record(terminal: Terminal) -> None:
    looser(terminal)
    terminal.told()
    terminal.older(hours=24.1)
    ran = terminal.run("rules", "--alone", "ben has left")
    assert (ran.code, ran.out) == (0, "The configuration is in force.\n")
    assert cy_is_dba()
    action, outcome, actor, detail = terminal.record()[-1]
    assert (action, outcome, actor) == ("config.changed", "success", "ana")
    assert (detail["alone"], detail["reason"], detail["account"]) == (True, "ben has left", f"login:{LOGIN}")
    assert detail["looser"] == [LOOSER]


def test_alone_is_for_who_may_ask_for_it_and_says_why(terminal: Terminal) -> None:
    looser(terminal, "cy")
    terminal.told()
    terminal.older(hours=48)
    assert "cy may not ask for this" in terminal.run("rules", "--alone", "I want it").err
    assert terminal.refusals() == [("cy", "NOT-YOURS-TO-ASK")]
    assert not cy_is_dba()


def test_alone_without_a_reason_is_refused(terminal: Terminal) -> None:
    looser(terminal)
    terminal.told()
    terminal.older(hours=48)
    ran = terminal.run("rules", "--alone", "  ")
    assert ran.code == 1
    assert "says why" in ran.err
    assert not cy_is_dba()


def test_another_file_begins_another_day(terminal: Terminal) -> None:
    looser(terminal)
    terminal.told()
    terminal.older(hours=48)
    terminal.is_at("ana", cy=("dba",), eve=("dba",))
    ran = terminal.run("rules", "--alone", "ben has left")
    assert ran.code == 1
    assert "has not been told of it yet" in ran.err
    assert not cy_is_dba()


def run_alone() -> str:
    """Have ana ask for something in an emergency."""
    with house() as opened:
        wish = Wish("the disk dies", emergency=True)
        made = opened.gate.open(actor_of(opened, "ana"), a_plan(), origin="cli", channel="ops", wish=wish)
    assert isinstance(made, Request), made
    return made.id


def test_somebody_else_looks_at_what_was_run_alone(terminal: Terminal) -> None:
    request = run_alone()
    own = terminal.run("review", request, "fine")
    assert own.code == 1
    assert "somebody else has to look at it" in own.err
    terminal.is_at("ben")
    assert "Say what was not fine" in terminal.run("review", request, "not-fine").err
    looked = terminal.run("review", request, "not-fine", "--note", 'call me "first"')
    assert (looked.code, looked.out) == (0, f"Noted: you looked at {request}.\n")
    assert terminal.record()[-1][3]["reason"] == 'call me "first"'
    assert "ben has looked at this already" in terminal.run("review", request, "fine").err


def test_a_program_reads_what_became_of_a_review(terminal: Terminal) -> None:
    request = run_alone()
    terminal.is_at("ben")
    assert terminal.run("review", request, "fine", "--json").data["id"] == request
    again = terminal.run("review", request, "fine", "--json")
    assert (again.code, again.data["refused"]["code"]) == (1, "REVIEWED")


def test_a_review_of_nothing_is_refused(terminal: Terminal) -> None:
    ran = terminal.run("review", "r-none", "fine")
    assert ran.code == 1
    assert "r-none" in ran.err
