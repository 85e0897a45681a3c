import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from sandbox.errors import SandboxError
from sandbox.home import Busy, hold


def a_sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def test_only_one_demo_holds_a_folder(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(Busy, match="already running"), hold(tmp_path):
        pass


def test_a_second_one_is_told_where_the_first_one_is(tmp_path: Path) -> None:
    with hold(tmp_path) as home:
        home.demo_json.write_text(json.dumps({"url": "http://127.0.0.1:8700", "pid": 41}))
        with pytest.raises(Busy, match=r"http://127.0.0.1:8700 \(pid 41\)"), hold(tmp_path):
            pass


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path / "home"):
            pass


def test_a_real_bots_home_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "seconder.db").touch()
    with pytest.raises(SandboxError, match="no demo"), hold(tmp_path):
        pass


def test_each_start_begins_anew_and_keeps_only_the_last_world(tmp_path: Path) -> None:
    for world in ("first", "second", "third"):
        with hold(tmp_path) as home:
            home.begin_anew()
            (tmp_path / "seconder.db").write_text(world)
    assert (tmp_path / "previous" / "seconder.db").read_text() == "second"
    assert not (tmp_path / "previous" / "previous").exists()


def test_files_that_no_demo_made_are_never_moved_or_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    (tmp_path / "bench.json").touch()
    for _ in range(3):
        with hold(tmp_path) as home:
            home.begin_anew()
    with hold(tmp_path) as home:
        home.delete()
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.txt", "bench.json"}


def test_a_server_folder_elsewhere_comes_home_when_its_servers_have_ended(tmp_path: Path) -> None:
    away = Path(tempfile.mkdtemp(prefix="seconder-", dir=tmp_path))
    (away / "db1").mkdir()
    (away / "programs").mkdir()
    with hold(tmp_path / "home") as home:
        home.note(servers=away)
    with hold(tmp_path / "home") as home:
        home.end_leftovers()
    assert not away.exists()
    assert [path.name for path in (tmp_path / "home" / "servers").iterdir()] == ["db1"]


def test_a_server_folder_elsewhere_goes_with_the_world_before_the_last(tmp_path: Path) -> None:
    away = Path(tempfile.mkdtemp(prefix="seconder-", dir=tmp_path))
    there = []
    for n in range(3):
        with hold(tmp_path / "home") as home:
            home.begin_anew()
            if n == 0:
                home.note(servers=away)
        there.append(away.exists())
    assert there == [True, True, False]


def test_what_a_dead_demo_left_running_is_ended(tmp_path: Path) -> None:
    sleeper = a_sleeper()
    with hold(tmp_path) as home:
        home.note(process=psutil.Process(sleeper.pid))
    with hold(tmp_path) as home:
        home.end_leftovers()
    assert sleeper.wait(5) == -9


def test_a_process_that_only_has_the_same_number_is_left_alone(tmp_path: Path) -> None:
    sleeper = a_sleeper()
    with hold(tmp_path) as home:
        home.note(process=psutil.Process(sleeper.pid))
        world = json.loads((tmp_path / "world.json").read_text())
        world["processes"][0]["started"] -= 100
        (tmp_path / "world.json").write_text(json.dumps(world))
        home.end_leftovers()
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


@pytest.mark.parametrize("content", ["", "no JSON", "[]", '{"processes": 7}', '{"processes": [{"pid": "x"}]}'])
def test_a_broken_record_of_the_last_world_stops_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "world.json").write_text(content)
    with hold(tmp_path) as home:
        home.end_leftovers()
        home.begin_anew()
