"""The server's own process on its machine: whether there is one, its start and its stop."""

import time
from collections.abc import Callable

from core.errors import StepFailed
from fleet.errors import ShellError
from fleet.inventory import Node
from fleet.postgres.control import (
    POLL,
    PUT,
    QUICK,
    SYNC,
    last_line,
    need,
    program,
    signal_file,
)
from fleet.postgres.wal import SEAL, sealed
from fleet.shell import Ran, Shell

_NO_SERVER = 3  # pg_ctl status, PostgreSQL's documentation: "If the server is not running"
# Ends with 3 when no process of the server is left. The processes are looked for after the postmaster was asked for, so
# that one which began in between is seen as well. A killed one that nobody has buried yet is dead: pg_ctl counts it.
_HOW = """
data=$1 fence=$2
shift 2
[ / -ef / ] || { echo "this shell can't compare files" >&2; exit 70; }
left() {
    for cwd in /proc/[0-9]*/cwd; do
        if [ "$cwd" -ef "$data" ]; then exit 0; fi
    done
}
see() {
    "$@" > /dev/null
    code=$?
    if [ "$code" -eq 0 ] && read -r pid < "$data/postmaster.pid" && read -r stat < "/proc/$pid/stat"; then
        case ${stat##*) } in Z*) code=3 ;; esac
    fi 2> /dev/null
    [ "$code" -eq 3 ] || exit "$code"
    left
}
"""
_SEE = 'see "$@"'
_SEE_FENCED = f'{_SEE}\n[ ! -e "$fence" ] || echo fenced'
# While clients wait pg_ctl is left out: it has been asked a moment ago, and its postmaster would be in /proc as well.
_LEFT = f"if [ -e /proc/self/cwd ]; then left; else {_SEE}; fi"
_FENCE_GONE = f"{_LEFT}\n{PUT} || exit 71\n{{ {SYNC}; }} &\n{_LEFT}\n{SEAL}wait"
_FED = "read -r go || exit 70"  # it may be started ahead


def running(shell: Shell, node: Node, *, timeout: float = QUICK) -> bool:
    """Say whether postmaster.pid names a living process. Raises ``ShellError`` when that can't be told.

    A killed one that its parent has not buried yet (a container without an init) is dead, whatever kill(pid, 0) says.
    """
    ran = shell.run([program(node, "pg_ctl"), "-D", node.data, "status"], timeout=timeout)
    if ran.ok:
        return not _unburied(shell, node)
    if ran.code == _NO_SERVER:
        return False
    raise ShellError(f"pg_ctl can't look at {node.data} on {node.name}: {last_line(ran)}", code="PG-CTL-STATUS")


def gone(shell: Shell, node: Node, *, timeout: float = QUICK) -> bool:
    """Say whether no process of the server is left: no postmaster, and no orphan that still works in its folder.

    After kill -9 of the postmaster a busy backend lives on and may even commit; every server process has the data
    folder as its working directory, which Linux shows under /proc. Where there is no /proc only pg_ctl is asked.
    Raises ``ShellError`` when it can't be told.
    """
    return _see(shell, node, _SEE, timeout).code == _NO_SERVER


def gone_fenced(shell: Shell, node: Node) -> bool:
    """Say whether no process of the server is left and standby.signal lies in its folder, by one program."""
    ran = _see(shell, node, _SEE_FENCED, QUICK)
    return ran.code == _NO_SERVER and bool(ran.out)


def ready_to_fence(shell: Shell, node: Node, count: int) -> None:
    """Have ``fence_gone``'s program started, which does nothing before it is fed; 0 lets go of it."""
    shell.ahead(_seeing(node, _FENCE_GONE), count)


def fence_gone(shell: Shell, node: Node) -> str | None:
    """Fence a server of which no process is left, and give the seal over its WAL; None when one is left.

    One that began before the fence was there may not have read it, so they are looked for before and after. Raises
    ``ShellError``, ``Unreachable``.
    """
    ran = _see(shell, node, _FENCE_GONE, QUICK)
    return sealed(ran.out) if ran.code == _NO_SERVER else None


def _see(shell: Shell, node: Node, how: str, timeout: float) -> Ran:
    ran = shell.run(_seeing(node, how), timeout=timeout, stdin="go\n")
    if ran.code not in {0, _NO_SERVER}:
        wanted = "fenced" if how == _FENCE_GONE else "looked at"
        raise ShellError(f"{node.data} on {node.name} can't be {wanted}: {last_line(ran)}", code="PG-CTL-STATUS")
    return ran


