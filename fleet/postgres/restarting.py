"""What would end a standby as soon as it replays on or starts again, however it is brought back."""

from collections.abc import Collection

from core.errors import SeconderError
from core.outcome import Refusal
from fleet.inventory import Node
from fleet.postgres import datadir
from fleet.postgres.archiving import places
from fleet.postgres.candidate import too_little
from fleet.postgres.view import NodeView
from fleet.site import Site


def stray_history(site: Site, here: Node, timeline: int, *, but: Collection[str] = ()) -> str:
    """Give the place of the next timeline's history file, on which the primary never was; empty without one.

    A scratch copy that was promoted with archiving on leaves it in the archive. Whoever starts and finds it there, or
    in its own pg_wal from an earlier try, aims at that timeline. An archive that can't be looked at has none. ``but``
    are folders on its machine whose stray files are moved aside anyway.
    """
    name = f"{timeline + 1:08X}.history"
    kept = [place for place in places(site.cluster) if place.keeper.host != here.host or place.folder not in but]
    for node, folder in ((here, f"{here.data}/pg_wal"), *((place.keeper, place.folder) for place in kept)):
        try:
            if datadir.exists(site.shell(node), f"{folder}/{name}"):
                return f"{node.name}:{folder}/{name}"
        except SeconderError:
            continue
    return ""


def objection(node: NodeView, primary: NodeView, stray: str) -> Refusal | None:
    """Say why the node would not stay up, or nothing; pure."""
    setting = too_little(node, primary) if node.reachable else ""
    if setting:
        mine, theirs = node.settings[setting], primary.settings[setting]
        said = f"{setting} is {mine} on {node.name}, {theirs} on {primary.name}: {node.name} would shut down."
        return Refusal("RESYNC-SETTINGS", said, f"Raise it on {node.name}, then restart that one.")
    if stray:
        said = f"{stray} is of a timeline that {primary.name} was never on: {node.name} could not start again."
        hint = "Find out which copy wrote it; move it away, from pg_wal of each node as well."
        return Refusal("RESYNC-STRAY-HISTORY", said, hint)
    return None
