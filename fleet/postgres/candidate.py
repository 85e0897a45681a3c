"""Who shall be the next primary, and every reason why not: pure rules over what was seen."""

from collections.abc import Callable
from dataclasses import dataclass

from core.outcome import Refusal
from fleet.inventory import Cluster
from fleet.postgres import lsn
from fleet.postgres.followers import feeder, followers, most_wal
from fleet.postgres.lost_primary import last_primary
from fleet.postgres.mute import takes_no_queries
from fleet.postgres.view import PRIMARY, STANDBY, UNKNOWN, ClusterView, NodeView

LAG_BUDGET = 16 * 1024 * 1024  # bytes; repmgr, autobase and pg_auto_failover ask for 10 to 16 MiB
DELAYED_BUDGET = 256 * 1024 * 1024  # bytes that a delayed standby may have to apply while nobody can write
NOT_BELOW = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)
"""With less than its primary a standby pauses replay (14+), and does not start again (manual, hot standby)."""


@dataclass(frozen=True)
class Choice:
    """Who hands over to whom. ``planned``: the primary answers. ``others`` follow; ``notes`` say why not another.

    Without ``seen`` nobody reaches the old primary: neither its server nor its machine. It ``hangs`` when its server
    runs, but answers nobody.
    """

    old: str
    new: str
    planned: bool
    others: tuple[str, ...]
    notes: tuple[str, ...] = ()
    seen: bool = True
    hangs: bool = False


def choose(view: ClusterView, cluster: Cluster, wanted: str | None) -> Choice | Refusal:
    """Choose the next primary, or refuse with the first thing that is in the way."""
    refused = _cluster_rules(view, cluster, wanted)
    if refused is not None:
        return refused
    primary = view.primary
    if primary is not None:
        return _pick(view, cluster, primary, wanted, _unfit_to_switch, _by_priority(cluster))
    old = last_primary(view)
    if isinstance(old, Refusal):
        return old
    return _pick(view, cluster, old, wanted, _unfit_to_take_over, _by_wal(cluster))


def _cluster_rules(view: ClusterView, cluster: Cluster, wanted: str | None) -> Refusal | None:
    if wanted is not None and wanted not in view.nodes:
        known = ", ".join(view.nodes)
        return Refusal("PROMOTE-NO-SUCH-NODE", f"{cluster.name} has no node {wanted}.", f"It has {known}.")
    systems = {node.sysid: node.name for node in view.nodes.values() if node.sysid}
    if len(systems) > 1:
        names = " and ".join(systems.values())
        hint = "They are not copies of one another. Correct the configuration, or rebuild the wrong one."
        return Refusal("PROMOTE-OTHER-SYSTEM", f"{names} have different system identifiers.", hint)
    if len(view.primaries) > 1:
        both = " and ".join(f"{node.name} (timeline {node.timeline})" for node in view.primaries)
        hint = "Decide which one holds the truth, stop the other at once, then /db resync it."
        return Refusal("PROMOTE-SPLIT-BRAIN", f"Two nodes accept writes: {both}.", hint)
    if view.primary is not None and view.primary.name == wanted:
        return Refusal("PROMOTE-ALREADY-PRIMARY", f"{wanted} is the primary already.", "Name a standby, or none.")
    return None


_Unfit = Callable[[ClusterView, Cluster, NodeView, NodeView], Refusal | None]
_Order = Callable[[NodeView], tuple[object, ...]]


def _pick(  # who from, who to, by which rules
    view: ClusterView, cluster: Cluster, old: NodeView, wanted: str | None, unfit: _Unfit, order: _Order
) -> Choice | Refusal:
    names = [wanted] if wanted else [name for name in view.nodes if name != old.name]
    verdicts = {
        name: _common(view, cluster, view.nodes[name], named=name == wanted)
        or unfit(view, cluster, old, view.nodes[name])
        for name in names
    }
    fit = sorted((view.nodes[name] for name, refusal in verdicts.items() if refusal is None), key=order, reverse=True)
    refusals = [refusal for refusal in verdicts.values() if refusal is not None]
    if not fit:
        return _nobody(refusals)
    new = fit[0]
    planned = old.state == PRIMARY
    follow = followers(view, old, new, planned=planned)
    notes = [refusal.message for refusal in refusals]
    notes += follow.notes
    if up := feeder(view, new.name):
        notes.append(f"{new.name} streams from {up.name}: the last of the WAL has to come through it.")
    if new.apply_delay:
        late = f"{new.name} IS KEPT {new.apply_delay:g} s BEHIND ON PURPOSE"
        notes.append(f"{late}: promoted it applies the {lsn.size(_waiting(new))} that wait, and that past is gone.")
    notes += [f"{node.name} would do as well; {new.name} comes first by WAL, priority or name." for node in fit[1:]]
    seen = planned or old.control is not None
    hangs = old.state == UNKNOWN and old.control is not None
    return Choice(old.name, new.name, planned, follow.aimed, tuple(notes), seen, hangs)


