"""What a plan was made with is part of what people agree to: code, templates, the script on hosts, the inventory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from actions import promote, status
from approvals.model import State
from bot import sources
from core.facts import Fact
from fleet.inventory import Cluster, Node
from tests.gate.conftest import scene
from tests.gate.scene import Scene

__all__ = ["scene"]

DB1 = Node("db1", "db1.example.org", "seconder", "", 5432, "/data", "/bin", "", "seconder", "postgres", "/work")
CLUSTER = Cluster("main", "postgres", "ops", {"db1": DB1})


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that a test may change."""
    for name in ("fleet/seconder-job", "config/templates/by_hand.j2", "actions/promote.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((sources._ROOT / name).read_bytes())
    monkeypatch.setattr(sources, "_ROOT", tmp_path)
    sources._of_code.cache_clear()
    return tmp_path


def now(cluster: Cluster = CLUSTER) -> tuple[Fact, ...]:
    return sources.facts(promote.ACTION, cluster)


def appended(path: Path) -> Cluster:
    path.write_text(path.read_text() + "\n# another line\n")
    return CLUSTER


def restarted_with(path: Path) -> Cluster:
    appended(path)
    sources._of_code.cache_clear()
    return CLUSTER


CHANGES: dict[str, Callable[[Path], Cluster]] = {
    "script": lambda root: appended(root / "fleet" / "seconder-job"),
    "templates": lambda root: appended(root / "config" / "templates" / "by_hand.j2"),
    "code": lambda root: restarted_with(root / "actions" / "promote.py"),
    "inventory": lambda _root: replace(CLUSTER, nodes={"db1": replace(DB1, host="db9.example.org")}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_19_what_is_changed_between_asking_and_starting_voids_consent(copied: Path, scene: Scene, name: str) -> None:
    before = now()
    plan = replace(scene.world.plan, facts=(*scene.world.plan.facts, *before))
    request = scene.asked("ana", plan)
    scene.approves("ben", request)
    after = now(CHANGES[name](copied))
    assert [fact.name for fact, was in zip(after, before, strict=True) if fact != was] == [name]
    scene.world.again = replace(scene.world.plan, facts=(*scene.world.plan.facts, *after))
    scene.runner().start(scene.ending.claimable()[0])
    found = scene.gate.find(request)
    assert found is not None
    assert (found.state, scene.world.effects) == (State.OUTDATED, [])
    assert found.changes[0].startswith(f"{name} of ")


def test_nothing_changes_by_itself(copied: Path) -> None:
    assert copied.is_dir()
    assert now() == now()
    assert all(fact.budget is None for fact in now())


def test_code_that_was_changed_under_a_running_bot_is_not_what_runs(copied: Path) -> None:
    before = now()
    appended(copied / "actions" / "promote.py")
    assert now() == before


def test_each_action_has_its_own_line() -> None:
    assert {fact.subject for fact in sources.facts(status.ACTION, CLUSTER) if fact.name == "code"} == {"status"}
