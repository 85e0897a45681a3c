"""Whether one node may log in at another, tried for real from where the program will run."""

from dataclasses import dataclass

from fleet.inventory import Node
from fleet.shell import Shell

_TRY = 15.0  # seconds
_REPLICATION = (
    "postgresql:///replication?replication=true"  # libpq looks the password up under that name, as standbys do
)
_CONNECT = 10  # seconds that libpq may take to connect


@dataclass(frozen=True)
class Login:
    """How a login attempt ended: ``error`` is empty when it worked, ``sysid`` is what answered."""

    sysid: str
    error: str


def environment(shell: Shell, node: Node) -> list[str]:
    """Give the words before a program that connects from a node: limits, and its password file if that can be read.

    Passwords never stand in an argument vector.
    """
    words = ["env", f"PGCONNECT_TIMEOUT={_CONNECT}"]
    if node.passfile and not unreadable(shell, node):
        words.append(f"PGPASSFILE={node.passfile}")
    return words


def unreadable(shell: Shell, node: Node) -> str:
    """Give a node's password file if its server's user can't read it, else nothing; libpq would pass over it."""
    if not node.passfile or shell.run(["test", "-r", node.passfile], timeout=_TRY).ok:
        return ""
    return node.passfile


def hint(error: str, here: Node, user: str, unread: str) -> str:
    """Say how to mend a login that did not work."""
    if unread:
        return (
            f"{here.run_as or 'The server user'} can't read {unread} on {here.name}; give it a copy of its own (0600)."
        )
    if "pg_hba.conf" in error:
        return f"Let {user} in from {here.address} in its pg_hba.conf, then reload."
    if "password" in error:
        return f"Give {here.run_as or 'the server user'} on {here.name} a password file with a line for {user}."
    return "Try the same login by hand from there."


def to(node: Node, user: str) -> list[str]:
    """Give the words with which PostgreSQL's programs are told a server; no blanks, so that an allow file matches."""
    return ["-h", node.address, "-p", str(node.port), "-U", user]


def replication(shell: Shell, here: Node, there: Node, user: str) -> Login:
    """Open a replication connection from one node to another and ask who answers."""
    return _ask(shell, here, ["-d", _REPLICATION, *to(there, user), "-c", "IDENTIFY_SYSTEM"])


def sql(shell: Shell, here: Node, there: Node) -> Login:
    """Open an ordinary connection from one node to another, as the user that pg_rewind and pg_dumpall use."""
    question = "SELECT system_identifier FROM pg_control_system()"
    return _ask(shell, here, ["-d", there.database, *to(there, there.database_user), "-c", question])


def _ask(shell: Shell, here: Node, words: list[str]) -> Login:
    ran = shell.run([*environment(shell, here), f"{here.bin}/psql", "-XAtw", *words], timeout=_TRY)
    if ran.ok:
        return Login(ran.out.strip().partition("|")[0], "")
    said = ran.err.strip().splitlines()
    return Login("", said[-1] if said else f"psql ended with code {ran.code}")
