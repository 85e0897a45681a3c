"""Sixteen writers at once, of whom one process is killed: one chain, nothing lost that was said to be there."""

import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from audit import ledger
from audit.store import Store
from audit.verify import verify_store
from core.clock import SystemClock
from tests.audit.appender import THREADS

SOAK = bool(os.environ.get("SECONDER_SOAK"))
PROCESSES, EACH, ROUNDS = 4, 200 if SOAK else 50, 10 if SOAK else 1
ROOT = Path(__file__).resolve().parents[2]


def started(store: Store, name: str, seed: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "tests.audit.appender", store.url, name, str(EACH), str(seed)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def heard(process: subprocess.Popen[str], kill_after: int) -> tuple[list[str], str]:
    """Read what a process says was committed, to its end; kill it once it has said so much."""
    lines = []
    with process as running:
        assert running.stdout is not None
        assert running.stderr is not None
        for line in running.stdout:
            lines.append(line)
            if len(lines) == kill_after:
                running.kill()
        return lines, running.stderr.read()


def numbers_by_actor(store: Store) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    with store.reading() as session:
        for actor, target in session.connection().execute(text("SELECT actor, target FROM audit_event ORDER BY seq")):
            found[actor].append(int(target))
    return found


@pytest.mark.rounds
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_sixteen_writers_of_whom_some_are_killed_make_one_chain(any_store: Store, seed: int) -> None:
    rng = random.Random(seed)
    victim, after = rng.randrange(PROCESSES), rng.randrange(1, THREADS * EACH // 2)
    with ThreadPoolExecutor(PROCESSES) as pool:
        processes = [started(any_store, f"p{number}", seed * 10 + number) for number in range(PROCESSES)]
        kills = [after if number == victim else -1 for number in range(PROCESSES)]
        told = list(pool.map(heard, processes, kills))
    codes = [process.returncode for process in processes]
    assert codes == [-9 if number == victim else 0 for number in range(PROCESSES)], [words for _, words in told]

    report = verify_store(any_store.url)
    assert (report.ok, report.bad) == (True, None)
    found = numbers_by_actor(any_store)
    assert report.events == sum(map(len, found.values()))
    for actor, numbers in found.items():
        assert numbers == list(range(len(numbers))), actor  # each once, in its order; nothing that was taken back
    said = Counter(line.split()[0] for lines, _ in told for line in lines)
    for number in range(PROCESSES):
        for actor in (f"p{number}.{thread}" for thread in range(THREADS)):
            if number == victim:  # it may have died between a commit and saying so
                assert len(found[actor]) - said[actor] in {0, 1}, actor
            else:
                assert len(found[actor]) == said[actor] == EACH

    with any_store.transaction() as session:  # the killed one left no lock behind
        ledger.append(session, SystemClock(), ledger.Event("run.ended", "unknown", "system"))
    assert verify_store(any_store.url, [report.head]).events == report.events + 1
