"""Delete a folder that a resync moved aside, once its node serves without it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from actions.contract import Action, At, StepCode
from core.errors import StepFailed
from core.facts import Fact
from core.outcome import Evidence, Probe, Refusal
from core.plan import Kind, Lock, Plan, Risk, Step
from core.spec import Argument, Spec, Takes
from fleet.postgres import attic, byhand, discarding, lookup, lsn
from fleet.postgres.attic import Kept
from fleet.postgres.divergence import Verdict
from fleet.postgres.observe import observe
from fleet.postgres.view import ClusterView
from fleet.site import Site

SPEC = Spec(
    name="discard",
    engine="postgres",
    summary="delete a folder that a resync moved aside",
    risk=Risk.DESTRUCTIVE,
    lock=Lock.CLUSTER,
    deadline=6 * 3600.0,
    version=1,
    arguments=(
        Argument("node", Takes.NODE, "the node beside whose data folder it lies", required=True),
        Argument("folder", Takes.WORD, "its name, or the run that left it; not needed if there is only one"),
    ),
    example="discard main db1",
)
_LONG = 4 * 3600.0  # seconds to delete a large folder


@dataclass(frozen=True)
class Asked:
    """Which folder of which node: its path, its name or its run; empty for the only one."""

    cluster: str
    node: str
    folder: str | None = None


@dataclass(frozen=True)
class Found:
    """What the look showed. ``chosen`` is what was asked for; ``system``, ``verdict`` and ``alone`` tell of its WAL.

    ``foreign`` and ``unwell`` say why it must stay, or are empty; ``alone`` is in bytes, where it is known.
    """

    view: ClusterView
    kept: tuple[Kept, ...]
    chosen: Kept | None = None
    foreign: str = ""
    unwell: str = ""
    system: str = ""
    verdict: Verdict = Verdict.UNKNOWN
    alone: int | None = None
    onward: tuple[str, ...] = ()


def look(asked: Asked, site: Site) -> Found:
    """Look at the cluster, and at the folders beside the node's data folder."""
    view = observe(site)
    if asked.node not in view.nodes:
        return Found(view, ())
    here = site.cluster.node(asked.node)
    shell = site.shell(here)
    kept = attic.listing(shell, here)
    chosen = choose(kept, asked.folder)
    unwell = attic.unwell(view, asked.node)
    if chosen is None or unwell or view.primary is None:
        return Found(view, kept, chosen, unwell=unwell)
    foreign = attic.foreign(shell, here, attic.neighbours(site, here), chosen.path)
    told = discarding.holds(site, here, chosen.path, view.primary.name)
    onward = (byhand.run(here, "rm", "-rf", "--one-file-system", "--", chosen.path),)
    return Found(view, kept, chosen, foreign, unwell, *told, onward)


def choose(kept: tuple[Kept, ...], word: str | None) -> Kept | None:
    """Take the folder that was named by its path, name or run; without a name the only one."""
    if not word:
        return kept[0] if len(kept) == 1 else None
    named = [one for one in kept if word in {one.path, one.path.rpartition("/")[2], one.run}]
    return named[0] if len(named) == 1 else None


def refuse(asked: Asked, found: Found) -> Refusal | None:
    """Say what stands in the way; when there are several folders, which."""
    if asked.node not in found.view.nodes:
        return Refusal("DISCARD-UNKNOWN-NODE", f"{asked.cluster} has no node {asked.node}.", "See /db status.")
    if not found.kept:
        said = f"No resync has left a folder beside {asked.node}'s data folder."
        return Refusal("DISCARD-NOTHING", said, "Other folders are not deleted from here.")
    if found.chosen is None:
        said = "; ".join(_words(one) for one in found.kept)
        hint = f"Name one: /db discard {asked.cluster} {asked.node} {found.kept[0].run}"
        return Refusal("DISCARD-WHICH", f"{asked.node} keeps {len(found.kept)} of them: {said}.", hint)
    return _kept(asked, found, found.chosen)


