"""`seconder hold`, `lift`, `rules`, `review`: the bot's own affairs on the command line."""

from datetime import timedelta
from typing import Annotated

import typer

from approvals.model import Request
from bot.cli_house import as_json, house, me, no
from bot.cli_requests import Json, finish
from bot.verbs import Held
from bot.wiring import House
from core.clock import moment
from core.outcome import Refusal

ALONE_AFTER = timedelta(hours=24)  # others have had the time to see it in the channel, and to object


def add(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (hold, lift, rules, review):
        app.command()(command)


def hold(scope: Annotated[str, typer.Argument(help="A cluster, or all.")], reason: str, *, json: Json = False) -> None:
    """Let nothing new start on a cluster, at once; lifting it takes two people."""
    with house() as opened:
        came = opened.verbs.run(me(opened), f'hold {scope} "{_quoted(reason)}"', "cli")
        if isinstance(came, Held):
            for line in came.missing:
                typer.echo(f"🟡 {line}", err=True)
            if json:
                as_json({"hold": vars(came.hold)})
            else:
                typer.echo(f"✋ {came.hold.scope} is on hold: {came.hold.reason}")
            return
        _end(opened, came, json=json)


def lift(scope: Annotated[str, typer.Argument(help="A cluster, or all.")], *, json: Json = False) -> None:
    """Ask for a hold to be lifted; a second person approves."""
    with house() as opened:
        _end(opened, opened.verbs.run(me(opened), f"lift {scope}", "cli"), json=json)


def rules(
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Ask for the looser configuration to be put in force.")] = False,
    alone: Annotated[str, typer.Option(help="Put it in force alone, 24 h after it was announced. Say why.")] = "",
    json: Json = False,
) -> None:
    """Show whether the configuration's rules are in force, and what waits for consent."""
    with house() as opened:
        actor = me(opened)
        if ask:
            _end(opened, opened.verbs.run(actor, "rules", "cli"), json=json)
        waiting = opened.configuration.waiting()
        if alone and waiting is not None:
            if opened.clock.now() - moment(waiting.at) < ALONE_AFTER:
                said = f"It was announced at {waiting.at[:16]} UTC; alone it can be put in force 24 hours later."
                no(Refusal("RULES-ALONE", said, "Ask for it: seconder rules --ask."))
                raise typer.Exit(1)
            why = {"alone": True, "reason": alone, "account": actor.account}
            opened.configuration.adopt(waiting.hash, by=actor.person.name, why=why)
            waiting = opened.configuration.waiting()
        if json:
            as_json({"in_force": opened.configuration.in_force_hash(), "waiting": vars(waiting) if waiting else None})
        elif waiting is None:
            typer.echo("The configuration is in force.")
        else:
            typer.echo("The configuration got looser, and the old rules stay in force until two people agree:")
            for line in waiting.looser:
                typer.echo(f"  {line}")


def review(
    request_id: Annotated[str, typer.Argument(help="The request's id.")],
    verdict: Annotated[str, typer.Argument(help="fine or not-fine")],
    note: str = "",
    *,
    json: Json = False,
) -> None:
    """Say that you have looked at what somebody ran alone."""
    with house() as opened:
        words = f'review {request_id} {verdict} "{_quoted(note)}"'
        came = opened.verbs.run(me(opened), words, "cli")
        if isinstance(came, Request):
            typer.echo(f"Noted: you looked at {came.id}.")
            return
        _end(opened, came, json=json)


def _end(opened: House, came: Held | Request | Refusal, *, json: bool) -> None:
    if isinstance(came, (Request, Refusal)):
        finish(opened, came, json=json)


def _quoted(text: str) -> str:
    return text.replace("\\", "").replace('"', "'")
