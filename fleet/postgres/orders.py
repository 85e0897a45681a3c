"""The commands with which a person goes on with a resync, or back, when the bot is dead."""

from fleet.inventory import Cluster, Node
from fleet.postgres.byhand import run, sql
from fleet.postgres.control import program, signal_file
from fleet.postgres.ladder import Rung
from fleet.postgres.process import start_argv
from fleet.postgres.ways import Way

_PATIENCE = 600  # seconds
RUN = "RUN"  # stands for the run's id, which the plan can't know
_EXPLAIN = f"# {RUN} stands for this run's id; the newest folder of that kind is the one."


def onward(cluster: Cluster, way: Way) -> tuple[str, ...]:
    """Give the commands that finish the way back, in order."""
    here, there, ahead = cluster.node(way.node), cluster.node(way.primary), cluster.node(way.ahead)
    slot = sql(ahead, f"SELECT pg_create_physical_replication_slot('{way.slot}', true)")
    match way.rung:
        case Rung.WAIT | Rung.UNPAUSE:
            lines = []
        case Rung.REPAIR | Rung.FEED:
            lines = [slot, *_aim(here, ahead, way)]
        case Rung.REWIND:
            lines = [*_rewind(here, there), slot, *_aim(here, ahead, way)]
        case Rung.COPY:
            lines = [slot, *_copy(cluster, here, way), *_aim(here, ahead, way)]
    starts = way.rung >= Rung.REWIND or (way.rung >= Rung.REPAIR and way.restart)
    restart = _start(here) if starts else []
    explain = [_EXPLAIN] if way.rung >= Rung.REWIND or way.strays else []
    return (
        *explain,
        *_strays(here, way),
        *lines,
        *restart,
        sql(here, "SELECT status, received_tli FROM pg_stat_wal_receiver"),
    )


def back(cluster: Cluster, way: Way) -> tuple[str, ...]:
    """Give the commands that leave the node as it was, as far as that is possible."""
    here = cluster.node(way.node)
    never = f"# Never start {way.node} without standby.signal: it would accept writes beside {way.primary}."
    if way.rung is Rung.REWIND:
        again = f"/db resync {cluster.name} {way.node} --rebuild"
        return (never, f"# A rewind that began can't be taken back: leave {way.node} down, then {again}")
    if way.rung is Rung.COPY:
        old = run(here, "mv", "-T", f"{here.data}.old.{RUN}", here.data)
        return (never, _EXPLAIN, "# If the old folder was renamed already:", old, *_start(here))
    return (never, *(_start(here) if way.restart and way.running else ()))


def _rewind(here: Node, there: Node) -> list[str]:
    source = f"host={there.address} port={there.port} user={there.database_user} dbname={there.database}"
    saved = f"{here.work}/saved/{RUN}"
    return [
        run(here, program(here, "pg_ctl"), "-D", here.data, "-m", "fast", "stop"),
        sql(there, "CHECKPOINT"),
        f"# {here.name}'s own .conf files must lie in {saved} first; else copy them there now:",
        run(here, "ls", saved),
        run(here, "rm", "-f", signal_file(here)),
        run(here, *_password(here), program(here, "pg_rewind"), "-D", here.data, "--source-server", source, "-R", "-P"),
        '# It must have said "rewinding from last common checkpoint"; if not, do not start it. Then:',
        run(here, "cp", "-a", f"{saved}/.", here.data),
        run(here, "touch", signal_file(here)),
    ]


def _copy(cluster: Cluster, here: Node, way: Way) -> list[str]:
    source = cluster.node(way.source)
    user = cluster.replication_user or source.database_user
    where = ["-h", source.address, "-p", str(source.port), "-U", user]
    new, old = f"{here.data}.new.{RUN}", f"{here.data}.old.{RUN}"
    basebackup = [*_password(here), program(here, "pg_basebackup"), *where]
    return [
        run(here, program(here, "pg_ctl"), "-D", here.data, "-m", "fast", "stop"),
        f"# Unless {new} has a backup_manifest already:",
        run(here, *basebackup, "-D", new, "-X", "stream", "-c", "fast", "-P"),
        run(here, program(here, "pg_verifybackup"), new),
        run(here, "touch", f"{new}/standby.signal"),
        f"# {here.name}'s own .conf files go from {here.data} into {new}. Then:",
        run(here, "mv", "-T", here.data, old),
        run(here, "mv", "-T", new, here.data),
    ]


def _strays(here: Node, way: Way) -> list[str]:
    known = ", ".join(f"{timeline:08X}" for timeline in way.known)
    return [
        line
        for folder in way.strays
        for line in (
            f"# Only files that begin with {known} belong in {folder}. The others go to {folder}/stray.{RUN}:",
            run(here, "ls", folder),
        )
    ]


def _password(here: Node) -> list[str]:
    return ["env", f"PGPASSFILE={here.passfile}"] if here.passfile else []


def _aim(here: Node, there: Node, way: Way) -> list[str]:
    aim = f"host={there.address} port={there.port}"
    file = f"{here.data}/postgresql.auto.conf"
    return [
        f"# In {file}: primary_conninfo with {aim}, primary_slot_name = '{way.slot}'; reload if it runs:",
        run(here, program(here, "pg_ctl"), "-D", here.data, "reload"),
    ]


def _start(here: Node) -> list[str]:
    return [run(here, "ls", signal_file(here)), run(here, *start_argv(here, _PATIENCE))]
