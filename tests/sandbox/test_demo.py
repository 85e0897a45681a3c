import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from sandbox.demo import default_home
from sandbox.running import wait_for
from sandbox.written import acknowledged, lost
from tests.fixtures.bare_demo import QUIET, ROOT, Demo, demo, processes_below

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo") / "home") as running:
        yield running.up()


def test_demo_json_says_everything_that_programs_rely_on(shared: Demo) -> None:
    facts = shared.facts
    assert {
        "url", "pid", "channel", "cluster", "nodes", "rw_dsn", "people", "store", "servers", "writer_log", "bot_pid",
        "cli", "env",
    } == set(facts)  # fmt: skip
    assert (facts["channel"], facts["cluster"], facts["pid"]) == ("ops", "main", shared.process.pid)
    assert {name: node["role_at_start"] for name, node in facts["nodes"].items()} == {
        "db1": "primary",
        "db2": "standby",
        "db3": "standby",
    }
    assert facts["people"]["ana"] == {"slack": "U0ANA", "groups": ["dba"], "kind": "member"}
    assert facts["people"]["gil"]["kind"] == "guest"


def test_only_we_can_read_demo_json(shared: Demo) -> None:
    assert (shared.home / "demo.json").stat().st_mode & 0o777 == 0o600


def test_every_address_in_demo_json_works(shared: Demo) -> None:
    facts = shared.facts
    for name, node in facts["nodes"].items():
        with psycopg.connect(node["dsn"]) as connection:
            assert connection.execute("SHOW cluster_name").fetchone() == (name,)
        assert psutil.Process(node["pid"]).name() == "postgres"
        assert Path(node["data"]).is_relative_to(facts["servers"])
    with psycopg.connect(facts["rw_dsn"]) as connection:
        assert connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)


def test_the_bots_variables_lead_into_the_demos_world(shared: Demo) -> None:
    facts = shared.facts
    assert facts["env"]["SLACK_API_URL"] == f"{facts['url']}/api/"
    assert facts["env"]["SECONDER_STORE"] == facts["store"] == f"sqlite:///{shared.home}/seconder.db"
    configuration = tomllib.loads(Path(facts["env"]["SECONDER_CONFIG"]).read_text())
    nodes = configuration["clusters"]["main"]["nodes"]
    assert {name: (node["host"], node["data"]) for name, node in nodes.items()} == {
        name: ("local", node["data"]) for name, node in facts["nodes"].items()
    }
    assert ("run_as" in nodes["db1"]) == (os.geteuid() == 0)


def test_the_writer_writes_and_nothing_is_missing(shared: Demo) -> None:
    log = Path(shared.facts["writer_log"])
    wait_for(lambda: len(list(acknowledged(log))) > 50, 20, "fifty rows")
    assert lost(shared.facts["rw_dsn"], log) == 0


def test_the_page_shows_the_world(shared: Demo) -> None:
    state = shared.ask("/demo/state")
    assert [node["role"] for node in state["nodes"]] == ["primary", "standby", "standby"]
    assert state["bot"] == {"alive": True, "pid": shared.facts["bot_pid"]}
    assert state["writer"]["writing_to"] == "db1"


def test_a_killed_bot_comes_back_and_demo_json_follows(shared: Demo) -> None:
    before = shared.facts["bot_pid"]
    assert shared.ask("/demo/trouble", {"kind": "restart-bot"})["ok"]
    wait_for(lambda: shared.facts["bot_pid"] not in {None, before}, 10, "the next bot")
    assert psutil.Process(shared.facts["bot_pid"]).is_running()


def test_a_second_demo_says_where_the_first_one_is_and_ends_with_2(shared: Demo) -> None:
    environment = {**os.environ, "SECONDER_HOME": str(shared.home), "SECONDER_DEMO_BOT": QUIET}
    second = subprocess.run(
        [sys.executable, "-m", "sandbox"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert f"already running in {shared.home} at {shared.facts['url']} (pid {shared.process.pid})" in second.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_any_of_the_three_signals_ends_everything(tmp_path: Path, number: signal.Signals) -> None:
    home = tmp_path / "home"
    with demo(home) as running:
        servers = Path(running.up().facts["servers"])
        code, said = running.end(number)
        assert code == 0
        assert "/db status main" in said
        assert processes_below(home, servers) == []
        assert (home / "servers" / "db1" / "data").is_dir()
        assert servers.is_relative_to(home) or not servers.exists()
        assert not (home / "demo.json").exists()


@pytest.mark.parametrize("after", [0.6, 1.0, 1.5, 2.2])
def test_a_signal_ends_everything_while_it_comes_up_too(tmp_path: Path, after: float) -> None:
    home = tmp_path / "home"
    with demo(home) as running:
        wait_for((home / "world.json").exists, 30, "the first note")
        servers = json.loads((home / "world.json").read_text())["servers"]
        time.sleep(after - 0.5)
        code, _ = running.end(signal.SIGINT)
        assert code == 0
        assert processes_below(home, Path(servers)) == []


def test_what_a_killed_demo_left_is_ended_by_the_next_one(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with demo(home) as first:
        facts = first.up().facts
        first.process.kill()
        first.process.communicate()
        assert processes_below(Path(facts["servers"])) != []  # the servers live on: nobody holds them on a leash
        with demo(home) as second:
            second.up()
            assert all(not psutil.pid_exists(node["pid"]) for node in facts["nodes"].values())
            assert second.end()[0] == 0


def test_a_taken_port_picks_another(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(tmp_path / "home", "--port", str(port)) as running:
            assert running.up().facts["url"] != f"http://127.0.0.1:{port}"


def test_a_bot_that_can_not_live_is_shown_with_its_log(tmp_path: Path) -> None:
    with demo(tmp_path / "home", bot=f"{QUIET} die") as running:
        running.up()
        code, said = running.end()
    assert code == 0
    assert "this bot can't live" in said


def test_a_tour_that_can_not_begin_ends_with_one_line_of_json_and_1(tmp_path: Path) -> None:
    (tmp_path / "seconder.db").touch()
    with demo(tmp_path, "--tour") as running:
        said, _ = running.process.communicate(timeout=30)
        (tmp_path / "seconder.db").unlink()
    assert running.process.returncode == 1
    assert '{"ok": false, "failed": "' in said.splitlines()[-1]


def test_the_default_home_is_in_the_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert default_home() == ROOT / ".seconder"
    monkeypatch.setenv("SECONDER_HOME", str(tmp_path))
    assert default_home() == tmp_path
