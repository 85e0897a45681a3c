"""`seconder hold`, `lift`, `rules`, `review`: the bot's own affairs on the command line."""

from datetime import timedelta
from typing import Annotated

import typer

from approvals.eligible import may_propose
from approvals.model import Request
from approvals.moves import Actor
from bot.chores import RULES
from bot.cli_house import as_json, house, me
from bot.cli_requests import Json, finish
from bot.requests_json import request_json
from bot.verbs import Held
from bot.wiring import House
from bot.words import written
from core.clock import moment
from core.outcome import Refusal

ALONE_AFTER = timedelta(hours=24)  # others have had the time to see it in the channel, and to object
_ASK = "With a second person it takes no waiting: seconder rules --ask."


def add(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (hold, lift, rules, review):
        app.command()(command)


def hold(scope: Annotated[str, typer.Argument(help="A cluster, or all.")], reason: str, *, json: Json = False) -> None:
    """Let nothing new start on a cluster, at once; lifting it takes two people."""
    with house() as opened:
        came = opened.verbs.run(me(opened), written(["hold", scope, reason]), "cli")
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
        _end(opened, opened.verbs.run(me(opened), written(["lift", scope]), "cli"), json=json)


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
        refusal = _adopt_alone(opened, actor, alone.strip()) if alone else None
        if refusal is not None:
            opened.road.record_refusal(actor.person.name, refusal, {"action": RULES, "alone": True})
            _end(opened, refusal, json=json)
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
        came = opened.verbs.run(me(opened), written(["review", request_id, verdict, note]), "cli")
        if isinstance(came, Request):
            if json:
                as_json(request_json(opened.store, came))
            else:
                typer.echo(f"Noted: you looked at {came.id}.")
            return
        _end(opened, came, json=json)


def _adopt_alone(opened: House, actor: Actor, reason: str) -> Refusal | None:
    """Put what waits in force on the word of one person who may ask for it, if the channel was told long enough ago."""
    waiting, plan = opened.configuration.waiting(), opened.verbs.chores.plan(RULES, {})
    if waiting is None or isinstance(plan, Refusal):
        return plan if isinstance(plan, Refusal) else None
    rule = opened.gate.rule(plan)
    refusal = rule if isinstance(rule, Refusal) else may_propose(actor.person, rule)
    if refusal is not None:
        return refusal
    if not reason:
        return Refusal("RULES-ALONE", "Who puts rules in force alone says why.", 'Say --alone "why".')
    if waiting.id in {change.id for change in opened.configuration.unannounced()}:
        return Refusal("RULES-ALONE", "The channel has not been told of it yet.", f"A bot that serves tells it. {_ASK}")
    if opened.clock.now() - moment(waiting.at) < ALONE_AFTER:
        at = waiting.at[:16].replace("T", " ")
        return Refusal("RULES-ALONE", f"It waits since {at} UTC; alone it is put in force 24 hours later.", _ASK)
    why = {"alone": True, "reason": reason, "account": actor.account}
    if opened.configuration.adopt(waiting.hash, by=actor.person.name, why=why):
        return None
    return Refusal("RULES-ALONE", "Another configuration came in the meantime.", "Look at it: seconder rules.")


def _end(opened: House, came: Held | Request | Refusal, *, json: bool) -> None:
    if isinstance(came, (Request, Refusal)):
        finish(opened, came, json=json)