def _nobody(refusals: list[Refusal]) -> Refusal:
    if len(refusals) == 1:
        return refusals[0]
    if not refusals:
        return Refusal("PROMOTE-NO-CANDIDATE", "There is no other node.", "Add a standby first.")
    reasons = " ".join(refusal.message for refusal in refusals)
    return Refusal("PROMOTE-NO-CANDIDATE", f"No standby can take over. {reasons}", refusals[0].hint)


def _common(view: ClusterView, cluster: Cluster, node: NodeView, *, named: bool = False) -> Refusal | None:
    name = node.name
    if takes_no_queries(node):
        hint = "Set hot_standby = on there and restart it, or name another one."
        return Refusal("PROMOTE-MUTE", f"{name} takes no queries: nothing about it could be proven.", hint)
    if node.state != STANDBY:
        hint = f"Bring {name} back first, or name another standby."
        return Refusal("PROMOTE-CANDIDATE-DOWN", f"{name} is {node.state}: {node.error}", hint)
    if cluster.node(name).priority <= 0:
        return Refusal("PROMOTE-NEVER", f"{name} has priority 0: it is never to be the primary.", "Name another one.")
    if node.replay_paused:
        if view.primary is not None and (setting := too_little(node, view.primary)):
            return _too_little(setting, node, view.primary)  # to resume would shut it down
        hint = f"Find out who paused it and why, then: /db resume {cluster.name} {name}"
        return Refusal("PROMOTE-PAUSED", f"Replay is paused on {name}.", hint)
    return _kept_apart(view, cluster, node, named=named)


def _kept_apart(view: ClusterView, cluster: Cluster, node: NodeView, *, named: bool) -> Refusal | None:
    """Refuse what is there for another purpose, unless a person names it and it can be done all the same."""
    name, up, waiting = node.name, feeder(view, node.name), _waiting(node)
    if up is not None and not named:
        hint = f"Promote {up.name}. If you mean it: promote {cluster.name} {name}."
        return Refusal("PROMOTE-CASCADING", f"{name} streams from {up.name}, not from the primary.", hint)
    if cluster.node(name).mirror and not named:
        return Refusal("PROMOTE-MIRROR", f"{name} is a mirror.", f"If you mean it: promote {cluster.name} {name}.")
    if node.apply_delay > 0 and not named:
        hint = f"It is kept behind on purpose, to look at the past. If you mean it: promote {cluster.name} {name}."
        return Refusal("PROMOTE-DELAYED", f"{name} applies WAL {node.apply_delay:g} s late.", hint)
    if node.apply_delay > 0 and waiting > DELAYED_BUDGET:
        said = f"{name} would have to apply {lsn.size(waiting)} first, at most {lsn.size(DELAYED_BUDGET)} is allowed."
        return Refusal("PROMOTE-DELAYED-FAR", said, f"Lower recovery_min_apply_delay on {name} and let it catch up.")
    return None


def _waiting(node: NodeView) -> int:
    """Give the bytes that a standby has and has not applied."""
    return max(0, (node.has_lsn or 0) - (node.replay_lsn or 0))


