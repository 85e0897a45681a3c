"""The clean stop of a primary, while its clients wait: one program on the host asks for it and sees it through."""

import math
import shlex

from core.errors import StepFailed
from fleet.errors import TimedOut
from fleet.inventory import Node
from fleet.postgres.control import POLL, control_argv, last_line, need, read_state
from fleet.postgres.controldata import SHUT_DOWN, Control, parse_control
from fleet.postgres.process import running, stop_argv
from fleet.shell import Shell

_NOT_TAKEN = 75  # our script's word for "the request to stop failed"
# As many looks as fit into the time: whoever asked may be dead, and nobody else would end it.
_STOP = f"""
turns=$1 pause=$2 wanted=$3 stop=$4
shift 4
said=$(eval "$stop" 2>&1) || {{ echo "$said" >&2; exit {_NOT_TAKEN}; }}
while said=$("$@") && [ "$turns" -gt 0 ]; do
    case $said in *" state: "*" $wanted"*) break ;; esac
    turns=$((turns - 1))
    sleep "$pause"
done
echo "$said"
[ -n "$said" ]
"""


def shut_down(shell: Shell, node: Node, *, timeout: float) -> Control:
    """Ask for a fast stop and wait until the control file says "shut down", which comes before the archiver ends.

    Stopped already is fine. Raises ``StepFailed``: the request was not taken, or it takes longer than ``timeout``.
    """
    found = _stopped(shell, node, timeout)
    if not found.shut_down:
        raise StepFailed(f"{node.name} is still {found.state!r} after {timeout:g} s.", code="STOP-TOO-LONG")
    return found


def _stopped(shell: Shell, node: Node, timeout: float) -> Control:
    words = [
        str(math.ceil(timeout / POLL)),
        str(POLL),
        f"{SHUT_DOWN}\n",
        shlex.join(stop_argv(node)),
        *control_argv(node),
    ]
    try:
        ran = shell.run(["sh", "-c", _STOP, "stop", *words], timeout=timeout)
    except TimedOut:
        return read_state(shell, node)
    if ran.code != _NOT_TAKEN:
        return parse_control(need(ran, node, "pg_controldata").out)
    if running(shell, node):
        raise StepFailed(f"{node.name} can't be stopped: {last_line(ran)}", code="STOP-REFUSED")
    return read_state(shell, node)  # it had ended by itself
