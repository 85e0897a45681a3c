"""A store's server that is restarted and cuts connections at random: all requests get final, none is done twice."""

import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from approvals.ending import Ending
from approvals.lease import Book
from approvals.model import State
from audit.postgres import SCHEME
from audit.store import Store, StoreUnavailable, open_store
from runs.bots.presence import Presence
from runs.dispatch import Dispatcher
from runs.journal import Journal
from runs.owner import enter
from runs.runner import Runner
from sandbox.cluster import DemoCluster, build
from sandbox.layout import SUPERUSER
from tests.fixtures.house import IN_FORCE
from tests.fixtures.postgres import require_bin
from tests.fixtures.site import until
from tests.kills.fleet import BREAKS, Fleet
from tests.kills.invariants import hold
from tests.kills.plans import PLANS
from tests.kills.scene import Scene
from tests.kills.test_boundaries import breaking
from tests.kills.test_random_kills import OWN
from tests.kills.worker import CLOCK

pytestmark = pytest.mark.postgres
SOAK = bool(os.environ.get("SECONDER_SOAK"))  # read at once: tests see an environment without it
REQUESTS = 400 if SOAK else 24
RESTARTS = 40 if SOAK else 3
CUTS = 8  # between two restarts
PAUSE = 0.02  # seconds before and after an effect
PATIENCE = 120.0 if SOAK else 60.0  # seconds: a run that fell is tried again after longer and longer pauses
_CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'seconder' AND random() < 0.7"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DemoCluster]:
    made = build(tmp_path, nodes=("db1",), bin_dir=require_bin(), archive=False)
    yield made
    made.remove()


@pytest.fixture
def scene(server: DemoCluster, tmp_path: Path) -> Iterator[Scene]:
    url = server.nodes["db1"].dsn(SUPERUSER, "postgres").replace("postgresql://", f"{SCHEME}://", 1)
    store = open_store(url)
    store.prepare()
    yield Scene(store, tmp_path)
    store.close()


@dataclass
class Chaos:
    """What happens to the server."""

    server: DemoCluster
    dice: random.Random
    cut: int = 0
    restarted: int = 0

    def rages(self) -> None:
        for _ in range(RESTARTS):
            for _ in range(CUTS):
                time.sleep(self.dice.uniform(0.05, 0.3))
                with self.server.connect("db1", SUPERUSER, "postgres") as connection:
                    self.cut += len(connection.execute(_CUT).fetchall())
            self.server.stop("db1")
            time.sleep(self.dice.uniform(0.0, 1.0))
            self.server.start("db1")
            self.restarted += 1


@dataclass
class Bot:
    """A dispatcher with its pool, and its signs of life, as the product has them."""

    store: Store
    scene: Scene
    leaving: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serving(self) -> Iterator[None]:
        folder = self.scene.folder / "owners"
        presence = Presence(self.store, CLOCK, enter(folder), folder)
        presence.beat()
        fleet = Fleet(self.scene.effects, self.scene.store, pause=PAUSE)
        journal = Journal(self.store, Book(IN_FORCE, CLOCK), CLOCK, presence.name)
        runner = Runner(journal, fleet, self.leaving, sure=presence.sure)
        ending = Ending(self.store, IN_FORCE, CLOCK)
        pool = ThreadPoolExecutor(4)
        dispatcher = Dispatcher(self.store, runner, presence, ending.claimable, ending.sweep, pool)
        beating = threading.Thread(target=self._beat, args=(presence,))
        serving = threading.Thread(target=dispatcher.serve, args=(self.leaving,))
        beating.start()
        serving.start()
        try:
            yield
        finally:
            self.leaving.set()
            dispatcher.wake()
            serving.join()
            beating.join()
            pool.shutdown()
            presence.owner.leave()

    def _beat(self, presence: Presence) -> None:
        while not self.leaving.wait(1.0):
            with suppress(StoreUnavailable):
                presence.beat()


def final(scene: Scene) -> bool:
    with suppress(StoreUnavailable):
        return not scene.gate.listed(states=(State.APPROVED, State.RUNNING))
    return False


def test_a_server_that_cuts_connections_and_restarts_leaves_all_requests_final_and_none_doubled(
    server: DemoCluster, scene: Scene
) -> None:
    for n in range(REQUESTS):
        plan = PLANS[OWN[n % len(OWN)]]
        broken = {BREAKS: breaking(plan)} if n % 3 == 0 and breaking(plan) else {}
        scene.approved(plan, **broken)
    store, chaos = open_store(scene.store.url), Chaos(server, random.Random(5))
    with Bot(store, scene).serving():
        chaos.rages()
        until(lambda: final(scene), PATIENCE)
    store.close()
    runs = hold(scene.store, scene.effects)
    assert (len(runs), chaos.restarted) == (REQUESTS, RESTARTS)
    assert chaos.cut > RESTARTS
    assert sum(run.epoch > 1 for run in runs) > 1, "nothing was hit"
    assert {run.outcome for run in runs} <= {"succeeded", "failed", "unknown"}
