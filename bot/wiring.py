"""The only place that puts the rooms together."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from actions.catalogue import actions
from actions.contract import Action
from approvals.gate import Gate
from approvals.lease import Book
from approvals.store import RequestRow
from audit.store import Store, open_store
from bot.carrier import ActionCarrier
from bot.digest import Digest
from bot.environment import Environment
from bot.road import Road
from bot.settings import Settings
from bot.sites import Sites
from bot.stops import Stops
from bot.store import CardRow
from bot.texts import Texts
from core.clock import Clock, SystemClock
from core.errors import ConfigurationError
from runs.journal import Journal
from runs.owner import Owner, enter
from runs.runner import Runner
from runs.store import RunRow

TABLES = (RequestRow, RunRow, CardRow)  # named, so that their rooms' tables are known before the store is prepared


@dataclass(frozen=True)
class House:
    """All rooms, put together for one process."""

    settings: Settings
    store: Store
    clock: Clock
    catalogue: Mapping[str, Action]
    sites: Sites
    texts: Texts
    gate: Gate
    road: Road
    journal: Journal
    runner: Runner
    stops: Stops
    digest: Digest
    owner: Owner
    owners: Path

    def close(self) -> None:
        """Let go of everything."""
        self.sites.close()
        self.store.close()
        self.owner.leave()


def build(environment: Environment, settings: Settings, leaving: threading.Event | None = None) -> House:
    """Put the rooms together over the store; makes tables that are missing."""
    store = open_store(environment.store)
    store.prepare()
    clock = SystemClock()
    catalogue = {action.spec.name: action for action in actions()}
    unknown = sorted(set(settings.policy.by_action) - set(catalogue))
    if unknown:
        raise ConfigurationError(
            f"{settings.path.name} has a policy for {', '.join(unknown)}, and there is no such action.",
            f"There are {', '.join(catalogue)}.",
        )
    sites = Sites(settings.clusters, environment.home / "known_hosts")
    texts = Texts()
    gate = Gate(store, settings.roster, settings.policy, clock)
    owners = environment.home / "owners"
    owner = enter(owners)
    journal = Journal(store, Book(settings.roster, settings.policy, clock), clock, owner.name)
    carrier = ActionCarrier(catalogue, sites, texts)
    return House(
        settings=settings,
        store=store,
        clock=clock,
        catalogue=catalogue,
        sites=sites,
        texts=texts,
        gate=gate,
        road=Road(store, gate, catalogue, sites, clock),
        journal=journal,
        runner=Runner(journal, carrier, leaving or threading.Event()),
        stops=Stops(store, gate, journal, clock, texts),
        digest=Digest(store, gate, catalogue["status"], sites, texts, clock),
        owner=owner,
        owners=owners,
    )


def pool(name: str, workers: int) -> ThreadPoolExecutor:
    """Give a pool of threads."""
    return ThreadPoolExecutor(workers, thread_name_prefix=name)
