"""The server's own programs and files on its machine: pg_controldata, pg_ctl, standby.signal."""

from collections.abc import Sequence

from fleet.errors import ShellError
from fleet.inventory import Node
from fleet.postgres.controldata import SIGNAL, Control, parse_control
from fleet.shell import Ran, Shell

QUICK = 10.0  # seconds for a program that only looks
POLL = 0.005  # seconds between looks while clients wait
PUT = 'umask 077; : > "$fence"'
SYNC = 'sync -- "$fence" "$data/" 2>/dev/null || :'
_FENCE = f"fence=$1 data=${{1%/*}}; {PUT} && {{ {SYNC}; }}"
_LOOK = 'if [ -e "$1" ]; then echo "standby.signal: present"; fi; shift; exec "$@"'


def program(node: Node, name: str) -> str:
    """Give the path of one of PostgreSQL's programs on a node."""
    return f"{node.bin.rstrip('/')}/{name}" if node.bin else name


def signal_file(node: Node) -> str:
    """Give the path of standby.signal: whoever starts the server while it lies there starts a standby (12+)."""
    return f"{node.data.rstrip('/')}/{SIGNAL}"


def control_argv(node: Node) -> list[str]:
    """Give the command that shows the control file, in English."""
    return ["env", "LC_ALL=C", program(node, "pg_controldata"), "-D", node.data]


def read_control(shell: Shell, node: Node, *, timeout: float = QUICK) -> Control:
    """Read the control file and look for standby.signal, in one program: clients may be waiting.

    Raises ``ShellError``, ``Unreachable``.
    """
    argv = ["sh", "-c", _LOOK, "look", signal_file(node), *control_argv(node)]
    return parse_control(need(shell.run(argv, timeout=timeout), node, "pg_controldata").out)


def read_state(shell: Shell, node: Node, *, timeout: float = QUICK) -> Control:
    """Read the control file only, for loops in which clients wait. ``fenced`` is not looked at."""
    return parse_control(need(shell.run(control_argv(node), timeout=timeout), node, "pg_controldata").out)


def fenced(shell: Shell, node: Node, *, timeout: float = QUICK) -> bool:
    """Say whether standby.signal lies in the data folder."""
    return shell.run(["test", "-e", signal_file(node)], timeout=timeout).ok


def fence(shell: Shell, node: Node) -> None:
    """Put standby.signal in place, so that any start comes up read-only. Raises ``ShellError``, ``Unreachable``."""
    need(shell.run(["sh", "-c", _FENCE, "fence", signal_file(node)], timeout=QUICK), node, "writing standby.signal")


def unfence(shell: Shell, node: Node) -> None:
    """Take standby.signal away: the next start accepts writes. Raises ``StepFailed`` when it is still there."""
    need(shell.run(["rm", "-f", "--", signal_file(node)], timeout=QUICK), node, "rm")


def need(ran: Ran, node: Node, what: str) -> Ran:
    """Give how a program ended, which had to end well. Raises ``ShellError`` (PROGRAM-FAILED)."""
    if not ran.ok:
        raise ShellError(f"{what} failed on {node.name} (code {ran.code}): {last_line(ran)}", code="PROGRAM-FAILED")
    return ran


def last_line(ran: Ran) -> str:
    """Give the last thing that a program said, of its errors first."""
    lines: Sequence[str] = (ran.err.strip() or ran.out.strip()).splitlines()
    return lines[-1] if lines else f"code {ran.code}"
