"""Take a base backup, verify it, keep it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from actions.contract import Action, At, StepCode
from core.errors import StepFailed
from core.facts import Fact
from core.outcome import Evidence, Probe, Refusal
from core.plan import Kind, Lock, Plan, Risk, Step, Undo
from core.spec import Argument, Spec, Takes
from fleet.inventory import Node
from fleet.postgres import basebackup, copying, keeping, lookup, lsn, readiness
from fleet.postgres.basebackup import Destination
from fleet.postgres.keeping import Keep
from fleet.postgres.observe import observe
from fleet.postgres.readiness import Readiness, objection
from fleet.postgres.source import pick
from fleet.postgres.view import ClusterView
from fleet.site import Site

SPEC = Spec(
    name="backup",
    engine="postgres",
    summary="take a base backup, verify every file, keep it",
    risk=Risk.CHANGE,
    lock=Lock.NODE,
    deadline=12 * 3600.0,
    version=1,
    arguments=(Argument("node", Takes.NODE, "the node to copy from; without it a healthy standby, else the primary"),),
    example="backup main",
)


Args = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """Which cluster, and perhaps from which node."""

    cluster: str
    node: str | None = None


@dataclass(frozen=True)
class Found:
    """What the look showed. ``ready`` is None when there is no node to copy from, or no place to copy to."""

    view: ClusterView
    source: str | None
    why: str
    where: Destination | None
    ready: Readiness | None


def look(asked: Asked, site: Site) -> Found:
    """Look at the cluster, the source and the destination."""
    view = observe(site)
    where = basebackup.destination(site.cluster)
    source, why = pick(view, asked.node, where.node.name if where else "")
    user = site.cluster.replication_user or (site.cluster.node(source).database_user if source else "")
    ready = None
    if where and source:
        ready = readiness.look(site, site.cluster.node(source), where.node, where.folder, user)
    return Found(view, source, why, where, ready)


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Say what stands in the way, most basic first."""
    if found.where is None:
        hint = f'Add to the configuration, under [clusters.{asked.cluster}]: backups = "NODE:/FOLDER"'
        return Refusal("BACKUP-NO-DESTINATION", f"{asked.cluster} has no place for backups.", hint)
    if found.source is None or found.ready is None:
        return Refusal(
            "BACKUP-NO-SOURCE", f"There is nothing to copy from: {found.why}.", f"/db status {asked.cluster}"
        )
    return objection(found.ready, found.where.node, f"{found.where.node.name}:{found.where.folder}", SPEC.name.upper())


def plan(asked: Asked, found: Found) -> Plan:
    """Copy, verify, add what is missing, keep. Nothing here can hurt the source."""
    if found.where is None or found.source is None or found.ready is None:
        raise StepFailed("There is nothing to plan from.", "refuse() comes first.")
    source, where, ready = found.source, found.where, found.ready
    args: Args = {"source": source, "system": ready.sysid}
    place = f"{where.node.name}:{where.folder}"
    aside = Undo("set_aside", {}, "set the copy aside as .failed")
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=asked.cluster,
        title=f"Back up {asked.cluster}: {source} → {place}",
        risk=Risk.CHANGE,
        asked=asdict(asked),
        facts=facts(found.view, source, ready),
        steps=(
            Step("copy", args, f"copy {source} to {place}", Kind.PROBE, 8 * 3600.0, undo=aside),
            Step("verify", args, "read back every file and the WAL", Kind.IDEMPOTENT, 3 * 3600.0),
            Step("extras", args, "add roles and outside configuration", Kind.IDEMPOTENT, 600.0),
            Step("keep", {**args, "checksums": ready.checksums}, "bring it to the disk, name it", Kind.PROBE, 900.0),
        ),
        costs=(
            f"reads {lsn.size(ready.size)} from {source}; {place} has {_free(ready)} free",
            "no downtime; one checkpoint at once",
        ),
        notes=notes(found.view, found.why, ready),
        onward=onward(where),
        back=(f"ls -d {where.folder}/*.partial   # not a backup: rename it to .failed, then delete it when you like",),
        notes_on=where.node.name,
        waiting=(f"a change of primary, timeline, of {source}'s role or major version ends it",),
        look=lookup.timeline(found.view, found.view.primary.name) if found.view.primary else None,
    )


