"""The only place that puts the rooms together."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from slack_sdk import WebClient

from actions.catalogue import actions
from actions.contract import Action
from approvals.debts.ledger import Reviews
from approvals.debts.store import DebtRow
from approvals.ending import Ending
from approvals.gate import Gate
from approvals.holds.book import Holds
from approvals.holds.store import HoldRow
from approvals.inforce.book import ConfigurationBook
from approvals.inforce.store import ConfigurationRow
from approvals.lease import Book
from approvals.store import RequestRow
from audit.store import Store, open_store
from bot import store as cards
from bot.carrier import ActionCarrier, Carriers
from bot.chores import VERSIONS, Chores
from bot.digest import Digest
from bot.environment import Environment
from bot.feeding import Fed
from bot.road import Road
from bot.settings import Settings
from bot.settings_rules import rules_of
from bot.sites import Sites
from bot.stops import Stops
from bot.store import CardRow
from bot.texts import Texts
from bot.usergroups import UserGroups
from bot.verbs import Verbs
from core.clock import Clock, SystemClock
from core.errors import ConfigurationError
from runs.journal import Journal
from runs.owner import Owner, enter, lives
from runs.runner import Runner
from runs.store import RunRow

SLACK_SECONDS = 10  # Slack answers within one, or not
TABLES = (
    RequestRow,
    HoldRow,
    DebtRow,
    ConfigurationRow,
    RunRow,
    CardRow,
)  # named, so that their rooms' tables are known before the store is prepared


@dataclass(frozen=True)
class House:
    """All rooms, put together for one process."""

    settings: Settings
    store: Store
    clock: Clock
    catalogue: Mapping[str, Action]
    sites: Sites
    texts: Texts
    configuration: ConfigurationBook
    groups: UserGroups
    gate: Gate
    ending: Ending
    holds: Holds
    reviews: Reviews
    road: Road
    verbs: Verbs
    journal: Journal
    runner: Runner
    stops: Stops
    digest: Digest
    owner: Owner
    owners: Path

    def served(self) -> bool:
        """Say whether a bot serves this store right now."""
        return _served(self.store, self.owners)

    def close(self) -> None:
        """Let go of everything."""
        self.sites.close()
        self.store.close()
        self.owner.leave()


def build(environment: Environment, settings: Settings, leaving: threading.Event | None = None) -> House:
    """Put the rooms together over the store; makes tables that are missing.

    ``leaving`` is given by a bot that serves. Beside one the command line is under that bot's rules, whatever its file
    says; only who a login is, is said by the file.
    """
    if urlsplit(environment.store).scheme != "sqlite":
        raise ConfigurationError(
            "This version works over an SQLite store only: it can't tell yet whether a bot elsewhere is alive.",
            "Set SECONDER_STORE to sqlite:////path/to/seconder.db.",
        )
    store = open_store(environment.store)
    store.prepare()
    clock = SystemClock()
    catalogue = {action.spec.name: action for action in actions()}
    unknown = sorted(set(settings.policy.by_action) - set(catalogue) - set(VERSIONS))
    if unknown:
        raise ConfigurationError(
            f"{settings.path.name} has a policy for {', '.join(unknown)}, and there is no such action.",
            f"There are {', '.join([*catalogue, *VERSIONS])}.",
        )
    sites = Sites(settings.clusters, environment.home / "known_hosts")
    texts = Texts()
    owners = environment.home / "owners"
    configuration = ConfigurationBook(store, clock, rules_of)
    if leaving is not None or not _served(store, owners):  # beside a bot that serves, its configuration counts
        configuration.offer(settings.body)
    client = WebClient(environment.bot_token, base_url=environment.api_url, timeout=SLACK_SECONDS)
    groups = UserGroups(client, lambda: configuration.rules().feeds)
    in_force = Fed(configuration.rules, groups)
    gate, holds, reviews = Gate(store, in_force, clock), Holds(store, clock), Reviews(store, in_force, clock)
    chores = Chores(holds, configuration, sites)
    road = Road(store, gate, catalogue, sites, clock, settings.bot.zone)
    owner = enter(owners)
    journal = Journal(store, Book(in_force, clock), clock, owner.name)
    carrier = Carriers(chores, ActionCarrier(catalogue, sites, texts))
    return House(
        settings=settings,
        store=store,
        clock=clock,
        catalogue=catalogue,
        sites=sites,
        texts=texts,
        configuration=configuration,
        groups=groups,
        gate=gate,
        ending=Ending(store, in_force, clock),
        holds=holds,
        reviews=reviews,
        road=road,
        verbs=Verbs(road, chores, holds, reviews, sites, settings.channel),
        journal=journal,
        runner=Runner(journal, carrier, leaving or threading.Event()),
        stops=Stops(store, gate, journal, clock, texts, reviews),
        digest=Digest(store, gate, holds, reviews, catalogue["status"], sites, texts, clock),
        owner=owner,
        owners=owners,
    )


def _served(store: Store, owners: Path) -> bool:
    """Say whether a bot serves this store right now."""
    with store.reading() as session:
        return any(lives(owners, name) for name in cards.bots(session))


def pool(name: str, workers: int) -> ThreadPoolExecutor:
    """Give a pool of threads."""
    return ThreadPoolExecutor(workers, thread_name_prefix=name)
