"""What people are told about a way back before they agree to it: pure."""

from core.facts import Fact
from fleet.inventory import Cluster
from fleet.postgres import effort, lsn, retained
from fleet.postgres.ladder import Choice, Rung
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness
from fleet.postgres.speed import Speed
from fleet.postgres.view import ClusterView
from fleet.postgres.ways import Way

_STEP = 16 << 20  # bytes: the loss agreed to is rounded up to whole WAL files
_WAYS = {
    Rung.WAIT: "nothing",
    Rung.UNPAUSE: "nothing",
    Rung.REPAIR: "reconnect it to {upstream}",
    Rung.FEED: "feed it WAL from the archive",
    Rung.REWIND: "rewind it to {primary}",
    Rung.COPY: "copy {source} whole",
}


def title(way: Way) -> str:
    """Give the plan's title."""
    return f"Resync {way.node}: {_WAYS[way.rung].format(primary=way.primary, upstream=way.ahead, source=way.source)}"


def facts(view: ClusterView, seen: Plight, way: Way) -> tuple[Fact, ...]:
    """Give what must still hold when the run begins."""
    node = way.node
    rest: tuple[Fact, ...] = ()
    if seen.lost is not None:
        rest = (Fact("WAL that only it has", node, seen.lost, budget=_rounded(seen.lost), unit="bytes"),)
    return (
        Fact("system identifier", view.name, way.system),
        Fact("primary", view.name, way.primary),
        Fact("timeline", view.name, way.timeline),
        Fact("role", node, view.nodes[node].state),
        Fact("timeline", node, seen.end.timeline),
        Fact("WAL", node, seen.standing.verdict.value),
        Fact("way back", node, way.rung.name.lower()),
        *rest,
    )


def _rounded(lost: int) -> int:
    """Give the loss that is agreed to."""
    return -(-lost // _STEP) * _STEP


def costs(way: Way, seen: Plight, ready: Readiness | None, measured: Speed | None = None) -> tuple[str, ...]:
    """Say what it costs, with estimates."""
    said = []
    if seen.lost is not None:
        said.append(f"gives up ≈ {lsn.size(seen.lost)} of WAL that only {way.node} has: what it wrote beyond the fork")
    said += effort.words(way, seen, ready, measured)
    if way.rung in {Rung.REWIND, Rung.COPY} or way.restart:
        said.append(f"{way.node} is down meanwhile" if way.running else f"{way.node} stays down until it is a standby")
    return (*said, f"{way.primary} goes on serving")


def notes(way: Way, seen: Plight, choice: Choice, cluster: Cluster) -> tuple[str, ...]:
    """Say why this way and no cheaper one, and what is left behind."""
    said, here = list(choice.why_not), cluster.node(way.node)
    if seen.end.wrote and way.rung >= Rung.REWIND:
        said.append(f"{way.node} last ran as a primary; it is never started as one again")
    if seen.standing.answers and seen.end.wrote:
        said.append(f"{way.node} STILL ACCEPTS WRITES: what clients write there is lost. Stop them first")
    if seen.standing.paused:
        said.append(f"replay is PAUSED on {way.node}: what it still shows of the past is gone after this")
    if way.rung is Rung.COPY and way.there:
        later = f"/db discard {cluster.name} {way.node} deletes it once {way.node} has proved itself"
        said.append(f"the old folder is kept as {here.data}.old.… (the run's id); {later}")
    if way.rung is Rung.COPY and seen.data and seen.data.linked:
        said.append("pg_wal lies elsewhere now; in the copy it lies in the data folder")
    if seen.followed not in {"", way.ahead}:
        kept = f"/db resync {cluster.name} {way.node} --follow {seen.followed}"
        said.append(f"{way.node} followed {seen.followed} until now, and will follow {way.ahead}; to keep that: {kept}")
    if way.rung is Rung.COPY and not way.there:
        said.append(f"{way.node} has no files of its own left: it gets {way.source}'s, with port {here.port}")
    said += [_stray(folder, len(names)) for folder, names in seen.strays.items() if folder in way.strays]
    if way.rung is Rung.REWIND:
        said.append(f"if the rewind fails, {way.node} stays down: then --rebuild")
    return tuple(said)


def _stray(folder: str, count: int) -> str:
    """Say what is moved out of an archive folder: no number of a timeline, which approvers look up themselves."""
    files = "1 file" if count == 1 else f"{count} files"
    return f"{folder} has {files} of timelines that the primary never was on: moved to stray.… (the run's id) there"


def waiting(view: ClusterView, seen: Plight, way: Way) -> tuple[str, ...]:
    """Say what waiting costs, and what ends the plan: readings, or nothing."""
    node = way.node
    ends = f"a change of primary, timeline, of {node}'s state or of its way back ends it"
    if seen.lost is not None:
        budget = _rounded(seen.lost)
        ends = f"valid while only {node} has at most {lsn.size(budget)} of WAL (now {lsn.size(seen.lost)}); {ends}"
    return (*_price(view, seen, way)[:2], ends)


def _price(view: ClusterView, seen: Plight, way: Way) -> list[str]:
    """Say what waiting costs, the worst first."""
    node, primary = way.node, view.nodes[way.primary]
    said = []
    if seen.standing.answers and seen.end.wrote:
        said.append(f"{node} still accepts writes: each one more is lost")
    held = {slot.name: retained.sentence(primary, slot) for slot in retained.holding(primary)}
    kept = held or any(slot.name == way.slot and slot.reserves for slot in primary.slots)
    if way.slot in held:
        said.append(held.pop(way.slot))
    elif way.rung is Rung.REPAIR and not kept:
        said.append(f"no slot on {primary.name} keeps WAL for {node}: a checkpoint may take what it needs")
    if not any(standby.streaming for standby in view.standbys):
        said.append(f"until then no standby streams: only {primary.name} has what is written")
    return said + list(held.values())
