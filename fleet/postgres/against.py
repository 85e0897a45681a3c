"""What speaks against a way back before anything is stopped, most basic first: pure."""

import posixpath
from dataclasses import dataclass

from core.outcome import Refusal
from fleet.inventory import Cluster
from fleet.postgres import handover, lsn, restarting
from fleet.postgres.divergence import Verdict
from fleet.postgres.ladder import Choice, Rung
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness, objection
from fleet.postgres.view import ClusterView


@dataclass(frozen=True)
class Case:
    """One node's way back: ``source`` and ``upstream`` only when they were asked for, ``low`` as ``fitting`` says it.

    ``wrong_rate`` is a limit that pg_basebackup would not take.
    """

    cluster: Cluster
    view: ClusterView
    node: str
    primary: str
    seen: Plight
    choice: Choice
    ready: Readiness | None
    low: tuple[str, ...] = ()
    source: str | None = None
    upstream: str | None = None
    wrong_rate: str = ""


def first(case: Case) -> Refusal | None:
    """Give the first objection; "not needed" is a friendly one."""
    wrong = _wrong_node(case) or _wrong_words(case) or _paused(case) or _not_needed(case)
    theirs = handover.left_alone(case.cluster, case.view.manager, case.node)
    falls = restarting.objection(case.view.nodes[case.node], case.view.nodes[case.primary], case.seen.stray)
    return wrong or theirs or _settings(case) or falls or _no_copy(case)


def _wrong_node(case: Case) -> Refusal | None:
    primary, seen = case.view.nodes[case.primary], case.seen
    if seen.data and seen.data.sysid != primary.sysid:
        said = f"{case.node}'s folder belongs to system {seen.data.sysid}, {primary.name} is {primary.sysid}."
        return Refusal("RESYNC-OTHER-SYSTEM", said, "Check data and port in the configuration: is it the right folder?")
    if seen.standing.verdict is Verdict.NEWER:
        said = f"{case.node} is on timeline {seen.end.timeline}, {primary.name} only on {primary.timeline}."
        return Refusal(
            "RESYNC-TARGET-NEWER", said, f"Find out which of them has the newer data: is {primary.name} right?"
        )
    return None


def _wrong_words(case: Case) -> Refusal | None:
    if case.wrong_rate:
        hint = "Write 500k or 20M (bytes per second, 32k to 1024M), as for pg_basebackup --max-rate."
        return Refusal("RESYNC-RATE", f"{case.wrong_rate} is no rate that a copy can be held to.", hint)
    if case.upstream in {None, case.primary}:
        return None
    ahead, hint = case.view.nodes.get(case.upstream or ""), f"Leave --follow out: then it follows {case.primary}."
    if ahead is None or ahead.name == case.node or not ahead.streaming:
        return Refusal("RESYNC-UPSTREAM", f"{case.upstream} does not stream, so nobody can follow it.", hint)
    if ahead.timeline != case.view.nodes[case.primary].timeline:
        return Refusal("RESYNC-UPSTREAM", f"{case.upstream} is on another timeline than {case.primary}.", hint)
    if ahead.receiver and ahead.receiver.sender_port == case.cluster.node(case.node).port and _feeds(case):
        return Refusal("RESYNC-UPSTREAM", f"{case.upstream} itself follows {case.node}.", hint)
    return None


def _feeds(case: Case) -> bool:
    """Say whether the node's own pg_stat_replication has whom it shall follow: a circle that no WAL enters."""
    rows = case.view.nodes[case.node].replication
    return any(case.upstream in {row.application_name, row.slot} for row in rows)


def _paused(case: Case) -> Refusal | None:
    """Somebody paused it, perhaps to keep what a TRUNCATE took: one person alone does not let it go on."""
    if not case.seen.standing.paused or case.choice.rung in {Rung.REWIND, Rung.COPY}:
        return None
    hint = f"Let it go on, with approval: /db resume {case.cluster.name} {case.node}"
    return Refusal("RESYNC-PAUSED", f"Replay is paused on {case.node}.", hint)


def _not_needed(case: Case) -> Refusal | None:
    if case.choice.rung is not Rung.WAIT:
        return None
    node, lag = case.view.nodes[case.node], case.view.lag(case.node)
    behind = "an unknown amount" if lag is None else lsn.size(lag)
    delay = f", replays {node.apply_delay:g} s later as configured" if node.apply_delay else ""
    said = f"{case.node} streams timeline {node.timeline}, {behind} behind and replaying{delay}: nothing to do."
    return Refusal(
        "RESYNC-NOT-NEEDED",
        said,
        f"If you still want a fresh copy: /db resync {case.cluster.name} {case.node} --rebuild",
    )


def _settings(case: Case) -> Refusal | None:
    if not case.low:
        return None
    said = "; ".join(f"{one} on {case.primary}" for one in case.low)
    hint = f"Raise it in {case.node}'s own configuration, which comes back after any resync; then ask again."
    return Refusal("RESYNC-SETTINGS", f"{case.node} would not start as a standby: {said}.", hint)


def _no_copy(case: Case) -> Refusal | None:
    """Say what speaks against stopping the node for a full copy."""
    if case.choice.rung is not Rung.COPY:
        return None
    source = case.source or case.primary
    if source == case.node or case.ready is None:
        return Refusal("RESYNC-SOURCE", f"{source} can't be copied from.", "Leave --from out to copy the primary.")
    if case.source and source != case.primary and not case.view.nodes[source].streaming:
        return Refusal("RESYNC-SOURCE", f"{source} does not stream from the primary.", "Leave --from out.")
    row = case.view.sender(case.node)
    waited = [other for other in case.view.nodes[case.primary].replication if other.sync_state != "async"]
    if row and waited == [row]:
        said = f"{case.node} is the only synchronous standby: commits would wait while it is copied."
        return Refusal("RESYNC-ONLY-SYNC", said, "Take it out of synchronous_standby_names first.")
    data = case.seen.data
    if data and data.mount:
        hint = "Copy it by hand, or take the mounts out of the data folder."
        return Refusal("RESYNC-MOUNT", f"{data.real} is a mount point, which can't be renamed aside.", hint)
    here = case.cluster.node(case.node)
    place = f"{case.node}:{posixpath.dirname(data.real if data else here.data)}"
    return objection(case.ready, here, place, "RESYNC")
