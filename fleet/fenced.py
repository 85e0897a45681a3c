"""A site that asks, before each program and each connection, whether whoever uses it still may."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import psycopg

from core.errors import SeconderError
from fleet.inventory import Cluster, Machine, Node
from fleet.shell import Ran, Shell
from fleet.site import MARK, Read, Site

_SHUT_OUT = """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE application_name ~ ('^seconder ' || %(run)s || ' [0-9]+$')
AND split_part(application_name, ' ', 3)::int < %(epoch)s AND pid <> pg_backend_pid()"""


@dataclass(frozen=True)
class FencedShell:
    """A shell behind the question."""

    shell: Shell
    mine: Callable[[], None]

    def run(self, argv: Sequence[str], *, timeout: float, stdin: str = "") -> Ran:
        """Run a program to its end."""
        self.mine()
        return self.shell.run(argv, timeout=timeout, stdin=stdin)

    def read(self, path: str) -> str | None:
        """Give a file's text."""
        return self.shell.read(path)

    def write(self, path: str, text: str, *, mode: int = 0o600) -> None:
        """Put a file in place whole."""
        self.mine()
        self.shell.write(path, text, mode=mode)

    def ahead(self, argv: Sequence[str], count: int) -> None:
        """Have programs started that nobody has fed yet: whoever does is asked then."""
        self.shell.ahead(argv, count)

    def stage(self, folder: str, text: str, count: int) -> None:
        """Have a text lie ready that has no name yet: whoever gives it one is asked then."""
        self.shell.stage(folder, text, count)

    def close(self) -> None:
        """Leave the connections to whoever holds the real shell."""


@dataclass(frozen=True)
class FencedSite:
    """A site for one run. Its sessions carry the run's id and epoch, so that a later epoch can end them."""

    site: Site
    run: str
    epoch: int
    mine: Callable[[], None]

    @property
    def cluster(self) -> Cluster:
        """Give what the inventory names."""
        return self.site.cluster

    def shell(self, node: Machine) -> Shell:
        """Give the shell of a node."""
        return FencedShell(self.site.shell(node), self.mine)

    def connect(self, node: Node, *, timeout: float = 3.0, name: str = "") -> psycopg.Connection[dict[str, object]]:  # noqa: ARG002
        """Open a connection that a later epoch of this run can find and end: it bears their name, whatever is asked."""
        self.mine()
        return self.site.connect(node, timeout=timeout, name=f"{MARK} {self.run} {self.epoch}")

    def kept(self, key: Hashable, read: Callable[[], Read], seconds: float = math.inf) -> Read:
        """Give what was read for a key before, else read it."""
        return self.site.kept(key, read, seconds)

    def ahead(self, node: Node, count: int) -> None:
        """Open connections that nobody uses yet: whoever takes one is asked then."""
        self.site.ahead(node, count)


def shut_out(site: Site, run: str, epoch: int) -> list[str]:
    """End, on every node that answers, the sessions of earlier epochs of a run; gives the nodes that did not answer.

    What a bot that was stopped in the middle has asked for then finds no session any more, and its next question
    meets the fence.
    """
    silent = []
    for node in site.cluster.nodes.values():
        try:
            with site.connect(node) as connection:
                connection.execute(_SHUT_OUT, {"run": run, "epoch": epoch})
        except (SeconderError, psycopg.Error):
            silent.append(node.name)
    return silent