def _unfit_to_switch(view: ClusterView, cluster: Cluster, old: NodeView, node: NodeView) -> Refusal | None:
    name, lag = node.name, view.lag(node.name)
    if node.timeline != old.timeline:
        hint = f"/db resync {cluster.name} {name} brings it from timeline {node.timeline} to {old.timeline}."
        return Refusal("PROMOTE-OTHER-TIMELINE", f"{name} is on another timeline than {old.name}.", hint)
    first = feeder(view, name) or node  # who streams from the primary itself, if anybody
    if not (node.streaming and first.streaming) or view.sender(first.name) is None:
        hint = f"/db resync {cluster.name} {first.name} finds out what it lacks."
        return Refusal("PROMOTE-NOT-STREAMING", f"{first.name} does not stream from {old.name}.", hint)
    waiting = 0 if node.apply_delay else _waiting(node)
    if lag is None or max(lag, waiting) > LAG_BUDGET:
        behind = "an unknown amount" if lag is None else lsn.size(max(lag, waiting))
        hint = "Wait until it has caught up; /db status shows it."
        return Refusal("PROMOTE-LAG", f"{name} is {behind} behind, at most {lsn.size(LAG_BUDGET)} is allowed.", hint)
    return _settings_rule(view, old, node) or _room_rule(view, node)


def _unfit_to_take_over(view: ClusterView, cluster: Cluster, old: NodeView, node: NodeView) -> Refusal | None:
    if (node.timeline or 0) < (old.timeline or 0):
        hint = f"Timeline {node.timeline} lacks all that was written on {old.timeline}. Name another one."
        return Refusal("PROMOTE-OTHER-TIMELINE", f"{node.name} is on an older timeline than {old.name} was.", hint)
    best = most_advanced(view, cluster) or node
    if most_wal(best) > most_wal(node):
        said = f"{node.name} has less WAL than {best.name}."
        hint = f"Promote {best.name}: it loses least, and the others can follow it."
        return Refusal("PROMOTE-NOT-MOST-ADVANCED", said, hint)
    return _settings_rule(view, node, node) or _room_rule(view, node)


def most_advanced(view: ClusterView, cluster: Cluster) -> NodeView | None:
    """Give the standby that has most WAL of those that may be promoted at all."""
    able = [node for node in view.standbys if _common(view, cluster, node) is None]
    return max(able, key=most_wal, default=None)


def _settings_rule(view: ClusterView, old: NodeView, node: NodeView) -> Refusal | None:
    """Nobody may have less than whom it will follow: not the candidate now, not the others later."""
    for below, above in [(node, old), *((other, node) for other in [old, *view.standbys])]:
        if name := too_little(below, above):
            return _too_little(name, below, above)
    return None


def too_little(below: NodeView, above: NodeView) -> str:
    """Give the first setting of which a node has less than whom it follows, or nothing."""
    return next((key for key in NOT_BELOW if _number(below, key) < _number(above, key)), "")


def _too_little(name: str, below: NodeView, above: NodeView) -> Refusal:
    said = f"{name} is {_number(below, name)} on {below.name}, {_number(above, name)} on {above.name}."
    hint = f"Raise it on {below.name} and restart that one, else it could not follow."
    return Refusal("PROMOTE-SETTINGS", said, hint)


def _room_rule(view: ClusterView, node: NodeView) -> Refusal | None:
    needed = len(view.nodes) - 1
    for setting, used in (("max_wal_senders", len(node.replication)), ("max_replication_slots", len(node.slots))):
        known = {slot.name for slot in node.slots} & set(view.nodes) if setting.endswith("slots") else ()
        if setting in node.settings and _number(node, setting) - used + len(known) < needed:
            said = f"{node.name} has {setting} = {node.settings[setting]}, {used} in use: too few for {needed} more."
            return Refusal("PROMOTE-NO-ROOM", said, f"Raise {setting} on {node.name} and restart it.")
    return None


def _number(node: NodeView, setting: str) -> int:
    value = node.settings.get(setting, "")
    return int(value) if value.isdigit() else 0


def _by_priority(cluster: Cluster) -> _Order:
    """Order by priority, then name: bytes of lag differ from look to look, and consent must not."""
    place = {name: -n for n, name in enumerate(sorted(cluster.nodes))}
    return lambda node: (cluster.node(node.name).priority, place[node.name])


def _by_wal(cluster: Cluster) -> _Order:
    """Order by WAL first: whoever has most loses least."""
    by_priority = _by_priority(cluster)
    return lambda node: (*most_wal(node), *by_priority(node))
