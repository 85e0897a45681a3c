"""The steps before a failover's point of no return: is it dead, can it come back, what is lost.

Every function takes the site and the step's args; each checks again what it relies on.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from fleet.inventory import Node
from fleet.postgres import control, lsn
from fleet.postgres.candidate import most_advanced
from fleet.postgres.followers import most_wal
from fleet.postgres.loss import measure
from fleet.postgres.observe import observe, observe_node
from fleet.postgres.patience import talk
from fleet.postgres.standing import stand
from fleet.postgres.view import DOWN, ClusterView
from fleet.site import Site

RECEIVERS_TIME = 20.0  # seconds for receivers to notice that nobody sends
_RECEIVER = "SELECT sender_port FROM pg_stat_wal_receiver WHERE status = 'streaming'"


def confirm(site: Site, *, node: str, candidate: str) -> Evidence:
    """See once more that the primary is dead: no answer, no process of it, and the candidate hears nothing from it.

    All else was looked at a moment ago, when the run began; whoever takes it up later is bound by ``weigh``.
    """
    _see_dead(site, node)
    _silence(site, site.cluster.node(candidate), site.cluster.node(node))
    return Evidence(f"{node} is dead: no answer, no process; {candidate} hears nothing from it")


def fence(site: Site, *, node: str) -> Evidence:
    """Have any start of the dead primary come up read-only, and see that it did not start meanwhile."""
    old = site.cluster.node(node)
    shell = site.shell(old)
    if not control.gone(shell, old):
        raise StepFailed(f"{node} runs again.", f"Look at it: {node} may be the primary still.", code="PRIMARY-BACK")
    control.fence(shell, old)
    if not control.gone(shell, old):  # started between the two: it has not read the signal
        raise StepFailed(
            f"{node} was started just now.", f"Look at it: {node} may be the primary still.", code="PRIMARY-BACK"
        )
    return Evidence(f"{node} is fenced: standby.signal lies in its data folder, and no process of it runs")


def is_fenced(site: Site, *, node: str) -> Probe:
    """Look for the fence around a stopped server."""
    old = site.cluster.node(node)
    shell = site.shell(old)
    if not control.gone(shell, old):
        return Probe.NOT_DONE
    return Probe.DONE if control.fenced(shell, old) else Probe.NOT_DONE


def unfence(site: Site, *, node: str) -> Evidence:
    """Take the fence away again. Raises ``StepFailed`` when another node accepts writes by now."""
    view = observe(site)
    writers = [other.name for other in view.primaries if other.name != node]
    if writers:
        raise StepFailed(f"{writers[0]} accepts writes: {node} must stay fenced.", code="TWO-PRIMARIES")
    old = site.cluster.node(node)
    control.unfence(site.shell(old), old)
    return Evidence(f"{node} can be started as the primary again")


def unfenced(site: Site, *, node: str) -> Probe:
    """Look whether the fence is gone."""
    old = site.cluster.node(node)
    return Probe.NOT_DONE if control.fenced(site.shell(old), old) else Probe.DONE


def weigh(site: Site, *, node: str, candidate: str, wal_bytes: int, wal_seconds: int) -> Evidence:
    """Measure what is lost, behind the fence, and stop above what was agreed; the candidate must have most."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="loss") as pool:  # at once: clients wait
        measured = pool.submit(measure, site, site.cluster.node(node), site.cluster.node(candidate))
        ends = _see_dead(site, node)
    found = measured.result()
    if max(ends.values(), default=0) > found.has:
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


def _see_dead(site: Site, node: str) -> Mapping[str, int]:
    """See that a primary is dead and that nobody else accepts writes; gives where the WAL of each standby ends.

    A whole look was taken when the run began: here it is one quick question each, for clients wait.
    """
    others = [other for name, other in site.cluster.nodes.items() if name != node]
    with ThreadPoolExecutor(max_workers=len(others) + 1, thread_name_prefix="dead") as pool:
        seen = pool.submit(observe_node, site, site.cluster.node(node))
        answers = list(pool.map(partial(stand, site), others))
        found = seen.result()
    if found.state != DOWN:
        raise StepFailed(f"{node} is {found.state}: {found.error or 'it answers'}.", "Look again.", code="PRIMARY-BACK")
    ends = {other.name: end for other, end in zip(others, answers, strict=True) if end is not None}
    if writers := [name for name, (writes, _end) in ends.items() if writes]:
        raise StepFailed(f"{writers[0]} accepts writes.", "Look at the cluster again.", code="TWO-PRIMARIES")
    return {name: end for name, (_writes, end) in ends.items()}


def see_most_advanced(site: Site, view: ClusterView, candidate: str) -> None:
    """See that nobody who may be promoted has more WAL than the candidate. Raises ``StepFailed``."""
    best = most_advanced(view, site.cluster)
    if best is not None and most_wal(best) > most_wal(view.nodes[candidate]):
        raise StepFailed(f"{best.name} has more WAL than {candidate}.", "Ask for that one.", code="NOT-MOST-ADVANCED")


def _silence(site: Site, standby: Node, dead: Node) -> None:
    """Wait until a standby's receiver is gone. Raises ``StepFailed`` when it still streams from the dead one."""
    deadline = time.monotonic() + RECEIVERS_TIME
    with talk(site, standby, seconds=2 * RECEIVERS_TIME) as connection:
        while (row := connection.execute(_RECEIVER).fetchone()) is not None and row["sender_port"] == dead.port:
            if time.monotonic() > deadline:
                raise StepFailed(f"{standby.name} still hears from {dead.name}.", code="PRIMARY-ALIVE")
            time.sleep(0.2)
