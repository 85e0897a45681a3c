"""Looks on every host for work that the record does not know: somebody had it done past the bot."""

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from audit import ledger
from audit.ledger import Event
from audit.reading import announced
from audit.store import Store
from bot.sites import Sites
from core.clock import Clock
from core.errors import SeconderError
from fleet.inventory import Cluster, Node
from fleet.jobs_list import Listed, look

_AT_ONCE = 8  # hosts
_STEP = re.compile(r"(?P<run>[A-Za-z0-9_-]+)\.(?P<n>[1-9][0-9]*)(\..+)?")  # RUN.N; a step's second job is RUN.N.archive


@dataclass(frozen=True)
class Stray:
    """A job on a host that no entry of the record announced. ``state`` is in the words of ``seconder-job``."""

    cluster: str
    node: str
    job: str
    state: str


@dataclass(frozen=True)
class Unasked:
    """A node that could not be asked, so nothing is known of it."""

    cluster: str
    node: str
    why: str


@dataclass(frozen=True)
class Reconciled:
    """What was found, among how many jobs in how many places (nodes may share a host and a work folder)."""

    places: int
    jobs: int
    strays: Sequence[Stray]
    unasked: Sequence[Unasked]

    @property
    def outcome(self) -> str:
        """Give the record's word for it: failure (strays), unknown (a node could not be asked), success."""
        return "failure" if self.strays else "unknown" if self.unasked else "success"

    def to_json(self) -> dict[str, object]:
        """Give it as plain data."""
        return asdict(self)


def reconcile(sites: Sites, store: Store) -> Reconciled:
    """Ask every node of every cluster for its jobs, then the record for their intents.

    In this order: an intent is committed before its job begins, so that of every job seen is in the record by then.
    Intents without a job are no finding, because jobs are cleaned. What nodes share is listed once, under the first
    of them. Raises ``StoreUnavailable``.
    """
    places: dict[tuple[str, int, str], tuple[Cluster, Node]] = {}
    for cluster in sites.clusters.values():
        for node in cluster.nodes.values():
            places.setdefault((node.host, node.ssh_port, node.work), (cluster, node))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(lambda place: _ask(sites, *place), places.values()))
    unasked = [answer for answer in answers if isinstance(answer, Unasked)]
    found = [stray for answer in answers if not isinstance(answer, Unasked) for stray in answer]
    return Reconciled(len(places), len(found), _unannounced(store, found), unasked)


def record(store: Store, clock: Clock, actor: str, found: Reconciled) -> None:
    """Put down that it was looked, by whom, and how much was found. Raises ``StoreUnavailable``."""
    counts = {
        "places": found.places,
        "jobs": found.jobs,
        "strays": len(found.strays),
        "unasked": len(found.unasked),
    }
    with store.transaction() as session:
        ledger.append(session, clock, Event("audit.reconciled", found.outcome, actor, detail=counts))


def _ask(sites: Sites, cluster: Cluster, node: Node) -> list[Stray] | Unasked:
    """List a node's jobs, each as if it were stray."""
    try:
        listed: Iterable[Listed] = look(sites.of(cluster.name).shell(node), node.work)
    except SeconderError as error:
        return Unasked(cluster.name, node.name, error.message)
    return [Stray(cluster.name, node.name, each.job, each.state) for each in listed]


def _unannounced(store: Store, found: Sequence[Stray]) -> list[Stray]:
    steps = {stray: (step["run"], step["n"]) for stray in found if (step := _STEP.fullmatch(stray.job))}
    with store.reading() as session:
        known = announced(session, {run for run, _ in steps.values()})
    return [stray for stray in found if steps.get(stray) not in known]
