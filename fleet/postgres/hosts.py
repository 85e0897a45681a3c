"""Whether the machines will do what a plan asks of them: tried before anybody agrees to it."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from core.errors import SeconderError
from core.outcome import Refusal
from fleet.inventory import LOCAL, Cluster, Node
from fleet.postgres import login
from fleet.postgres.candidate import Choice
from fleet.postgres.control import QUICK, read_control
from fleet.postgres.view import ClusterView
from fleet.shell import Shell
from fleet.site import Site

_NONE = 'mine=$1; shift; for other; do if [ "$other" -ef "$mine" ]; then exit 1; fi; done'


def in_the_way(site: Site, view: ClusterView, choice: Choice) -> Refusal | None:
    """Try the shells of those that a plan touches and the logins of all who will follow; give what does not work."""
    cluster = site.cluster
    new = cluster.node(choice.new)
    followers = [*choice.others, *([choice.old] if choice.planned else [])]
    needed = [choice.old, choice.new] if choice.seen else [choice.new]
    tries: list[Callable[[], Refusal | None]] = [
        *(lambda name=name: _shell(site, cluster.node(name), view) for name in needed),
        *(lambda name=name: _login(site, cluster.node(name), new, cluster) for name in followers),
    ]
    with ThreadPoolExecutor(max_workers=len(tries), thread_name_prefix="hosts") as pool:
        found: Iterable[Refusal | None] = [_addresses(cluster), *pool.map(lambda attempt: attempt(), tries)]
    return next((refusal for refusal in found if refusal is not None), None)


def _addresses(cluster: Cluster) -> Refusal | None:
    hosts = {node.host for node in cluster.nodes.values()}
    if LOCAL not in hosts or hosts == {LOCAL}:
        return None
    hint = 'Give every node a host name that the others can reach, or host = "local" to all.'
    return Refusal("PROMOTE-ADDRESS", "Some nodes are on this machine, others are not: they can't follow.", hint)


def _shell(site: Site, node: Node, view: ClusterView) -> Refusal | None:
    """Read the control file: proves the shell, ``bin`` and ``data``, and that this folder is that server's.

    Of a server that does not answer it was read when the cluster was looked at.
    """
    shell = site.shell(node)
    try:
        found = view.nodes[node.name].control or read_control(shell, node)
        if found.sysid == view.nodes[node.name].sysid and _own_folder(shell, node, view, site.cluster):
            return None
    except SeconderError as error:
        return Refusal("PROMOTE-NO-SHELL", f"{node.name}: {error.message}", error.hint or "seconder check says more.")
    said = f"{node.data} on {node.name} is not the folder of the server on port {node.port}."
    return Refusal("PROMOTE-WRONG-FOLDER", said, "Correct data or port in the configuration.")


def _own_folder(shell: Shell, node: Node, view: ClusterView, cluster: Cluster) -> bool:
    """Compare with what the server says of itself; copies of one cluster on one machine share their identifier."""
    says = view.nodes[node.name].settings.get("data_directory")
    if says:
        return shell.run(["test", says, "-ef", node.data], timeout=QUICK).ok
    neighbours = [other.name for other in cluster.nodes.values() if other.host == node.host and other.name != node.name]
    theirs = [view.nodes[name].settings.get("data_directory", "") for name in neighbours]
    places = [place for place in theirs if place]
    return not places or shell.run(["sh", "-c", _NONE, "none", node.data, *places], timeout=QUICK).ok


def _login(site: Site, here: Node, there: Node, cluster: Cluster) -> Refusal | None:
    """Open a replication connection from one node to the next primary: pg_hba and the password, for real."""
    if not cluster.replication_user:
        return None
    try:
        tried = login.replication(site.shell(here), here, there, cluster.replication_user)
    except SeconderError:
        return None  # no shell there: nothing can be tried; whether its own is needed is another rule's matter
    if not tried.error:
        return None
    hint = login.hint(tried.error, here, cluster.replication_user, "")
    return Refusal("PROMOTE-NO-LOGIN", f"{here.name} can't replicate from {there.name}: {tried.error}", hint)
