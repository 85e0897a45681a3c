"""`seconder audit reconcile`: is there work on the hosts that the record does not know."""

from typing import Annotated

import typer

from bot.cli_house import as_json, house, me
from bot.reconcile import Reconciled, record
from bot.reconcile import reconcile as reconciled

_CODES = {"success": 0, "failure": 1, "unknown": 3}

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def reconcile(*, json: Json = False) -> None:
    """Look on every host for jobs without an entry. Exit codes: 0 none, 1 some, 3 a host could not be asked."""
    with house() as opened:
        actor = me(opened).person.name
        found = reconciled(opened.sites, opened.store)
        record(opened.store, opened.clock, actor, found)
    if json:
        as_json(found.to_json())
    else:
        _show(found)
    raise typer.Exit(_CODES[found.outcome])


def _show(found: Reconciled) -> None:
    for stray in found.strays:
        typer.echo(f"❌ {stray.cluster}/{stray.node}: job {stray.job} ({stray.state}) is not in the record.")
    for node in found.unasked:
        typer.echo(f"❓ {node.cluster}/{node.node} could not be asked: {node.why}")
    asked = found.places - len(found.unasked)
    mark = "✅" if found.outcome == "success" else "  "
    typer.echo(f"{mark} {found.jobs} jobs on {asked} of {found.places} hosts, {len(found.strays)} not in the record.")