def _seeing(node: Node, how: str) -> list[str]:
    status = [program(node, "pg_ctl"), "-D", node.data, "status"]
    script = f"{_FED}\n{_HOW}{how}\nexit {_NO_SERVER}"
    return ["sh", "-c", script, "see", node.data.rstrip("/"), signal_file(node), *status]


def processes(shell: Shell, node: Node, *, timeout: float = QUICK) -> tuple[str, ...]:
    """Give the ids of all processes that work in a node's data folder, as far as /proc shows them."""
    ran = shell.run(
        ["find", "-L", "/proc", "-mindepth", "2", "-maxdepth", "2", "-name", "cwd", "-samefile", node.data],
        timeout=timeout,
    )
    return tuple(line.split("/")[2] for line in ran.out.split())


def stop_argv(node: Node) -> list[str]:
    """Give the command of a fast stop that does not wait for the end."""
    if node.service:
        return ["sudo", "-n", "systemctl", "stop", "--no-block", node.service]
    return [program(node, "pg_ctl"), "-D", node.data, "-m", "fast", "-W", "stop"]


def start_argv(node: Node, timeout: float) -> list[str]:
    """Give the command of a start that waits until the server takes connections, ``timeout`` seconds at most."""
    if node.service:
        return ["sudo", "-n", "systemctl", "start", node.service]
    log = f"{node.work.rstrip('/')}/postgresql-{node.name}.log"
    return [program(node, "pg_ctl"), "-D", node.data, "-l", log, "-w", "-t", str(max(1, int(timeout))), "start"]


def request_stop(shell: Shell, node: Node) -> None:
    """Ask for a fast stop and come back at once. Raises ``StepFailed`` when the request was not taken."""
    ran = shell.run(stop_argv(node), timeout=QUICK)
    if not ran.ok and running(shell, node):
        raise StepFailed(f"{node.name} can't be stopped: {last_line(ran)}", code="STOP-REFUSED")


def stop(shell: Shell, node: Node, *, timeout: float) -> None:
    """Stop a server and wait until no process of it is left. Raises ``StepFailed``; stopped already is fine."""
    if not gone(shell, node):
        request_stop(shell, node)
        wait_gone(shell, node, timeout=timeout)


def start(shell: Shell, node: Node, *, timeout: float) -> None:
    """Start a server. Raises ``StepFailed`` when it can't be; a running one is fine, whoever began it meanwhile.

    18's pg_ctl ends with code 0 though a standby fell over at once, and no code proves that it stays up: ask it.
    """
    if running(shell, node):
        return
    _wait_buried(shell, node)
    if not node.service:
        need(shell.run(["mkdir", "-p", "--", node.work], timeout=QUICK), node, "mkdir")
    ran = shell.run(start_argv(node, timeout), timeout=timeout + QUICK)
    if not ((ran.ok and node.service) or running(shell, node)):  # a unit may come back before there is a process
        hint = f"Read the end of its log on {node.name}."
        raise StepFailed(f"{node.name} can't be started: {last_line(ran)}", hint, code="START-REFUSED")


def reload(shell: Shell, node: Node) -> None:
    """Have a server read its configuration again; no connection is needed. Raises ``ShellError``."""
    need(shell.run([program(node, "pg_ctl"), "-D", node.data, "reload"], timeout=QUICK), node, "pg_ctl reload")


def wait_gone(shell: Shell, node: Node, *, timeout: float, unless: Callable[[], bool] = lambda: False) -> None:
    """Wait until no process of the server is left, ``unless`` says that there is no need any more.

    Raises ``StepFailed`` after ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    while not gone(shell, node) and not unless():
        if time.monotonic() > deadline:
            hint = "A WAL sender or the archiver may hold it up: look at its processes."
            raise StepFailed(f"{node.name} still has server processes after {timeout:g} s.", hint, code="STILL-RUNNING")
        time.sleep(10 * POLL)


def _wait_buried(shell: Shell, node: Node) -> None:
    """Wait for the parent of a killed server to bury it: a new one takes the old id in postmaster.pid for alive."""
    deadline = time.monotonic() + QUICK
    while _unburied(shell, node) and time.monotonic() < deadline:
        time.sleep(20 * POLL)


def _unburied(shell: Shell, node: Node) -> bool:
    pid = (shell.read(f"{node.data.rstrip('/')}/postmaster.pid") or "").partition("\n")[0]
    if not pid.isdigit():
        return False
    stat = shell.run(["cat", f"/proc/{pid}/stat"], timeout=QUICK).out  # "4711 (postgres) Z 1 …"
    return stat.rpartition(") ")[2].startswith("Z")
