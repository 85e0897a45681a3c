"""The only place that puts the rooms together."""

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

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
from audit.anchors.keys import private
from audit.anchors.store import AnchorRow
from audit.store import Store, open_store
from bot.anchoring import Anchoring
from bot.carrier import ActionCarrier, Carriers
from bot.chores import VERSIONS, Chores
from bot.digest import Digest
from bot.environment import Environment
from bot.feeding import Fed
from bot.places import places
from bot.road import Road
from bot.settings import Settings
from bot.settings_rules import rules_of
from bot.sites import Sites
from bot.stops import Stops
from bot.store import CardRow
from bot.texts import Texts
from bot.usergroups import UserGroups
from bot.verbs import Verbs
from bot.watching.lookout import Lookout
from bot.watching.store import ReadinessRow
from bot.watching.watch import Watch
from core.canonical import canonical, sha256
from core.clock import Clock, SystemClock
from core.errors import ConfigurationError
from fleet.inventory import LOCAL
from runs.bots.presence import Presence
from runs.bots.store import BotRow
from runs.journal import Journal
from runs.owner import enter
from runs.runner import Runner
from runs.schedules.store import SlotRow
from runs.store import RunRow

SLACK_SECONDS = 10  # Slack answers within one, or not
TABLES = (
    RequestRow,
    HoldRow,
    DebtRow,
    ConfigurationRow,
    RunRow,
    BotRow,
    SlotRow,
    AnchorRow,
    CardRow,
    ReadinessRow,
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
    watch: Watch
    lookout: Lookout
    anchoring: Anchoring
    presence: Presence

    def served(self) -> bool:
        """Say whether a bot serves this store right now."""
        return bool(self.presence.others())

    def close(self) -> None:
        """Let go of everything."""
        self.sites.close()
        self.store.close()
        self.presence.owner.leave()


def build(environment: Environment, settings: Settings, leaving: threading.Event | None = None) -> House:
    """Put the rooms together over the store; makes tables that are missing.

    ``leaving`` is given by a bot that serves. Beside one the command line is under that bot's rules, whatever its file
    says; only who a login is, is said by the file.
    """
    store = open_store(environment.store)
    if not store.embedded:
        _nothing_local(settings)
    store.prepare()
    clock = SystemClock()
    owners = environment.home / "owners"
    presence = Presence(store, clock, enter(owners), owners, sha256(canonical(settings.body)))
    catalogue = {action.spec.name: action for action in actions()}
    _nothing_unknown(settings, catalogue)
    sites = Sites(settings.clusters, environment.home / "known_hosts")
    texts = Texts()
    configuration = ConfigurationBook(store, clock, rules_of)
    if leaving is not None or not presence.others():  # beside a bot that serves, its configuration counts
        configuration.offer(settings.body)
    client = WebClient(environment.bot_token, base_url=environment.api_url, timeout=SLACK_SECONDS)
    groups = UserGroups(client, lambda: configuration.rules().feeds)
    in_force = Fed(configuration.rules, groups)
    gate, holds, reviews = Gate(store, in_force, clock), Holds(store, clock), Reviews(store, in_force, clock)
    chores = Chores(holds, configuration, sites)
    road = Road(store, gate, catalogue, sites, clock, settings.bot.zone)
    anchoring = _anchoring(environment, settings, store, clock, sites)
    journal = Journal(store, Book(in_force, clock), clock, presence.name)
    carried = ActionCarrier(catalogue, sites, texts)
    lookout = Lookout(store, gate, clock, carried)
    carried = replace(carried, seen=lookout.seen)
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
        runner=Runner(
            journal,
            Carriers(chores, carried),
            leaving or threading.Event(),
            shut_out=carried.shut_out,
            sure=presence.sure,
        ),
        stops=Stops(store, gate, journal, clock, texts, reviews),
        digest=Digest(
            store, gate, holds, reviews, catalogue["status"], catalogue["ready"], sites, texts, clock, anchoring
        ),
        watch=Watch(store, clock, catalogue["ready"], sites, leaving.wait if leaving else time.sleep),
        lookout=lookout,
        anchoring=anchoring,
        presence=presence,
    )


def _anchoring(environment: Environment, settings: Settings, store: Store, clock: Clock, sites: Sites) -> Anchoring:
    table = settings.anchors
    key = private(environment.home, environment.anchor_key)
    return Anchoring(store, clock, key, places(table, sites), timedelta(seconds=table.every))


def _nothing_unknown(settings: Settings, catalogue: Mapping[str, Action]) -> None:
    """Raise ConfigurationError for a policy over something that can't be asked for."""
    unknown = sorted(set(settings.policy.by_action) - set(catalogue) - set(VERSIONS))
    if unknown:
        raise ConfigurationError(
            f"{settings.path.name} has a policy for {', '.join(unknown)}, and there is no such action.",
            f"There are {', '.join([*catalogue, *VERSIONS])}.",
        )


def _nothing_local(settings: Settings) -> None:
    """Raise ConfigurationError for a node on "this machine": bots that share a store are not on one."""
    local = [
        f"clusters.{cluster.name}.nodes.{node.name}"
        for cluster in settings.clusters.values()
        for node in cluster.nodes.values()
        if node.host == LOCAL
    ]
    local += [
        f"hosts.{host.name}" for c in settings.clusters.values() for host in c.hosts.values() if host.host == LOCAL
    ]
    if local:
        raise ConfigurationError(
            f'{", ".join(local)}: host = "{LOCAL}" means another machine for every bot that shares this store.',
            "Name the host and let the bots reach it by SSH, or use a store in a file.",
        )


def pool(name: str, workers: int) -> ThreadPoolExecutor:
    """Give a pool of threads."""
    return ThreadPoolExecutor(workers, thread_name_prefix=name)