def _kept(asked: Asked, found: Found, chosen: Kept) -> Refusal | None:
    if found.unwell:
        hint = f"/db resync {asked.cluster} {asked.node} first: the old folder may still be needed."
        return Refusal("DISCARD-NODE-UNWELL", f"{chosen.path} is kept: {found.unwell}.", hint)
    if found.foreign:
        return Refusal("DISCARD-NOT-OURS", f"{chosen.path} is kept: {found.foreign}.", "Look at it by hand.")
    primary = found.view.primary
    if primary and found.system not in {"", primary.sysid}:
        said = f"{chosen.path} belongs to system {found.system}, {primary.name} is {primary.sysid}."
        return Refusal("DISCARD-OTHER-SYSTEM", said, "It may be another cluster's only copy. Look at it by hand.")
    return None


def _words(kept: Kept) -> str:
    when = f", moved {kept.moved:%Y-%m-%d %H:%M} UTC" if kept.moved else ""
    return f"{kept.path.rpartition('/')[2]} ({_size(kept)}{when})"


def _size(kept: Kept) -> str:
    return "size unknown" if kept.size is None else lsn.size(kept.size)


def plan(asked: Asked, found: Found) -> Plan:
    """Delete it; nothing takes that back."""
    chosen, primary = found.chosen, found.view.primary
    if chosen is None or primary is None:
        raise StepFailed("There is nothing to plan from.", "refuse() comes first.")
    args = {"node": asked.node, "folder": chosen.path, "system": primary.sysid}
    return Plan(
        action=SPEC.name,
        version=SPEC.version,
        cluster=asked.cluster,
        target=asked.node,
        title=f"Delete on {asked.node}: {chosen.path} ({_size(chosen)})",
        risk=Risk.DESTRUCTIVE,
        asked=asdict(asked),
        facts=facts(asked, found, chosen),
        steps=(Step("delete", args, f"delete {chosen.path}", Kind.PROBE, _LONG, ponr=True),),
        costs=(f"frees ≈ {_size(chosen)} on {asked.node}", "nothing brings it back"),
        notes=notes(asked, found, chosen),
        onward=found.onward,
        back=("# What is deleted is gone; what is left of it may stay where it is.",),
        notes_on=asked.node,
        waiting=(f"waiting costs the disk only; a change of primary, timeline or of {asked.node}'s state ends it",),
        look=lookup.timeline(found.view, primary.name),
    )


def facts(asked: Asked, found: Found, chosen: Kept) -> tuple[Fact, ...]:
    """Give what must still hold when it is deleted."""
    primary, view = found.view.primary, found.view
    return (
        Fact("system identifier", view.name, primary.sysid if primary else None),
        Fact("primary", view.name, primary.name if primary else None),
        Fact("timeline", view.name, primary.timeline if primary else None),
        Fact("role", asked.node, view.nodes[asked.node].state),
        Fact("folder", asked.node, chosen.path),
        Fact("WAL", chosen.path, found.verdict.value),
    )


def notes(asked: Asked, found: Found, chosen: Kept) -> tuple[str, ...]:
    """Say what it is, who left it, and whether anybody else has what it holds."""
    node = found.view.nodes[asked.node]
    was = "what served before" if chosen.kind == "old" else "what a copy left that failed"
    when = f" at {chosen.moved:%Y-%m-%d %H:%M} UTC" if chosen.moved else ""
    lost = {
        Verdict.FOLLOWS: "it holds no WAL that the primary lacks",
        Verdict.DIVERGED: f"it holds {_alone(found)} of WAL that nobody else has: its last copy goes",
    }.get(found.verdict, "whether it holds WAL that nobody else has CAN'T BE TOLD: its last copy may go")
    how = "is the primary" if node.in_recovery is False else "streams and keeps up"
    if chosen.kind == "failed":
        lost = "nothing is lost with it: it was copied, and never served"
    return (f"{was}, moved aside by {chosen.run}{when}", lost, f"{asked.node} {how}, from another folder")


def _alone(found: Found) -> str:
    return "some" if found.alone is None else f"≈ {lsn.size(found.alone)}"


def _delete(at: At, args: Mapping[str, Any]) -> Evidence:
    return discarding.delete(at.site, at.step, **args)


def _deleted(at: At, args: Mapping[str, Any]) -> Probe:
    return discarding.deleted(at.site, at.step, **args)


ACTION = Action(
    spec=SPEC, asked=Asked, look=look, refuse=refuse, plan=plan, steps={"delete": StepCode(_delete, _deleted)}
)
