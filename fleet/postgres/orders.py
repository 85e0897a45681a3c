"""The commands with which a person goes on with a resync, or back, when the bot is dead."""

from fleet.inventory import Cluster, Node
from fleet.postgres.byhand import on, sql
from fleet.postgres.control import program, signal_file, start_argv
from fleet.postgres.ladder import Rung
from fleet.postgres.ways import Way

_PATIENCE = 600  # seconds
_NEWEST = "newest"  # run ids sort by time


def onward(cluster: Cluster, way: Way) -> tuple[str, ...]:
    """Give the commands that finish the way back, in order."""
    here, there = cluster.node(way.node), cluster.node(way.primary)
    slot = sql(there, f"SELECT pg_create_physical_replication_slot('{way.slot}', true)")
    match way.rung:
        case Rung.WAIT | Rung.UNPAUSE:
            lines = [sql(here, "SELECT pg_wal_replay_resume()")]
        case Rung.REPAIR | Rung.FEED:
            lines = [slot, *_aim(here, there, way)]
        case Rung.REWIND:
            lines = [*_rewind(here, there), slot, *_aim(here, there, way)]
        case Rung.COPY:
            lines = [slot, *_copy(cluster, here, way), *_aim(here, there, way)]
    restart = [] if way.rung in {Rung.WAIT, Rung.UNPAUSE} or not way.restart else _start(here)
    return (*lines, *restart, sql(here, "SELECT status, received_tli FROM pg_stat_wal_receiver"))


def back(cluster: Cluster, way: Way) -> tuple[str, ...]:
    """Give the commands that leave the node as it was, as far as that is possible."""
    here = cluster.node(way.node)
    never = f"# Never start {way.node} without standby.signal: it would accept writes beside {way.primary}."
    if way.rung is Rung.REWIND:
        again = f"/db resync {cluster.name} {way.node} --rebuild"
        return (never, f"# A rewind that began can't be taken back: leave {way.node} down, then {again}")
    if way.rung is Rung.COPY:
        old = on(here, "mv", "-T", f"{here.data}.old.RUN", here.data)
        return (never, f"# The old folder, if it was renamed already (RUN: the {_NEWEST} one):", old, *_start(here))
    return (never, *(_start(here) if way.restart and way.running else ()))


def _rewind(here: Node, there: Node) -> list[str]:
    source = f"host={there.address} port={there.port} user={there.database_user} dbname={there.database}"
    return [
        on(here, program(here, "pg_ctl"), "-D", here.data, "-m", "fast", "stop"),
        sql(there, "CHECKPOINT"),
        on(here, "rm", "-f", signal_file(here)),
        on(here, program(here, "pg_rewind"), "-D", here.data, "--source-server", source, "-R", "-P"),
        f"# It must say \"rewinding from last common checkpoint\". Its own files (the {_NEWEST} folder there) go back:",
        on(here, "ls", f"{here.work}/saved"),
        on(here, "touch", signal_file(here)),
    ]


def _copy(cluster: Cluster, here: Node, way: Way) -> list[str]:
    source = cluster.node(way.source)
    user = cluster.replication_user or source.database_user
    where = ["-h", source.address, "-p", str(source.port), "-U", user]
    new = f"{here.data}.new.RUN"
    return [
        f"# RUN is this run's id. Unless {new} has a backup_manifest already:",
        on(here, program(here, "pg_basebackup"), *where, "-D", new, "-X", "stream", "-c", "fast", "-P"),
        on(here, program(here, "pg_ctl"), "-D", here.data, "-m", "fast", "stop"),
        on(here, "touch", f"{new}/standby.signal"),
        f"# {here.name}'s own .conf files go from the old folder into the new one, then:",
        on(here, "mv", "-T", here.data, f"{here.data}.old.RUN"),
        on(here, "mv", "-T", new, here.data),
    ]


def _aim(here: Node, there: Node, way: Way) -> list[str]:
    aim = f"host={there.address} port={there.port}"
    file = f"{here.data}/postgresql.auto.conf"
    return [
        f"# In {file}: primary_conninfo with {aim}, primary_slot_name = '{way.slot}'; reload if it runs:",
        on(here, program(here, "pg_ctl"), "-D", here.data, "reload"),
    ]


def _start(here: Node) -> list[str]:
    return [on(here, "ls", signal_file(here)), on(here, *start_argv(here, _PATIENCE))]
