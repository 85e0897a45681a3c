"""Show how a cluster stands: who accepts writes, who follows, how far behind, and what is wrong."""

from dataclasses import asdict, dataclass

from actions.contract import Action, Answer
from core.clock import stamp
from core.outcome import Refusal
from core.plan import Lock, Risk
from core.spec import Spec
from fleet.postgres import leftovers
from fleet.postgres.health import Finding, findings, verdict, worst_first
from fleet.postgres.mute import known_lag, takes_no_queries
from fleet.postgres.observe import observe
from fleet.postgres.view import DOWN, PRIMARY, STANDBY, ClusterView, NodeView
from fleet.site import Site

SPEC = Spec(
    name="status",
    engine="postgres",
    summary="Show who is primary, who follows, how far behind, and what is wrong",
    risk=Risk.READ,
    lock=Lock.NONE,
    deadline=30,
    version=1,
    example="status main",
)


@dataclass(frozen=True)
class Asked:
    """Which cluster."""

    cluster: str


@dataclass(frozen=True)
class Found(ClusterView):
    """What the nodes showed, and what lies about on their disks."""

    leftovers: tuple[Finding, ...] = ()


def look(_asked: Asked, site: Site) -> Found:
    """See all nodes at once, then what earlier work left there."""
    view = observe(site)
    return Found(view.name, view.nodes, view.manager, leftovers.look(site, view))


def refuse(_asked: Asked, _found: ClusterView) -> Refusal | None:
    """Refuse nothing: looking is always allowed."""
    return None


def answer(_asked: Asked, found: ClusterView) -> Answer:
    """Give the verdict, a row per node, and the findings, worst first."""
    wrong = worst_first((*findings(found), *(found.leftovers if isinstance(found, Found) else ())))
    level = verdict(wrong)
    data = {
        "cluster": found.name,
        "level": level,
        "primary": found.primary.name if found.primary else None,
        "rows": [_row(found, node) for node in found.nodes.values()],
        "findings": [asdict(finding) for finding in wrong],
    }
    return Answer(level, data)


def _row(view: ClusterView, node: NodeView) -> dict[str, object]:
    """Give a node as plain data. ``lag_seconds`` is None when it says nothing: no lag in bytes, or not known."""
    lag = known_lag(view, node) if takes_no_queries(node) else view.lag(node.name)
    receiver = node.receiver
    return {
        "node": node.name,
        "role": node.state,
        "state": _word(view, node),
        "timeline": node.timeline,
        "lag_bytes": lag,
        "lag_seconds": node.last_replay_age if lag else None,
        "streaming": node.streaming,
        "upstream": f"{receiver.sender_host}:{receiver.sender_port}" if receiver else "",
        "sync": _sync(view, node),
        "version": node.settings.get("server_version", ""),
        "sessions": sum(node.sessions.values()),
        "note": node.error,
        "sampled_at": stamp(node.sampled_at),
    }


def _word(view: ClusterView, node: NodeView) -> str:
    """Say in a word or three what the node does."""
    if node.state == PRIMARY:
        return "accepts writes"
    if node.state != STANDBY:
        return "down" if node.state == DOWN else "no answer"
    if takes_no_queries(node):
        return "takes no queries"
    if node.replay_paused:
        return "paused"
    if view.primary is not None and node.timeline != view.primary.timeline:
        return "other timeline"
    if not node.streaming:
        return "not streaming"
    return "delayed" if node.apply_delay else "streaming"


def _sync(view: ClusterView, node: NodeView) -> str:
    sender = view.sender(node.name) if node.state == STANDBY else None
    return sender.sync_state if sender else ""


ACTION = Action(spec=SPEC, asked=Asked, look=look, refuse=refuse, answer=answer)
