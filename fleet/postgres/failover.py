"""The steps before a failover's point of no return: is it dead, can it come back, what is lost.

Every function takes the site and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from core.errors import SeconderError, StepFailed
from core.outcome import Evidence, Probe
from fleet.inventory import Node
from fleet.postgres import control, lsn, process
from fleet.postgres.candidate import most_advanced
from fleet.postgres.followers import most_wal
from fleet.postgres.loss import measure
from fleet.postgres.observe import observe
from fleet.postgres.patience import talk
from fleet.postgres.standing import Stands, stand, stands
from fleet.postgres.view import ClusterView
from fleet.site import Site

Asked = Mapping[str, Future[Stands | None]]
RECEIVERS_TIME = 20.0  # seconds for receivers to notice that nobody sends


def confirm(site: Site, *, node: str, candidate: str) -> Evidence:
    """See once more that the primary is dead: no answer, no process of it, and the candidate hears nothing from it."""
    _unheard(site, node, candidate)
    old = site.cluster.node(node)
    if not process.gone(site.shell(old), old):
        raise _back(node)
    return Evidence(f"{node} is dead: no answer, no process; {candidate} hears nothing from it")


def fence(site: Site, *, node: str, candidate: str) -> Evidence:
    """See once more that the primary is dead, and have any start of it come up read-only.

    All else was looked at a moment ago; whoever takes the run up later is bound by ``weigh``.
    """
    _unheard(site, node, candidate)
    old = site.cluster.node(node)
    seal = process.fence_gone(site.shell(old), old)
    if seal is None:
        raise _back(node)
    said = f"{node} is dead, no process of it runs, and it is fenced: standby.signal lies in its data folder"
    return Evidence(said, {"seal": seal})


def is_fenced(site: Site, *, node: str, candidate: str) -> Probe:  # noqa: ARG001  # the step's args
    """Look for the fence around a stopped server."""
    old = site.cluster.node(node)
    return Probe.DONE if process.gone_fenced(site.shell(old), old) else Probe.NOT_DONE


def unfence(site: Site, *, node: str) -> Evidence:
    """Take the fence away again, if there is one. Raises ``StepFailed`` when another node accepts writes by now."""
    old = site.cluster.node(node)
    if not control.fenced(site.shell(old), old):
        return Evidence(f"{node} has no fence")
    view = observe(site)
    writers = [other.name for other in view.primaries if other.name != node]
    if writers:
        raise StepFailed(f"{writers[0]} accepts writes: {node} must stay fenced.", code="TWO-PRIMARIES")
    control.unfence(site.shell(old), old)
    return Evidence(f"{node} can be started as the primary again")


def unfenced(site: Site, *, node: str) -> Probe:
    """Look whether the fence is gone."""
    old = site.cluster.node(node)
    return Probe.NOT_DONE if control.fenced(site.shell(old), old) else Probe.DONE


def weigh(  # the step's args, and what was shown before
    site: Site, *, node: str, candidate: str, wal_bytes: int, wal_seconds: int, seal: str = ""
) -> Evidence:
    """Measure what is lost, behind the fence, and stop above what was agreed; the candidate must have most.

    ``seal``: the one over the dead one's WAL behind the fence, when that was looked at.
    """
    old, new = site.cluster.node(node), site.cluster.node(candidate)
    with ThreadPoolExecutor(max_workers=len(site.cluster.nodes), thread_name_prefix="others") as pool:
        asked = _ask(pool, site, {node, candidate})  # at once: clients wait
        found = measure(site, old, new, seal)
        if not seal and not process.gone(site.shell(old), old):  # else ``fence`` has just seen that
            raise _back(node)
        others = _told(asked)
    if max((other.end for other in others.values()), default=0) > found.has:
        see_most_advanced(site, observe(site), candidate)
    if not found.within(wal_bytes, wal_seconds):
        allowed = f"{lsn.size(wal_bytes)} and {wal_seconds} s"
        hint = f"Starting {node} again loses nothing, if it can be started."
        raise StepFailed(f"{candidate} lacks {found.words}; at most {allowed} was agreed.", hint, code="LOSS-ABOVE-CAP")
    data = {
        "wal_bytes": found.wal_bytes,
        "commits": found.commits,
        "seconds": found.seconds,
        "has": lsn.show(found.has),
    }
    return Evidence(f"lost: {found.words}", data)


def _unheard(site: Site, node: str, candidate: str) -> None:
    """See that a primary takes no connection, nobody else writes, and the candidate hears nothing from it."""
    dead, new = site.cluster.node(node), site.cluster.node(candidate)
    with ThreadPoolExecutor(max_workers=len(site.cluster.nodes), thread_name_prefix="others") as pool:
        asked = _ask(pool, site, {node})  # at once: clients wait
        if _answers(site, dead):
            raise _back(node)
        others = _told(asked)
    if candidate not in others or others[candidate].hears == dead.port:
        _silence(site, new, dead)


def _back(node: str) -> StepFailed:
    return StepFailed(f"{node} runs again.", f"Look at it: {node} may be the primary still.", code="PRIMARY-BACK")


def _answers(site: Site, node: Node) -> bool:
    try:
        site.connect(node).close()
    except SeconderError:
        return False
    return True


def _ask(pool: Executor, site: Site, without: AbstractSet[str]) -> Asked:
    """Ask the others where they stand: a whole look was taken when the run began, here it is a quick question each."""
    return {name: pool.submit(stand, site, node) for name, node in site.cluster.nodes.items() if name not in without}


def _told(asked: Asked) -> Mapping[str, Stands]:
    """Give where those stand that answered. Raises ``StepFailed`` when one of them accepts writes."""
    found = {name: told for name, answer in asked.items() if (told := answer.result()) is not None}
    if writers := [name for name, answer in found.items() if answer.writes]:
        raise StepFailed(f"{writers[0]} accepts writes.", "Look at the cluster again.", code="TWO-PRIMARIES")
    return found


def see_most_advanced(site: Site, view: ClusterView, candidate: str) -> None:
    """See that nobody who may be promoted has more WAL than the candidate. Raises ``StepFailed``."""
    best = most_advanced(view, site.cluster)
    if best is not None and most_wal(best) > most_wal(view.nodes[candidate]):
        raise StepFailed(f"{best.name} has more WAL than {candidate}.", "Ask for that one.", code="NOT-MOST-ADVANCED")


def _silence(site: Site, standby: Node, dead: Node) -> None:
    """Wait until a standby's receiver is gone. Raises ``StepFailed`` when it still streams from the dead one."""
    deadline = time.monotonic() + RECEIVERS_TIME
    with talk(site, standby, seconds=2 * RECEIVERS_TIME) as connection:
        while stands(connection).hears == dead.port:
            if time.monotonic() > deadline:
                raise StepFailed(f"{standby.name} still hears from {dead.name}.", code="PRIMARY-ALIVE")
            time.sleep(0.2)
