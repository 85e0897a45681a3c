"""What the configuration names: clusters and their nodes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fleet.hooks.hook import Hook

LOCAL = "local"


@dataclass(frozen=True)
class Node:
    """One server: how its machine is reached, where it lives there.

    ``host`` is an SSH host name, or ``local`` for this machine. ``run_as`` is the operating system user that the server
    runs as. ``service`` is a systemd unit, or empty: then pg_ctl starts and stops it. ``work`` is a folder on the node
    where jobs, by-hand commands and saved configuration lie. ``priority`` orders candidates
    that are equal otherwise; 0 means never a candidate. ``mirror``: far away, promoted only when it is named.
    """

    name: str
    host: str
    user: str
    run_as: str
    port: int
    data: str
    bin: str
    service: str
    database_user: str
    database: str
    work: str
    passfile: str = ""
    ssh_port: int = 22
    ssh_key: str = ""
    priority: int = 100
    mirror: bool = False

    @property
    def address(self) -> str:
        """Give the address at which the server takes connections."""
        return "127.0.0.1" if self.host == LOCAL else self.host


@dataclass(frozen=True)
class Host:
    """A machine that is no node, such as a pooler's: ``[hosts.NAME]``. Its fields mean what a node's do."""

    name: str
    host: str
    user: str = ""
    run_as: str = ""
    work: str = "/var/lib/seconder"
    ssh_port: int = 22
    ssh_key: str = ""


Machine = Node | Host


@dataclass(frozen=True)
class Managed:
    """What else operates a cluster, as the configuration says.

    ``kind`` is ``patroni``, ``repmgr``, ``none`` (whatever it looks like), or empty: a look finds out. ``program`` is
    patronictl or repmgr on the nodes, ``config`` its settings there (``{node}`` stands for the node's name), ``user``
    who runs it if that is not the server's user. ``scope`` is Patroni's name of the cluster if it is another one.
    """

    kind: str = ""
    program: str = ""
    config: str = ""
    user: str = ""
    scope: str = ""


@dataclass(frozen=True)
class Cluster:
    """Servers that replicate one database.

    ``archive`` lists where WAL is archived, as ``node:folder``. ``replication_user`` is the role that standbys
    connect as. ``backups`` is where backups are kept, as ``node:folder``. ``hooks`` are what the site does besides,
    ``hosts`` the machines that they name. ``managed`` names what else operates it.
    """

    name: str
    engine: str
    channel: str
    nodes: Mapping[str, Node] = field(default_factory=dict)
    archive: tuple[str, ...] = ()
    backups: str = ""
    replication_user: str = ""
    hooks: tuple[Hook, ...] = ()
    hosts: Mapping[str, Host] = field(default_factory=dict)
    managed: Managed = Managed()

    def node(self, name: str) -> Node:
        """Give a node by its name; raises KeyError."""
        return self.nodes[name]
