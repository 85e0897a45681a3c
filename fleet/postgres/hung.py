"""The steps before a failover's point of no return when the primary's server runs, but answers nobody.

Every function takes the site and the step's args; each checks again what it relies on.
"""

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from fleet.inventory import Node
from fleet.postgres import control, process
from fleet.postgres.observe import observe
from fleet.postgres.patience import talk
from fleet.postgres.standing import head, writable
from fleet.postgres.vantage import unheard
from fleet.postgres.view import UNKNOWN
from fleet.shell import Shell
from fleet.site import Site

_SOFT, _HARD, _START = 7.0, 20.0, 90.0  # seconds; a postmaster kills those that do not go at once after 5


def hung(site: Site, *, node: str) -> Evidence:
    """See once more that the primary answers nobody, not even on its own machine, and that no standby hears from it."""
    view = observe(site)
    seen = view.nodes[node]
    if seen.state != UNKNOWN or seen.control is None:
        raise StepFailed(f"{node} is {seen.state} now.", "Ask again: another way may be open.", code="PRIMARY-BACK")
    unheard(site, view, node)
    return Evidence(f"{node}'s server runs and answers nobody; no standby hears from it")


def halt(site: Site, *, node: str) -> Evidence:
    """Stop the hanging primary behind a fence: at once, then by SIGKILL, until no process of it is left."""
    old = site.cluster.node(node)
    shell = site.shell(old)
    if writable(site, old):
        raise StepFailed(f"{node} answers again.", "Nothing was stopped.", code="PRIMARY-BACK")
    control.fence(shell, old)
    shell.run([control.program(old, "pg_ctl"), "-D", old.data, "-m", "immediate", "-W", "stop"], timeout=control.QUICK)
    try:
        process.wait_gone(shell, old, timeout=_SOFT)
        how = "stopped at once"
    except StepFailed:  # a frozen process takes no other signal
        _kill(shell, old)
        process.wait_gone(shell, old, timeout=_HARD)
        how = "killed"
    return Evidence(f"{node} was {how}; standby.signal lies in its data folder, and no process of it runs")


def halted(site: Site, *, node: str) -> Probe:
    """Look for the fence around a stopped server."""
    old = site.cluster.node(node)
    return Probe.DONE if process.gone_fenced(site.shell(old), old) else Probe.NOT_DONE


def revive(site: Site, *, node: str) -> Evidence:
    """Start the old primary again: it recovers from its own WAL. Raises ``StepFailed`` when another accepts writes."""
    writers = [other.name for other in observe(site).primaries if other.name != node]
    if writers:
        raise StepFailed(f"{writers[0]} accepts writes: {node} must stay fenced.", code="TWO-PRIMARIES")
    old = site.cluster.node(node)
    shell = site.shell(old)
    control.unfence(shell, old)
    process.start(shell, old, timeout=_START)
    with talk(site, old) as connection:
        timeline, _position = head(connection, node)
    return Evidence(f"{node} was started again and is the primary, timeline {timeline}")


def revived(site: Site, *, node: str) -> Probe:
    """Look whether the old primary serves, and would come back as a primary."""
    old = site.cluster.node(node)
    served = writable(site, old) and not control.fenced(site.shell(old), old)
    return Probe.DONE if served else Probe.NOT_DONE


def _kill(shell: Shell, node: Node) -> None:
    pids = process.processes(shell, node)
    if pids:
        shell.run(["kill", "-9", *pids], timeout=control.QUICK)
