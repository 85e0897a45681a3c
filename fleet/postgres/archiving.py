"""Whether the next primary could archive its WAL: its settings, and each destination, tried before anybody agrees.

How archive_command carries a file to another machine can't be tried without running it, and it may keep whatever it is
given. So a destination on the candidate's machine is written to; of one elsewhere it is seen that it can be written to
there, and the rest is proven after the promotion.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import SeconderError
from core.ids import new_id
from core.outcome import Refusal
from fleet.inventory import Cluster, Node
from fleet.postgres.candidate import Choice
from fleet.postgres.view import UNKNOWN, ClusterView, NodeView
from fleet.shell import Shell
from fleet.site import Site

QUICK = 10.0  # seconds for a program that only looks
PROBE = ".seconder-probe-"
_SAYS = {
    65: "there is no such folder.",
    66: "what was written there does not come back.",
    67: "what was written there can't be taken away.",
}
# One program for all of it: in an emergency clients wait. What is there already is never written over.
_TRY = """
folder=$1 probe=$2
[ -d "$folder" ] || exit 65
(umask 077; set -C; printf '%s' "$probe" > "$probe") || { code=$?; rm -f -- "$probe"; exit "$code"; }
[ "$(cat -- "$probe")" = "$probe" ] || { rm -f -- "$probe"; exit 66; }
rm -f -- "$probe" || exit 67
"""


@dataclass(frozen=True)
class Place:
    """A folder that WAL is archived to, on a node's machine."""

    keeper: Node
    folder: str

    def __str__(self) -> str:
        """Name it as the configuration does."""
        return f"{self.keeper.name}:{self.folder}"


@dataclass(frozen=True)
class Proof:
    """What was found: the first thing in the way, and what people should know."""

    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()


def places(cluster: Cluster) -> tuple[Place, ...]:
    """Give each destination once: two nodes on one machine may name the same folder."""
    known: dict[tuple[str, str], Place] = {}
    for place in cluster.archive:
        name, _, folder = place.partition(":")
        if name in cluster.nodes:
            keeper = cluster.node(name)
            known.setdefault((keeper.host, folder), Place(keeper, folder.rstrip("/")))
    return tuple(known.values())


def archives(node: NodeView) -> bool:
    """Say whether a node's WAL is archived while it is the primary."""
    return node.archiver is not None and node.archiver.mode != "off"


def wanted(view: ClusterView, cluster: Cluster, choice: Choice) -> bool:
    """Say whether the WAL of the next primary is to be archived: the old one's is, or the configuration says where."""
    return archives(view.nodes[choice.old]) or bool(cluster.archive)


def unlike(old: NodeView, new: NodeView) -> Refusal | None:
    """Refuse a candidate that would archive nothing where the primary does."""
    if not archives(old) or new.archiver is None:
        return None
    name, hint = new.name, "a restart is needed for archive_mode, a reload for archive_command."
    if not archives(new):
        said = f"{old.name} archives its WAL, {name} would not: archive_mode is off there."
        return Refusal("PROMOTE-NO-ARCHIVE", said, f"Set it as on {old.name}; {hint}")
    if not new.archiver.command:
        said = f"{name} has neither archive_command nor archive_library: its WAL would pile up."
        return Refusal("PROMOTE-NO-ARCHIVE", said, f"Set it as on {old.name}; {hint}")
    if new.archiver.mode == "always" and new.archiver.failing:
        said = f"{name} archives already, and fails at {new.archiver.last_failed}."
        return Refusal("PROMOTE-ARCHIVER-FAILING", said, f"Run archive_command by hand on {name} and read its error.")
    return None


def prove(site: Site, view: ClusterView, choice: Choice) -> Proof:
    """Look whether the candidate could archive. A failover is not refused for it: then it is only said."""
    old, new = view.nodes[choice.old], view.nodes[choice.new]
    refusal, notes = unlike(old, new), []
    if refusal is None and (archives(old) or not choice.planned):
        for place in places(site.cluster):
            found = _tried(site, view, place, site.cluster.node(choice.new))
            if isinstance(found, str):
                notes.append(found)
            refusal = refusal or (found if isinstance(found, Refusal) else None)
    if refusal is not None and not choice.planned:
        return Proof(None, (f"{refusal.message} {refusal.hint}", *notes))
    return Proof(refusal, tuple(notes))


def _tried(site: Site, view: ClusterView, place: Place, new: Node) -> Refusal | str | None:
    """Write to a destination and clean up: a refusal, a word for people, or nothing when all is proven."""
    same, seen = place.keeper.host == new.host, view.nodes[place.keeper.name]
    if not same and seen.state == UNKNOWN and seen.control is None:  # its machine was tried a moment ago
        return f"Whether WAL can be archived to {place} is not known: {place.keeper.name} is not reached."
    who = new if same else place.keeper
    try:
        why = writable(site.shell(who), place.folder)
    except SeconderError as error:
        if same:
            return _refused(place, who, error.message)
        return f"Whether WAL can be archived to {place} is not known: {error.message}"
    if why:
        return _refused(place, who, why)
    if same:
        return None
    return f"{new.name} archives to {place} from another machine: that is proven only after the promotion."


def _refused(place: Place, who: Node, why: str) -> Refusal:
    said = f"{who.name} can't write to {place.folder}, where WAL is archived: {why}"
    hint = f"Let {who.run_as or 'the server user'} write there, or correct archive in the configuration."
    return Refusal("PROMOTE-ARCHIVE", said, hint)


def writable(shell: Shell, folder: str) -> str:
    """Write a small file, read it, take it away: why that does not work, or nothing. No restore asks for its name."""
    probe = f"{folder}/{PROBE}{new_id('a')}"
    ran = shell.run(["sh", "-c", _TRY, "try", folder, probe], timeout=QUICK)
    if ran.ok:
        return ""
    said = ran.err.strip().rpartition("\n")[2].rpartition(": ")[2]  # without the probe's name: the same words each time
    return _SAYS.get(ran.code) or said or f"code {ran.code}."


def kept(names: tuple[str, ...], wal: str) -> Iterator[str]:
    """Give the files of a destination that hold a WAL file, as it is or compressed."""
    return (name for name in names if name == wal or name.startswith(f"{wal}."))
