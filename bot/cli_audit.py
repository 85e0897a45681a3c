"""`seconder audit`: is the record whole, and what does it say."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from audit import store as rows
from audit.store import open_store
from audit.verify import Bad, verify_store
from bot.anchors_read import gathered
from bot.cli_archive import archive
from bot.cli_export import export
from bot.cli_house import as_json, environment, house, me
from bot.cli_reconcile import reconcile

app = typer.Typer(help="The record: verify it, read it, write its head down elsewhere.", no_args_is_help=True)
app.command()(archive)
app.command()(export)
app.command()(reconcile)
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--anchors", metavar="FILE", help="Heads that were written down: a file of anchors, or slack; repeat."
    ),
]
Keys = Annotated[
    list[Path] | None, typer.Option("--key", help="A public key that anchors are signed with (default: the home's).")
]
_CODES = {True: 0, False: 1, None: 3}

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def verify(*, anchors: Where = None, key: Keys = None, json: Json = False) -> None:
    """Read the whole record and say whether it was altered. Exit codes: 0 whole, 1 altered, 3 could not tell."""
    here = environment()
    known = gathered(here, anchors or [], key or [])
    report = verify_store(here.store, known.heads)
    if known.faults:
        first = Bad(0, "unreadable", f"the anchors were altered: {known.faults[0]}")
        report = replace(report, ok=False, bad=report.bad or first, warnings=(*known.faults, *report.warnings))
    if json:
        as_json(report.to_json())
    elif report.ok:
        typer.echo(f"✅ {report.events} entries, unaltered. Head #{report.head.seq} {report.head.hash}")
    elif report.bad is not None:
        typer.echo(f"❌ ALTERED at entry #{report.bad.seq} ({report.bad.kind}): {report.bad.detail}")
    else:
        typer.echo("❓ The record could not be read.")
    if not json:
        for warning in report.warnings:
            typer.echo(f"   {warning}")
    raise typer.Exit(_CODES[report.ok])


@app.command()
def anchor(*, json: Json = False) -> None:
    """Write the record's head down now, signed, and bring it to the places that the configuration names."""
    with house() as opened:
        made = opened.anchoring.anchor(me(opened).person.name)
        opened.anchoring.look()
        silent = opened.anchoring.silent()
    if json:
        as_json({"line": made.line(), "silent": silent})
    else:
        typer.echo(made.line())
        for place, why in silent.items():
            typer.echo(f"❌ {place} did not take it: {why}", err=True)
    raise typer.Exit(1 if silent else 0)


@app.command()
def tail(count: Annotated[int, typer.Option("-n", help="How many entries.")] = 20, *, json: Json = False) -> None:
    """Show the newest entries of the record."""
    store = open_store(environment().store)
    with store.reading() as session:
        events = rows.tail(session, count)
    for event in events:
        if json:
            as_json(event.model_dump())
        else:
            about = " ".join(filter(None, (event.target, event.step, event.request)))
            typer.echo(f"#{event.seq} {event.occurred_at[:19]}Z {event.action} {event.outcome} {event.actor} {about}")
    store.close()
