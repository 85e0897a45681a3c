"""`seconder run`, `requests`, `approve`, `reject`, `withdraw`, `stop`: people on the command line."""

import time
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from approvals.model import Request, State, Typed, Verdict
from approvals.rule import Rule
from bot.cli_house import as_json, house, me, no
from bot.requests_json import request_json
from bot.road import Answered
from bot.texts import unmarked
from bot.wiring import House
from core.errors import ConfigurationError, SeconderError
from core.grant import Grant
from core.outcome import Refusal
from core.plan import Look, Risk

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
Id = Annotated[str, typer.Argument(help="The request's id.")]
_CODES = {State.SUCCEEDED: 0, State.UNKNOWN: 3}
_WAITING = (State.OPEN, State.APPROVED, State.RUNNING, State.UNKNOWN)


def add(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(run)
    for command in (requests, approve, reject, withdraw, stop):
        app.command()(command)
    app.command("take-back")(take_back)


def run(
    context: typer.Context,
    action: Annotated[str, typer.Argument(help="status, backup, promote, resync")],
    cluster: str,
    *,
    json: Json = False,
) -> None:
    """Ask for an action; the same gate as in Slack. Ends when the request has been opened, or with its run."""
    with house() as opened:
        actor = me(opened)
        words = opened.road.read_words(actor.person.name, _joined([action, cluster, *context.args]))
        came = opened.road.go(actor, words, origin="cli")
        if isinstance(came, Refusal):
            _say_no(came, json=json)
        if isinstance(came, Answered):
            if json:
                as_json({"action": came.spec.name, **came.data})
            else:
                parts = opened.texts.parts(f"{came.spec.name}.j2", came.data)
                shown = filter(None, (parts.get(name) for name in ("title", "body", "steps", "footer")))
                typer.echo(unmarked("\n".join(shown)))
            raise typer.Exit({"unknown": 3, "crit": 1}.get(came.answer.level, 0))
        _after_vote(opened, came, json=json)


def requests(
    request_id: Annotated[str | None, typer.Argument(metavar="[ID]")] = None,
    *,
    json: Json = False,
    all_: Annotated[bool, typer.Option("--all", help="Also what has ended.")] = False,
    wait: Annotated[float | None, typer.Option(help="Seconds to wait for the end.")] = None,
) -> None:
    """List requests. With --wait: 0 succeeded, 3 unknown or time-out, else 1."""
    with house() as opened:
        found = _awaited(opened, request_id, wait) if wait is not None else _listed(opened, request_id, all_=all_)
        if json:
            as_json([request_json(opened.store, request) for request in found])
        else:
            for request in found:
                typer.echo(f"{request.id}  {request.state.value:<10} {request.plan.title}  ({request.requester})")
            for request in found if request_id else ():
                typer.echo(_whole(opened, request))
        if wait is not None:
            codes = [_CODES.get(request.state, 1 if request.state.ended else 3) for request in found]
            raise typer.Exit(max(codes, default=0))


def approve(
    request_id: Id,
    *,
    target: Annotated[str, typer.Option(help="The target's name, instead of being asked for it.")] = "",
    look: Annotated[str, typer.Option(help="What the policy has you look up, instead of being asked for it.")] = "",
    json: Json = False,
) -> None:
    """Approve a request of somebody else's. Shows all that is agreed to, and asks for what has to be typed."""
    with house() as opened:
        actor = me(opened)
        refusal = opened.gate.precheck(actor, request_id)
        if refusal is not None:
            _say_no(refusal, json=json)
        request = _named(opened, request_id)
        typed = _typed(opened, request, target, look)
        came = opened.gate.vote(actor, request_id, Verdict.APPROVE, typed=typed)
        if isinstance(came, Refusal):
            _say_no(came, json=json)
        _after_vote(opened, came, json=json)


def reject(request_id: Id, reason: Annotated[str, typer.Argument(help="Why not.")] = "", *, json: Json = False) -> None:
    """Reject a request."""
    with house() as opened:
        finish(opened, opened.gate.vote(me(opened), request_id, Verdict.REJECT, reason), json=json)


def withdraw(request_id: Id, *, json: Json = False) -> None:
    """Take your own request back before it runs."""
    with house() as opened:
        finish(opened, opened.gate.withdraw(me(opened), request_id), json=json)


def take_back(request_id: Id, *, json: Json = False) -> None:
    """Take your approval back, before the start."""
    with house() as opened:
        finish(opened, opened.gate.take_back(me(opened), request_id), json=json)


def stop(request_id: Id, *, json: Json = False) -> None:
    """Stop a run before its point of no return; what it did is taken back."""
    with house() as opened:
        request = _named(opened, request_id)
        refusal = opened.stops.stop(me(opened), request)
        finish(opened, refusal or request, json=json)


def _typed(opened: House, request: Request, target: str, look: str) -> Typed:
    """Ask for what was not given as an option; programs give both."""
    plan, asks = request.plan, _asked_for(opened, request)
    typer.echo(_whole(opened, request), err=True)
    if plan.risk is Risk.DESTRUCTIVE and not target:
        target = typer.prompt(f"Type {plan.word} to approve", err=True)
    if asks is not None and not look:
        look = typer.prompt(unmarked(asks.question), err=True)
    return Typed(target, look)


def _asked_for(opened: House, request: Request) -> Look | None:
    rule = opened.gate.rule(request.plan)
    return request.plan.look if isinstance(rule, Rule) and rule.look else None


def _whole(opened: House, request: Request) -> str:
    data = {"plan": request.plan, "hide_look": _asked_for(opened, request) is not None}
    return unmarked(opened.texts.whole("full_plan.j2", data))


def _after_vote(opened: House, request: Request, *, json: bool) -> None:
    """Leave the run to a bot that serves; without one, carry it out here."""
    grant = next((grant for grant in opened.ending.claimable() if grant.request == request.id), None)
    if grant is not None and not opened.served():
        _carry_out(opened, grant)
    elif request.state is State.APPROVED and request.wish.start_at and not opened.served():
        typer.echo("🟡 No bot serves this store: unless one does by then, nothing will start.", err=True)
    finish(opened, opened.gate.find(request.id) or request, json=json)


def _carry_out(opened: House, grant: Grant) -> None:
    typer.echo("No bot serves this store: carrying it out here. Don't close this terminal.", err=True)
    came = opened.runner.start(grant)
    if isinstance(came, Refusal):
        no(came)


def finish(opened: House, came: Request | Refusal, *, json: bool) -> NoReturn:
    """Print what a request has come to, and end with its code."""
    if isinstance(came, Refusal):
        _say_no(came, json=json)
    if json:
        as_json(request_json(opened.store, came))
    else:
        typer.echo(f"{came.id}  {came.state.value}  {came.plan.title}  {came.note}")
    done = not came.state.ended or came.state in {State.WITHDRAWN, State.REJECTED}  # that was what was wanted
    raise typer.Exit(0 if done else _CODES.get(came.state, 1))


def _say_no(refusal: Refusal, *, json: bool) -> NoReturn:
    if json:
        as_json({"refused": {"code": refusal.code, "message": refusal.message, "hint": refusal.hint}})
    no(refusal)
    raise typer.Exit(1)


def _listed(opened: House, request_id: str | None, *, all_: bool) -> Sequence[Request]:
    if request_id is not None:
        return [_named(opened, request_id)]
    return opened.gate.listed(states=() if all_ else _WAITING, limit=10_000)


def _awaited(opened: House, request_id: str | None, seconds: float) -> Sequence[Request]:
    if request_id is None:
        raise ConfigurationError("--wait wants the ID of one request.")
    until = time.monotonic() + seconds
    while not (request := _named(opened, request_id)).state.ended and time.monotonic() < until:
        time.sleep(0.1)
    return [request]


def _named(opened: House, request_id: str) -> Request:
    request = opened.gate.find(request_id)
    if request is None:
        raise SeconderError(
            f"There is no request {request_id}.", "`seconder requests --all` lists them.", code="REQUEST-NONE"
        )
    return request


def _joined(words: Sequence[str]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in words)
