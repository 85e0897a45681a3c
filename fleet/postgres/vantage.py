"""Who else can reach a server that the bot can't reach: asked from its own machine, and from its standbys'."""

from concurrent.futures import ThreadPoolExecutor

from core.errors import SeconderError, StepFailed
from core.outcome import Refusal
from fleet.inventory import Node
from fleet.postgres.control import QUICK, program
from fleet.postgres.lost_primary import hearing
from fleet.postgres.view import PRIMARY, ClusterView
from fleet.site import Site

_PATIENCE = 3  # seconds that pg_isready waits for an answer
_ACCEPTS, _REJECTS = 0, 1  # pg_isready's codes: a server that is starting up rejects, and lives


def cut_off(site: Site, view: ClusterView, silent: str) -> Refusal | None:
    """Refuse when any machine gets an answer from the silent server: then the bot is cut off, or not let in.

    repmgr and pg_auto_failover ask for two places that see the same, too: one alone may have lost its own link.
    """
    reached = [name for name in seen_from(site, view, silent) if name]
    if not reached:
        return None
    said = f"The bot can't reach {silent}, but {reached[0]}'s machine gets an answer from its server."
    hint = f"Nothing was changed. Mend the way from the bot to {silent}: it may be serving clients right now."
    return Refusal("PROMOTE-BOT-CUT-OFF", said, hint)


def unheard(site: Site, view: ClusterView, silent: str) -> None:
    """See that nobody hears from a silent primary, and nobody else is one. Raises ``StepFailed``."""
    writers = [other.name for other in view.nodes.values() if other.state == PRIMARY]
    if writers:
        raise StepFailed(f"{writers[0]} accepts writes.", "Look at the cluster again.", code="TWO-PRIMARIES")
    listener = hearing(view)
    if listener is not None:
        raise StepFailed(f"{listener.name} still streams from {silent}.", "It is not off.", code="PRIMARY-ALIVE")
    way = cut_off(site, view, silent)
    if way is not None:
        raise StepFailed(way.message, way.hint, code="PRIMARY-ALIVE")


def seen_from(site: Site, view: ClusterView, silent: str) -> tuple[str, ...]:
    """Name whose machines get an answer from a server, its own or a standby's; an empty word where none comes."""
    there = site.cluster.node(silent)
    here = [site.cluster.node(node.name) for node in (*view.standbys, view.nodes[silent])]
    with ThreadPoolExecutor(max_workers=max(1, len(here)), thread_name_prefix="vantage") as pool:
        return tuple(pool.map(lambda node: node.name if _answers(site, node, there) else "", here))


def _answers(site: Site, here: Node, there: Node) -> bool:
    words = ["-h", there.address, "-p", str(there.port), "-t", str(_PATIENCE)]
    try:
        ran = site.shell(here).run([program(here, "pg_isready"), *words], timeout=QUICK)
    except SeconderError:
        return False  # no witness; the candidate's own shell is another rule's matter
    return ran.code in {_ACCEPTS, _REJECTS}