def facts(view: ClusterView, source: str, ready: Readiness) -> tuple[Fact, ...]:
    """Give what must still hold when the backup begins."""
    primary = view.primary
    return (
        Fact("system identifier", view.name, ready.sysid),
        Fact("primary", view.name, primary.name if primary else None),
        Fact("timeline", view.name, primary.timeline if primary else None),
        Fact("role", source, view.nodes[source].state),
        Fact("major version", source, ready.version),
    )


def notes(view: ClusterView, why: str, ready: Readiness) -> tuple[str, ...]:
    """Say what a tired person should know before agreeing."""
    said = [f"source: {why}"]
    if not ready.checksums:
        said.append("checksums are off: whether the pages themselves are good stays UNKNOWN")
    archiver = view.primary.archiver if view.primary else None
    if archiver is None or archiver.mode == "off":
        said.append("no WAL archive: this backup restores to its own end, not to a later moment")
    elif archiver.failing:
        said.append(f"the archiver fails at {archiver.last_failed}: WAL after this backup is not kept")
    said.append("a failed copy is set aside as .failed and never counts; no backup is deleted")
    return tuple(said)


def onward(where: Destination) -> tuple[str, ...]:
    """Give the commands that finish a copy by hand."""
    return (
        f"cd {where.folder} && ls -d *.partial   # NAME.partial is this run's",
        f"{where.node.bin}/pg_verifybackup NAME.partial/data   # must say: backup successfully verified",
        "mv -T NAME.partial NAME   # only then",
    )


def _free(ready: Readiness) -> str:
    return "an unknown amount" if ready.free is None else lsn.size(ready.free)


def _keep(at: At) -> Keep:
    where = basebackup.destination(at.site.cluster)
    if where is None:
        raise StepFailed("The cluster has no place for backups any more.", "Restore the configuration line.")
    return Keep(at.site.shell(where.node), where, f"{at.site.cluster.name}.{at.step.run}")


def _source(at: At, args: Args) -> Node:
    """Give the source after making sure that it still is the same system."""
    node = at.site.cluster.node(args["source"])
    with at.site.connect(node) as connection:
        row = connection.execute("SELECT system_identifier::text AS sysid FROM pg_control_system()").fetchone()
    if row is None or row["sysid"] != args["system"]:
        raise StepFailed(f"{node.name} is another system now.", "Check the configuration.", code="BACKUP-OTHER-SYSTEM")
    return node


def _copy(at: At, args: Args) -> Evidence:
    cluster = at.site.cluster
    source = _source(at, args)
    return keeping.copy(_keep(at), source, cluster.replication_user or source.database_user, at.step)


def _verify(at: At, _args: Args) -> Evidence:
    return keeping.verify(_keep(at), at.step)


def _extras(at: At, args: Args) -> Evidence:
    return keeping.extras(at.site, _keep(at), _source(at, args))


def _keep_it(at: At, args: Args) -> Evidence:
    source = at.site.cluster.node(args["source"])
    return keeping.keep_it(_keep(at), source, checksums=args["checksums"], system=args["system"])


def _set_aside(at: At, _args: Args) -> Evidence:
    keep = _keep(at)
    copying.settle(keep.shell, keep.where.node, at.step.job)
    return keeping.set_aside(keep)


def _copied(at: At, _args: Args) -> Probe:
    return Probe.DONE if _keep(at).copied() else Probe.NOT_DONE


def _kept(at: At, _args: Args) -> Probe:
    return Probe.DONE if _keep(at).kept() else Probe.NOT_DONE


def _again(_at: At, _args: Args) -> Probe:
    return Probe.NOT_DONE


ACTION = Action(
    spec=SPEC,
    asked=Asked,
    look=look,
    refuse=refuse,
    plan=plan,
    steps={
        "copy": StepCode(_copy, _copied),
        "verify": StepCode(_verify, _again),
        "extras": StepCode(_extras, _again),
        "keep": StepCode(_keep_it, _kept),
        "set_aside": StepCode(_set_aside, _again),
    },
)
