import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from sandbox.child import Child
from sandbox.running import wait_for
from tests.fixtures.programs import gone

SLEEPER = (sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)")
ROOT = Path(__file__).resolve().parents[2]


def a_child(tmp_path: Path, argv: tuple[str, ...]) -> tuple[Child, list[int]]:
    pids: list[int] = []
    return Child("test", argv, os.environ, tmp_path / "log", lambda process: pids.append(process.pid)), pids


def tended(child: Child, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not child.gave_up:
        child.tend()
        time.sleep(0.02)


def test_a_child_that_crashes_is_started_again(tmp_path: Path) -> None:
    child, pids = a_child(tmp_path, SLEEPER)
    child.start()
    assert child.crash()
    assert not psutil.pid_exists(pids[0])
    tended(child, 0.5)
    assert child.pid == pids[1] != pids[0]
    child.stop(2)


def test_a_child_that_keeps_ending_is_given_up_after_growing_pauses(tmp_path: Path) -> None:
    child, pids = a_child(tmp_path, (sys.executable, "-c", "raise SystemExit('I can not')"))
    child.start()
    tended(child, 1.2)
    assert 2 <= len(pids) <= 4
    assert "I can not" in child.last_words()
    child.stop(1)


def test_a_child_that_was_stopped_stays_stopped(tmp_path: Path) -> None:
    child, pids = a_child(tmp_path, SLEEPER)
    child.start()
    child.stop(2)
    tended(child, 0.4)
    assert len(pids) == 1
    assert not psutil.pid_exists(pids[0])


def test_a_child_that_ignores_the_request_to_end_is_made_to(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child, _ = a_child(tmp_path, (sys.executable, "-c", deaf))
    child.start()
    wait_for(lambda: "deaf" in child.last_words(), 10, "the child")
    began = time.monotonic()
    child.stop(0.3)
    assert time.monotonic() - began < 3
    assert child.pid is None


def test_a_child_dies_with_its_parent_however_that_one_dies(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from sandbox.child import Child\n"
        "def started(process): print(process.pid, flush=True)\n"
        f"child = Child('x', {SLEEPER!r}, os.environ, Path({str(tmp_path / 'log')!r}), started)\n"
        "child.start(); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    wait_for(lambda: "here" in (tmp_path / "log").read_text(), 10, "the child")
    parent.kill()
    parent.wait()
    parent.stdout.close()
    if sys.platform == "linux":
        wait_for(lambda: gone(pid), 5, "the child's death")
