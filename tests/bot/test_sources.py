"""What a plan was made with is part of what people agree to: code, templates, the script on hosts, the inventory."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from actions import promote, status
from approvals.model import Request, State
from bot import sources
from bot.carrier import ActionCarrier
from bot.sites import Sites
from core.facts import Fact, drift
from fleet.inventory import Cluster, Node
from runs.runner import Runner
from tests.fixtures.house import a_plan
from tests.fixtures.small import actor_of, small_house, with_keep
from tests.gate.conftest import scene
from tests.gate.scene import Scene

__all__ = ["scene"]

DB1 = Node("db1", "db1.example.org", "seconder", "", 5432, "/data", "/bin", "", "seconder", "postgres", "/work")
CLUSTER = Cluster("main", "postgres", "ops", {"db1": DB1})


COPIED = ("fleet/seconder-job", "config/templates/by_hand.j2", "actions/promote.py", "fleet/postgres/sql/node.sql")


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout that a test may change."""
    for name in COPIED:
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


def test_19_what_looks_at_a_node_is_code_too(copied: Path) -> None:
    before = now()
    changes = drift(before, now(restarted_with(copied / "fleet" / "postgres" / "sql" / "node.sql")))
    assert [(change.name, change.subject) for change in changes] == [("code", "promote")]


@pytest.mark.parametrize(
    "changed",
    [
        replace(DB1, port=5433),
        replace(DB1, data="/data2"),
        replace(DB1, run_as="root"),
        replace(DB1, work="/elsewhere"),
        replace(DB1, service="postgresql"),
    ],
    ids=lambda node: ",".join(key for key, value in vars(node).items() if value != getattr(DB1, key)),
)
def test_19_any_line_of_the_inventory_counts(changed: Node) -> None:
    changes = drift(now(), now(replace(CLUSTER, nodes={"db1": changed})))
    assert [(change.name, change.subject) for change in changes] == [("inventory", "main")]


def test_19_another_node_is_another_inventory() -> None:
    more = replace(CLUSTER, nodes={"db1": DB1, "db2": replace(DB1, name="db2", host="db2.example.org")})
    assert [change.name for change in drift(now(), now(more))] == ["inventory"]


def test_19_another_cluster_s_inventory_voids_nothing() -> None:
    other = replace(CLUSTER, name="mail")
    assert {fact.subject for fact in now(other)} - {fact.subject for fact in now()} == {"mail"}
    assert now()[1:] == now(other)[1:]


def test_19_a_node_s_other_address_after_a_restart_starts_nothing(tmp_path: Path) -> None:
    house = with_keep(small_house(tmp_path / "home"))
    words = house.road.read_words("ana", "keep main")
    request = house.road.go(actor_of(house, "ana"), words, origin="test")
    assert isinstance(request, Request)
    main = house.sites.clusters["main"]
    moved = replace(main, nodes={**main.nodes, "db2": replace(main.nodes["db2"], host="db9.example.org")})
    sites = Sites({"main": moved}, tmp_path / "known_hosts")
    (grant,) = house.ending.claimable()
    Runner(house.journal, ActionCarrier(house.road.catalogue, sites, house.texts)).start(grant)
    found = house.gate.find(request.id)
    assert found is not None
    assert found.state is State.OUTDATED
    assert [line.split(":")[0] for line in found.changes] == ["inventory of main"]
    house.close()


def test_19_the_facts_are_part_of_what_is_signed() -> None:
    plan = a_plan()
    hashes = {replace(plan, facts=(*plan.facts, *facts)).plan_hash for facts in ((), now(), now()[1:])}
    assert len(hashes) == 3


def test_each_action_has_its_own_line() -> None:
    assert {fact.subject for fact in sources.facts(status.ACTION, CLUSTER) if fact.name == "code"} == {"status"}
