"""No step of what changes anything is reachable without a grant, wherever it comes from."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from actions.contract import Action, StepCode
from approvals.inforce.book import ConfigurationBook
from approvals.model import Request, State
from bot.carrier import ActionCarrier, Carriers, made_plan
from bot.chores import Chores
from bot.road import Road
from bot.settings_rules import rules_of
from bot.sites import Sites
from bot.texts import Texts
from bot.words import Unclear
from core.errors import StepFailed
from core.grant import Grant
from core.outcome import Evidence, Probe
from core.plan import Kind, Lock, Plan, Risk, Step
from core.spec import Spec
from fleet.inventory import Cluster
from runs.journal import Journal
from runs.runner import Runner
from runs.schedules.slots import Daily
from runs.schedules.ticking import Ticks
from tests.gate.scene import Scene, code

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "audit", "fleet", "approvals", "runs", "actions", "bot")


def calls(room: str) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield str(path.relative_to(ROOT)), node


def callers(matches: Callable[[ast.Call], bool]) -> set[str]:
    return {path for room in ROOMS for path, node in calls(room) if matches(node)}


def method(name: str) -> Callable[[ast.Call], bool]:
    return lambda node: isinstance(node.func, ast.Attribute) and node.func.attr == name


def named(name: str) -> Callable[[ast.Call], bool]:
    return lambda node: isinstance(node.func, ast.Name) and node.func.id == name


def test_only_a_run_carries_steps_out() -> None:
    handing_on = "bot/carrier.py"  # from the runs' port to an action's own function
    assert callers(method("do")) == {"runs/runner.py", handing_on}


def test_a_run_begins_only_where_a_grant_is_redeemed() -> None:
    source = (ROOT / "runs" / "journal.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    inserting = [
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "rows.insert"
    ]
    assert inserting == ["_begin"]
    (begin,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "_begin"]
    first, second = begin.body[:2]
    assert "self.book.redeem" in ast.unparse(first)
    assert ast.unparse(second).startswith("if isinstance(request, Refusal):\n    return request")
    elsewhere = callers(lambda node: ast.unparse(node.func) in {"runs.insert", "RunRow", "_RUN.insert"})
    assert elsewhere == {"runs/store.py"}


def test_a_grant_is_made_in_one_place() -> None:
    made = callers(named("Grant"))
    assert made == {"approvals/moves.py", "approvals/store.py"}
    assert callers(named("GrantRow")) == {"approvals/store.py"}


def test_29_nothing_listens_for_requests_over_http() -> None:
    """Must-pass case 29: there is no signature to forge, because there is no door for it."""
    imported = {
        name
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names(node)
    }
    assert {name for name in imported if name.startswith("slack_bolt.adapter")} == {"slack_bolt.adapter.socket_mode"}
    assert not {
        name for name in imported if name.split(".")[0] in {"flask", "starlette", "uvicorn"} or name == "http.server"
    }


def _names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module


class Plugin:
    """An action of another package: what it does is counted."""

    def __init__(self, risk: Risk, says: Risk) -> None:
        self.done: list[str] = []
        self.plan_risk = risk
        spec = Spec("wipe", "postgres", "Wipe it", says, Lock.CLUSTER, 60, 1)
        steps = {"wipe": StepCode(lambda _at, _args: self._wipe(), lambda _at, _args: Probe.NOT_DONE)}
        self.action = Action(
            spec=spec,
            asked=lambda cluster: {"cluster": cluster},
            look=lambda asked, _site: asked,
            refuse=lambda _asked, _found: None,
            plan=lambda asked, _found: self._plan(asked),
            steps=steps,
        )

    def _wipe(self) -> Evidence:
        self.done.append("wipe")
        return Evidence("gone")

    def _plan(self, asked: dict[str, str]) -> Plan:
        step = Step("wipe", {}, "wipe main", Kind.PROBE, 5)
        return Plan("wipe", 1, "main", "main", "Wipe main", self.plan_risk, asked, (), (step,))


def road_of(scene: Scene, plugin: Plugin, tmp_path: Path) -> tuple[Road, Runner]:
    sites = Sites({"main": Cluster("main", "postgres", "ops", {}, (), "", "")}, tmp_path / "known_hosts")
    catalogue = {"wipe": plugin.action}
    own = Chores(scene.holds, ConfigurationBook(scene.store, scene.clock, rules_of), sites)
    carrier = Carriers(own, ActionCarrier(catalogue, sites, Texts()))
    runner = Runner(Journal(scene.store, scene.book, scene.clock, "bot-1"), carrier)
    return Road(scene.store, scene.gate, catalogue, sites, scene.clock), runner


def test_a_plugins_destructive_action_waits_for_two_people(scene: Scene, tmp_path: Path) -> None:
    plugin = Plugin(Risk.DESTRUCTIVE, Risk.DESTRUCTIVE)
    road, runner = road_of(scene, plugin, tmp_path)
    made = road.go(scene.actor("ana"), road.read_words("ana", "wipe main"), origin="test")
    assert isinstance(made, Request)
    assert (made.state, scene.ending.claimable(), plugin.done) == (State.OPEN, [], [])
    assert code(runner.start(Grant(made.id, made.plan_hash, "made up"))) == "GRANT-INVALID"
    assert plugin.done == []


def test_an_approved_plugin_runs_once(scene: Scene, tmp_path: Path) -> None:
    plugin = Plugin(Risk.CHANGE, Risk.CHANGE)
    road, runner = road_of(scene, plugin, tmp_path)
    made = road.go(scene.actor("ana"), road.read_words("ana", "wipe main"), origin="test")
    assert isinstance(made, Request)
    (grant,) = scene.ending.claimable()
    runner.start(grant)
    assert (scene.state(made.id), plugin.done) == (State.SUCCEEDED, ["wipe"])


@pytest.mark.parametrize(
    ("risk", "says"),
    [(Risk.READ, Risk.DESTRUCTIVE), (Risk.CHANGE, Risk.DESTRUCTIVE), (Risk.DESTRUCTIVE, Risk.CHANGE)],
)
def test_a_plan_of_another_risk_than_the_action_says_is_refused(
    scene: Scene, tmp_path: Path, risk: Risk, says: Risk
) -> None:
    plugin = Plugin(risk, says)
    road, _ = road_of(scene, plugin, tmp_path)
    with pytest.raises(StepFailed, match="another risk"):
        made_plan(plugin.action, {"cluster": "main"}, road.sites, "main")
    assert code(road.go(scene.actor("ana"), road.read_words("ana", "wipe main"), origin="test")) == "STEP-FAILED"
    assert scene.gate.listed() == []


def test_what_says_that_it_only_looks_gets_no_grant(scene: Scene) -> None:
    assert code(scene.asks("ana", replace(scene.world.plan, risk=Risk.READ))) == "PLAN-RISK"
    assert scene.ending.claimable() == []


def test_a_command_that_is_repaired_keeps_its_time(scene: Scene, tmp_path: Path) -> None:
    road, _ = road_of(scene, Plugin(Risk.CHANGE, Risk.CHANGE), tmp_path)
    with pytest.raises(Unclear) as unclear:
        road.read_words("ana", "wype main --at 2026-03-02T03:00")
    assert unclear.value.nearest == "wipe main --at 2026-03-02T03:00Z"


def test_a_schedule_that_asks_gets_a_request_that_waits(scene: Scene, tmp_path: Path) -> None:
    plugin = Plugin(Risk.DESTRUCTIVE, Risk.DESTRUCTIVE)
    road, _ = road_of(scene, plugin, tmp_path)
    words = road.read_words("ana", "wipe main")

    def ask(_slot: str) -> None:
        road.go(scene.actor("ana"), words, origin="schedule")

    nightly = Daily("wipe", time(3, 30), ZoneInfo("UTC"), ask)
    scene.clock.forward(3600)
    for _ in range(3):
        scene.clock.forward(86400)
        Ticks(scene.store, scene.clock, "bot-1").look([nightly])
    assert [request.state for request in scene.gate.listed()] == [State.OPEN] * 2  # the first slot only starts to count
    assert (scene.ending.claimable(), plugin.done) == ([], [])


def test_asking_again_for_what_ended_opens_a_request_and_runs_nothing(scene: Scene, tmp_path: Path) -> None:
    plugin = Plugin(Risk.DESTRUCTIVE, Risk.DESTRUCTIVE)
    road, _ = road_of(scene, plugin, tmp_path)
    first = road.go(scene.actor("ana"), road.read_words("ana", "wipe main"), origin="test")
    assert isinstance(first, Request)
    scene.rejects("ben", first.id)
    again = road.go(scene.actor("ana"), road.read_words("ana", "wipe main"), origin="test")
    assert isinstance(again, Request)
    assert (again.state, again.votes, plugin.done) == (State.OPEN, (), [])
