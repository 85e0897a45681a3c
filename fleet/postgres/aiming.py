"""The steps that aim a node at the primary: its slot there, its own configuration, whom it follows.

Every function takes the site, where the run stands, and the step's args; each checks again what it relies on.
"""

import shlex
from collections.abc import Mapping
from typing import Any

from psycopg import sql
from psycopg.conninfo import make_conninfo

from core.errors import SeconderError
from core.outcome import Evidence, Probe
from core.step import StepContext
from fleet.inventory import Node
from fleet.postgres import belongings, datadir, healing, login, owned, rewind, standing
from fleet.postgres.controldata import SIGNAL
from fleet.postgres.patience import talk
from fleet.postgres.upstream import aim as aim_at
from fleet.postgres.upstream import conninfo, current_conninfo, drop_slot, ensure_slot, has_slot
from fleet.shell import Shell
from fleet.site import Site

_QUICK = 15.0  # seconds


def slot(site: Site, step: StepContext, *, slot: str, upstream: str, **same: Any) -> Evidence:  # noqa: ANN401  # the step's args
    """Have the slot that keeps WAL for the node on whom it will follow; a lost one is made anew."""
    del step
    healing.still(site, **same)
    with talk(site, site.cluster.node(upstream)) as connection:
        made = ensure_slot(connection, slot)
    return Evidence(f"slot {slot} {'was made' if made else 'is there'} on {upstream}")


def slotted(site: Site, step: StepContext, *, slot: str, upstream: str, **_args: object) -> Probe:
    """Look whether the slot is there."""
    del step
    with talk(site, site.cluster.node(upstream)) as connection:
        return Probe.DONE if has_slot(connection, slot) else Probe.NOT_DONE


def unslot(site: Site, step: StepContext, *, node: str, slot: str) -> Evidence:
    """Drop a node's slot on whom it followed before; the node streams from elsewhere by now, so this may fail."""
    del step
    try:
        with talk(site, site.cluster.node(node)) as connection:
            dropped = drop_slot(connection, slot)
    except SeconderError as error:
        return Evidence(f"slot {slot} on {node} may still keep WAL: {error.message}")
    return Evidence(f"slot {slot} on {node} {'was dropped' if dropped else 'is not there, or somebody uses it'}")


def aim(site: Site, step: StepContext, *, node: str, upstream: str, slot: str, archive: str = "") -> Evidence:
    """Aim a standby that answers at another node, by SQL and a reload (13 and later; restore_command: 14)."""
    del step
    here, there = site.cluster.node(node), site.cluster.node(upstream)
    with talk(site, here) as connection:
        standing.reached(connection, node)
        known = current_conninfo(connection) or _borrowed(site, here, there)
        aim_at(connection, conninfo(known, there, node), slot)
        if archive:
            statement = sql.SQL("ALTER SYSTEM SET restore_command = {}").format(sql.Literal(fetch(archive)))
            connection.execute(statement)
        connection.execute("SELECT pg_reload_conf()")
    return Evidence(f"{node} is aimed at {upstream} through slot {slot}")


def settle(
    site: Site, step: StepContext, *, node: str, upstream: str, slot: str, fresh: bool = False, archive: str = ""
) -> Evidence:
    """Give a stopped node its own configuration back and aim it at whom it will follow, behind a fence.

    ``fresh``: the folder is a new copy beside the old one, from which the node's own files come.
    """
    here, there = site.cluster.node(node), site.cluster.node(upstream)
    shell = site.shell(here)
    healing.must_be_gone(shell, here)
    data = beside(shell, here, "new", step.run) if fresh else here.data
    names = _own_files(shell, here, data, "" if fresh else step.run)
    settings = _settings(site, here, there, shell.read(f"{data}/{owned.AUTO}") or "", slot)
    if archive:
        settings["restore_command"] = fetch(archive)
    if not names and fresh:
        settings |= {"port": str(here.port), "cluster_name": node}
    owned.set_in(shell, data, settings)
    shell.run(["rm", "-f", f"{data}/recovery.signal"], timeout=_QUICK)
    shell.write(f"{data}/{SIGNAL}", "")
    return Evidence(f"{node} has its own configuration and will follow {upstream} through slot {slot}")


def _own_files(shell: Shell, here: Node, data: str, run: str) -> tuple[str, ...]:
    """Bring a node's own files into a folder: those that a run saved, else those of the old data folder.

    After an unfinished rewind the old folder may hold the source's, so what was saved before that rewind counts.
    """
    saved = f"{here.work}/saved/{run}" if run else rewind.saved(shell, here)
    if saved:
        return owned.restore(shell, saved, data, datadir.names(shell, saved))
    return owned.restore(shell, here.data, data, belongings.files(shell, here.data))


def beside(shell: Shell, node: Node, kind: str, run: str) -> str:
    """Give a folder beside the data folder, links resolved: a rename must stay on one file system."""
    return f"{datadir.real(shell, node.data)}.{kind}.{run}"


def fetch(folder: str) -> str:
    """Give a restore_command that takes WAL from a folder on the node's own machine."""
    place = shlex.quote(folder).replace("%", "%%")
    return f"test -f {place}/%f && cp {place}/%f %p"


def _settings(site: Site, here: Node, there: Node, auto: str, slot: str) -> dict[str, str]:
    known = owned.value(auto, "primary_conninfo") or _borrowed(site, here, there)
    return {"primary_conninfo": conninfo(known, there, here.name), "primary_slot_name": slot}


def _borrowed(site: Site, here: Node, there: Node) -> str:
    """Give the conninfo of a node that follows already; without one, what the inventory knows."""
    for other in site.cluster.nodes.values():
        if other.name in {here.name, there.name}:
            continue
        try:
            with talk(site, other) as connection:
                known = current_conninfo(connection)
        except SeconderError:
            continue
        if known:
            return known
    words: Mapping[str, str] = {"user": site.cluster.replication_user or here.database_user}
    unread = login.unreadable(site.shell(here), here)
    passfile = {"passfile": here.passfile} if here.passfile and not unread else {}
    return make_conninfo(**words, **passfile, application_name=here.name)
