"""The commands with which a person goes on or goes back without the bot, at 3 a.m., copied from a note on the node."""

import shlex
from collections.abc import Mapping, Sequence

from fleet.hooks.hook import At, Hook
from fleet.hooks.planning import back_lines, lines_at
from fleet.inventory import LOCAL, Cluster, Node
from fleet.postgres.candidate import Choice
from fleet.postgres.control import program, signal_file
from fleet.postgres.process import start_argv, stop_argv
from fleet.postgres.upstream import conninfo

_PATIENCE = 60  # seconds


def onward(cluster: Cluster, choice: Choice, slots: Mapping[str, str], hooks: Sequence[Hook] = ()) -> tuple[str, ...]:
    """Give the commands that finish the promotion, in order."""
    old, new = cluster.node(choice.old), cluster.node(choice.new)
    if choice.planned:
        lines = [*lines_at(cluster, hooks, At.PRE_PROMOTE), *_clean_stop(old, new)]
        lines += lines_at(cluster, hooks, At.POST_DEMOTE)
    else:
        lines = [*_dead(old, hangs=choice.hangs), *lines_at(cluster, hooks, At.FENCE)]
    lines += [sql(new, f"SELECT pg_create_physical_replication_slot('{slot}', true)") for slot in slots.values()]
    lines += [
        "# No way back from here.",
        run(new, program(new, "pg_ctl"), "-D", new.data, "promote"),
        *lines_at(cluster, hooks, At.POST_PROMOTE),
        sql(new, "CHECKPOINT"),
    ]
    for name in choice.others:
        lines += [f"# {name} follows {new.name}:", *_aim(cluster.node(name), new, slots[name])]
    if choice.planned:
        lines += [
            f"# {old.name} returns as a standby, once no process of it is left:",
            run(old, "ls", signal_file(old)),
        ]
        lines += [*_start(old), *_aim(old, new, slots[old.name])]
    else:
        lines += [f"# {old.name} has WAL of its own: never start it as a primary. /db resync {cluster.name} {old.name}"]
    return tuple(lines)


def back(cluster: Cluster, choice: Choice, hooks: Sequence[Hook] = ()) -> tuple[str, ...]:
    """Give the commands that make the old primary serve again; right only while nobody was promoted."""
    old, new = cluster.node(choice.old), cluster.node(choice.new)
    return (
        f"# Only while {new.name} is still a standby; this must print t:",
        sql(new, "SELECT pg_is_in_recovery()"),
        *back_lines(cluster, hooks, At.POST_DEMOTE),
        *back_lines(cluster, hooks, At.FENCE),
        run(old, "rm", "-f", signal_file(old)),
        f"# If {old.name} runs, that is all. Once no process of it is left:",
        *_start(old),
        *back_lines(cluster, hooks, At.PRE_PROMOTE),
    )


def restart(cluster: Cluster, choice: Choice) -> str:
    """Give the command that starts the old primary as it was."""
    return "; ".join(_start(cluster.node(choice.old)))


def on(node: Node, command: str) -> str:
    """Write a command for a shell, to be typed on a node as a person who may sudo."""
    who = f"sudo -u {shlex.quote(node.run_as)} " if node.run_as and not command.startswith("sudo ") else ""
    place = node.name if node.host == LOCAL else f"{node.name} ({node.host})"
    return f"{who}{command}   # on {place}"


def run(node: Node, *argv: str) -> str:
    """Write a program call for a node."""
    return on(node, shlex.join(argv))


def sql(node: Node, statement: str) -> str:
    """Write a statement for a node, through psql on that node."""
    passfile = f"env PGPASSFILE={shlex.quote(node.passfile)} " if node.passfile and node.host == LOCAL else ""
    words = ["-h", "127.0.0.1", "-p", str(node.port), "-U", node.database_user, "-d", node.database]
    return on(node, f'{passfile}{shlex.join([program(node, "psql"), *words])} -c "{statement}"')


def _clean_stop(old: Node, new: Node) -> list[str]:
    return [
        f"# Stop {old.name} behind a fence: any start comes up read-only.",
        run(old, "touch", signal_file(old)),
        run(old, *stop_argv(old)),
        '# Wait for "shut down"; note "Latest checkpoint location" (PLACE) and "…REDO WAL file" (FILE):',
        run(old, program(old, "pg_controldata"), "-D", old.data),
        f"# {new.name} must show CHECKPOINT_SHUTDOWN at that place, else go back:",
        run(new, program(new, "pg_waldump"), "-n", "1", "-s", "PLACE", f"{new.data}/pg_wal/FILE"),
    ]


def _dead(old: Node, *, hangs: bool) -> list[str]:
    kill = [run(old, program(old, "pg_ctl"), "-D", old.data, "-m", "immediate", "stop")] if hangs else []
    return [
        f"# {old.name} must be off, and stay read-only if it is ever started:",
        run(old, program(old, "pg_ctl"), "-D", old.data, "status"),
        run(old, "touch", signal_file(old)),
        *kill,
    ]


def _aim(node: Node, new: Node, slot: str) -> list[str]:
    hint = "primary_conninfo: keep what it has (SHOW primary_conninfo), but host and port:"
    return [
        f"# {hint} {conninfo('', new, node.name)}",
        sql(node, "ALTER SYSTEM SET primary_conninfo = '…'"),
        sql(node, f"ALTER SYSTEM SET primary_slot_name = '{slot}'"),
        sql(node, "SELECT pg_reload_conf()"),
    ]


def _start(node: Node) -> list[str]:
    return [run(node, *start_argv(node, _PATIENCE))]
