"""`seconder audit`: is the record whole, and what does it say."""

from typing import Annotated

import typer

from audit import store as rows
from audit.store import open_store
from audit.verify import verify_store
from bot.cli_house import as_json, environment

app = typer.Typer(help="The record: verify it, read it.", no_args_is_help=True)
_CODES = {True: 0, False: 1, None: 3}

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command()
def verify(*, json: Json = False) -> None:
    """Read the whole record and say whether it was altered. Exit codes: 0 whole, 1 altered, 3 could not tell."""
    report = verify_store(environment().store)
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
