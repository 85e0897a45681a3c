"""What an approver can be asked to look up before agreeing: pure."""

from core.plan import Look
from fleet.postgres.view import ClusterView

TIMELINE = "timeline"  # the exact fact of every plan here, and never a number on its card


def timeline(view: ClusterView, primary: str, which: str = "primary") -> Look | None:
    """Ask for the cluster's timeline: it moves with each promotion, so only a look at the cluster tells it.

    The primary's name would not do: the cards name it. None when nobody knows the timeline.
    """
    if view.nodes[primary].timeline is None:
        return None
    return Look(TIMELINE, view.name, f"Timeline of {view.name}'s {which} {primary} (`/db status {view.name}` shows it)")
