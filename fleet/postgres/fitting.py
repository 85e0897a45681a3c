"""Whether a node's own settings let it start as a standby of this primary: read from its files before it is stopped."""

from collections.abc import Mapping

from fleet.inventory import Node
from fleet.postgres import owned
from fleet.postgres.candidate import NOT_BELOW
from fleet.postgres.control import program
from fleet.shell import Shell

_LOOK = 10.0  # seconds


def shortfalls(shell: Shell, node: Node, primary: Mapping[str, str]) -> tuple[str, ...]:
    """Say which settings are lower in the node's files than on the primary: with them it would not start again.

    Nothing where its files can't be read by its own program: what is not known is no reason to refuse.
    """
    outside = owned.config_file(shell, node)
    words = [program(node, "postgres"), "-D", node.data, *(["-c", f"config_file={outside}"] if outside else [])]
    said = []
    for key in NOT_BELOW:
        theirs = primary.get(key, "")
        mine = shell.run([*words, "-C", key], timeout=_LOOK).out.strip() if theirs.isdigit() else ""
        if mine.isdigit() and int(mine) < int(theirs):
            said.append(f"{key} is {mine} there, {theirs}")
    return tuple(said)
