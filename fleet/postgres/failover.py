"""The steps before a failover's point of no return: is it dead, can it come back, what is lost.

Every function takes the site and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from core.errors import SeconderError, StepFailed
from core.outcome import Evidence, Probe
from fleet.early import MOMENT
from fleet.inventory import Node
from fleet.postgres import control, process
from fleet.postgres.candidate import most_advanced
from fleet.postgres.followers import most_wal
from fleet.postgres.loss import lacks, measure, see_within
from fleet.postgres.observe import observe
from fleet.postgres.patience import talk
from fleet.postgres.standing import Stands, stand, stands
from fleet.postgres.view import ClusterView
from fleet.site import Site

Asked = Mapping[str, Callable[[], Stands | None]]
RECEIVERS_TIME = 20.0  # seconds for receivers to notice that nobody sends


def confirm(site: Site, *, node: str, candidate: str) -> Evidence:
    """See once more that the primary is dead: no answer, no process of it, and the candidate hears nothing from it."""
    _unheard(site, node, candidate)
    old = site.cluster.node(node)
    if not process.gone(site.shell(old), old):
        raise _back(node)
    return Evidence(f"{node} is dead: no answer, no process; {candidate} hears nothing from it")


def fence(site: Site, *, node: str, candidate: str) -> Evidence:
    """See once more that the primary is dead, have any start of it come up read-only, and measure what is lost.

    All else was looked at a moment ago. Nothing is held against what was agreed yet: ``promote`` does that, at the
    effect, and weighs all again where nothing was measured here.
    """
    others = glance(site, node=node, candidate=candidate)
    _see_most(site, candidate, others)
    old = site.cluster.node(node)
    seal = site.kept(behind_fence(node), lambda: process.fence_gone(site.shell(old), old), seconds=0)
    if seal is None:
        raise _back(node)
    said = f"{node} is dead, no process of it runs, and it is fenced: standby.signal lies in its data folder"
    if not seal:
        return Evidence(said)
    lost = lacks(site, old, others[candidate], seal)
    return Evidence(f"{said}; lost: {lost.words}", lost.shown)


def ready_to_fence(site: Site, *, node: str, candidate: str, count: int) -> None:  # noqa: ARG001  # the step's args
    """Have what ``fence`` runs first started while people are asked; 0 lets go of it."""
    old = site.cluster.node(node)
    process.ready_to_fence(site.shell(old), old, count)


def glance(site: Site, *, node: str, candidate: str) -> Mapping[str, Stands]:
    """Look with which ``fence`` begins: as ``confirm`` does, but for the processes. A moment later it still holds."""
    return site.kept(("unheard", node, candidate), lambda: _unheard(site, node, candidate), MOMENT)


def behind_fence(node: str) -> Hashable:
    """Name what a look behind a dead primary's fence has shown: the seal over its WAL, or None for a process."""
    return ("behind the fence", node)


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

    ``seal``: the one over the dead one's WAL behind our own fence. What was read under it holds, and its machine is not
    asked again: a hook may have switched it off since.
    """
    old = site.cluster.node(node)
    with ThreadPoolExecutor(max_workers=len(site.cluster.nodes), thread_name_prefix="others") as pool:
        others = _told(_ask(pool, site, {node}))
    if seal and candidate in others:
        found = lacks(site, old, others[candidate], seal)
    else:
        found = measure(site, old, site.cluster.node(candidate))
        if not process.gone(site.shell(old), old):
            raise _back(node)
    _see_most(site, candidate, others)
    see_within(found, node, candidate, wal_bytes, wal_seconds)
    return Evidence(f"lost: {found.words}", found.shown)


def _unheard(site: Site, node: str, candidate: str) -> Mapping[str, Stands]:
    """See that a primary takes no connection, nobody else writes, and the candidate hears nothing from it.

    Gives where the candidate and all others stand that answered.
    """
    dead, new = site.cluster.node(node), site.cluster.node(candidate)
    with ThreadPoolExecutor(max_workers=len(site.cluster.nodes), thread_name_prefix="others") as pool:
        asked = _ask(pool, site, {node, candidate})  # at once: clients wait
        if _answers(site, dead):
            raise _back(node)
        others = _told({candidate: partial(stand, site, new), **asked})
    if candidate not in others or others[candidate].hears == dead.port:
        return {**others, candidate: _silence(site, new, dead)}
    return others


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
    wanted = {name: node for name, node in site.cluster.nodes.items() if name not in without}
    return {name: pool.submit(stand, site, node).result for name, node in wanted.items()}


def _told(asked: Asked) -> Mapping[str, Stands]:
    """Give where those stand that answered. Raises ``StepFailed`` when one of them accepts writes."""
    found = {name: told for name, answer in asked.items() if (told := answer()) is not None}
    if writers := [name for name, answer in found.items() if answer.writes]:
        raise StepFailed(f"{writers[0]} accepts writes.", "Look at the cluster again.", code="TWO-PRIMARIES")
    return found


def _see_most(site: Site, candidate: str, others: Mapping[str, Stands]) -> None:
    """See that nobody has more WAL than the candidate: a whole look, where a quick one says that somebody has."""
    if candidate not in others or max(other.end for other in others.values()) > others[candidate].end:
        see_most_advanced(site, observe(site), candidate)


def see_most_advanced(site: Site, view: ClusterView, candidate: str) -> None:
    """See that nobody who may be promoted has more WAL than the candidate. Raises ``StepFailed``."""
    best = most_advanced(view, site.cluster)
    if best is not None and most_wal(best) > most_wal(view.nodes[candidate]):
        raise StepFailed(f"{best.name} has more WAL than {candidate}.", "Ask for that one.", code="NOT-MOST-ADVANCED")


def _silence(site: Site, standby: Node, dead: Node) -> Stands:
    """Wait until a standby's receiver is gone. Raises ``StepFailed`` when it still streams from the dead one."""
    deadline = time.monotonic() + RECEIVERS_TIME
    with talk(site, standby, seconds=2 * RECEIVERS_TIME) as connection:
        while (found := stands(connection)).hears == dead.port:
            if time.monotonic() > deadline:
                raise StepFailed(f"{standby.name} still hears from {dead.name}.", code="PRIMARY-ALIVE")
            time.sleep(0.2)
        return found
