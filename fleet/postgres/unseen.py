"""The steps of a failover from a primary that nobody reaches: a person, or a hook, answers for its being off.

Every function takes the site and the step's args; each checks again what it relies on.
"""

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from fleet.postgres import takeover, vantage
from fleet.postgres.failover import see_most_advanced
from fleet.postgres.observe import observe
from fleet.postgres.patience import talk
from fleet.postgres.standing import poised
from fleet.postgres.view import UNKNOWN
from fleet.site import Site


def off(node: str) -> str:
    """Give what an approver types who knows that a machine is switched off."""
    return f"{node} IS OFF"


def unheard(site: Site, *, node: str, candidate: str) -> Evidence:
    """See once more that nobody reaches the old primary, and that the candidate lacks nothing that another one has."""
    view = observe(site)
    seen = view.nodes[node]
    if seen.state != UNKNOWN or seen.control is not None:
        hint = "Ask again: its machine answers, so it can be fenced, and what is lost can be measured."
        raise StepFailed(f"{node} is {seen.state} now.", hint, code="PRIMARY-BACK")
    vantage.unheard(site, view, node)
    see_most_advanced(site, view, candidate)
    asked = " and ".join(other.name for other in view.standbys)
    return Evidence(f"{node} is reached by nobody: not by the bot, not from {asked}; no standby hears from it")


def promote(site: Site, *, node: str, old: str, timeline: int) -> Evidence:
    """Promote: no way back. Looks first whether the old primary is back."""
    unheard(site, node=old, candidate=node)
    with talk(site, site.cluster.node(node), seconds=2 * takeover.PROMOTE_TIME) as connection:
        poised(connection, node)
        return takeover.lead(connection, node, timeline)


def promoted(site: Site, *, node: str, old: str, timeline: int) -> Probe:
    """Look whether the node is out of recovery."""
    return takeover.promoted(site, node=node, old=old, timeline=timeline, wal_bytes=0, wal_seconds=0)
