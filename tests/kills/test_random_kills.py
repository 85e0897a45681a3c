"""Bots that are killed at random moments, again and again, also while they take up what the last one left."""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.kills.fleet import BREAKS
from tests.kills.invariants import hold
from tests.kills.plans import PLANS
from tests.kills.scene import Nursery, Scene
from tests.kills.test_boundaries import breaking

SOAK = bool(os.environ.get("SECONDER_SOAK"))  # read at once: tests see an environment without it
KILLS = 5000 if SOAK else 200
BESIDE = 2
AHEAD = 4  # requests that wait at any time, so that no bot is idle
LONGEST = 1.5  # times what a bot needs, on this machine and now, for one request: how long one may live
PAUSE = 0.002  # seconds before and after an effect
OWN = list(PLANS)
ROUNDS = 5  # stores, one after the other: a store grows, and is read whole at its end


@dataclass
class Killer:
    """One nursery, whose bots live for a random time."""

    nursery: Nursery
    seed: int
    killed: int = 0
    taken_over: int = 0
    outcomes: set[str | None] = field(default_factory=set)

    def rages(self, folder: Path, kills: int) -> None:
        """Kill so many bots over one store, then let one live, and see that all of it holds."""
        dice = random.Random(self.seed)
        with Scene.opened(folder) as scene:
            longest, killed = LONGEST * self._needed(scene), 0
            while killed < kills:
                while scene.waiting() < AHEAD:
                    self._ask(scene, dice)
                seen, lives = dice.random() < 0.5, dice.uniform(0, longest)
                code = self.nursery.bears(scene.errand(pause=PAUSE, kill_after=lives, seen=seen))
                assert code in {0, -signal.SIGKILL}
                killed += code != 0
            assert self.nursery.bears(scene.errand()) == 0
            runs = hold(scene.store, scene.effects)
            assert {run.request for run in runs} == set(scene.asked)
            self.killed += killed
            self.taken_over += sum(run.epoch - 1 for run in runs)
            self.outcomes |= {run.outcome for run in runs}

    def _needed(self, scene: Scene) -> float:
        scene.approved(PLANS["switchover"])
        began = time.monotonic()
        assert self.nursery.bears(scene.errand(pause=PAUSE)) == 0
        return time.monotonic() - began

    def _ask(self, scene: Scene, dice: random.Random) -> None:
        plan = PLANS[dice.choice(OWN)]
        breaks = breaking(plan) if dice.random() < 0.4 else 0
        scene.approved(plan, **({BREAKS: breaks} if breaks else {}))


def test_bots_that_are_killed_at_random_moments_do_nothing_twice_and_leave_no_run_stuck(tmp_path: Path) -> None:
    def part(n: int) -> Killer:
        with Nursery.opened() as nursery:
            killer = Killer(nursery, n)
            for turn in range(ROUNDS):
                killer.seed += BESIDE
                killer.rages(tmp_path / f"{n}-{turn}", KILLS // BESIDE // ROUNDS)
            return killer

    with ThreadPoolExecutor(BESIDE) as pool:
        killers = list(pool.map(part, range(BESIDE)))
    assert sum(killer.killed for killer in killers) >= KILLS
    assert sum(killer.taken_over for killer in killers) >= KILLS // 5, "most kills missed"
    assert set.union(*(killer.outcomes for killer in killers)) >= {"succeeded", "failed"}
