import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster import DemoCluster
from sandbox.trouble import Trouble, to_try
from tests.fixtures.postgres import cluster

__all__ = ["cluster"]


@pytest.fixture
def trouble(cluster: DemoCluster, tmp_path: Path) -> Trouble:
    return Trouble(cluster, tmp_path / "writer.json")


def nodes(trouble: Trouble) -> dict[str, Any]:
    time.sleep(0.5)  # what was seen is shown for so long
    found: Any = trouble.state()["nodes"]
    return {node["name"]: (node["role"], node["alive"], node["frozen"]) for node in found}


@pytest.mark.postgres
def test_the_panel_shows_the_world(trouble: Trouble, tmp_path: Path) -> None:
    (tmp_path / "writer.json").write_text('{"rows": 7, "writing_to": "db1"}')
    state: Any = trouble.state()
    assert state["writer"] == {
        "rows": 7,
        "longest_gap_s": 0.0,
        "gap_now_s": 0.0,
        "writing_to": "db1",
        "last_error": None,
    }
    assert [set(node) for node in state["nodes"]] == [{"name", "port", "alive", "frozen", "role"}] * 3
    assert state["bot"] == {"alive": False, "pid": None}
    assert state["try"] == ["/db status main", "/db backup main", "/db promote main db2"]


@pytest.mark.postgres
def test_a_killed_primary_can_be_started_again_while_nobody_took_its_place(trouble: Trouble) -> None:
    assert trouble.trouble("kill-primary") == {"ok": True, "said": "db1 is dead (SIGKILL). Nobody takes writes now."}
    assert nodes(trouble)["db1"] == ("down", False, False)
    assert not trouble.trouble("kill-primary")["ok"]
    assert trouble.trouble("start-node") == {"ok": True, "said": "db1 was started as it was."}
    assert nodes(trouble)["db1"] == ("primary", True, False)


@pytest.mark.postgres
def test_a_killed_primary_is_not_started_beside_its_successor(trouble: Trouble, cluster: DemoCluster) -> None:
    trouble.trouble("kill-primary")
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote()")
    cluster.freeze("db2")  # it can't be asked, and still is the primary
    answer = trouble.trouble("start-node")
    assert not answer["ok"]
    assert "db1 was a primary and db2 is one now" in str(answer["said"])
    assert not cluster.alive("db1")


@pytest.mark.postgres
def test_a_standby_freezes_and_thaws(trouble: Trouble) -> None:
    assert trouble.trouble("freeze-standby")["ok"]
    assert nodes(trouble)["db2"] == ("unknown", True, True)
    refused = trouble.trouble("change-cluster")
    assert (refused["ok"], "All nodes have to run" in str(refused["said"])) == (False, True)
    assert trouble.trouble("thaw-standby")["ok"]
    assert nodes(trouble)["db2"] == ("standby", True, False)
    assert not trouble.trouble("thaw-standby")["ok"]


@pytest.mark.postgres
def test_changing_the_cluster_moves_the_primary(trouble: Trouble, cluster: DemoCluster) -> None:
    assert trouble.trouble("change-cluster") == {
        "ok": True,
        "said": "Somebody switched from db1 to db3 by hand. A plan approved before no longer holds.",
    }
    assert cluster.primary() == "db3"


@pytest.mark.postgres
def test_what_is_not_possible_is_a_sentence(trouble: Trouble) -> None:
    assert not trouble.trouble("restart-bot")["ok"]
    assert not trouble.trouble("start-node")["ok"]
    assert "There is no trouble called earthquake" in str(trouble.trouble("earthquake")["said"])


def test_the_commands_to_try_follow_what_is_wrong() -> None:
    world: list[dict[str, object]] = [
        {"name": "db1", "role": "down", "alive": False},
        {"name": "db2", "role": "primary", "alive": True},
        {"name": "db3", "role": "standby", "alive": True},
    ]
    assert to_try(world) == ["/db status main", "/db resync main db1", "/db promote main db3"]
