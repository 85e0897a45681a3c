"""`seconder serve`, `demo`, `check`, `digest`: the bot as a program."""

import logging
import os
import sys
from typing import Annotated

import typer
from slack_sdk import WebClient

from bot.check import check as checked
from bot.cli_house import as_json, house
from bot.environment import read_environment
from bot.outbox import Outbox
from bot.serve import serve as serving
from bot.settings import load_settings
from core.errors import ConfigurationError

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


def add(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (serve, demo, check, digest):
        app.command()(command)


def serve() -> None:
    """Serve Slack until INT, TERM or HUP."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    environment = read_environment()
    serving(environment, load_settings(environment.config))
    logging.shutdown()
    os._exit(0)  # a step that still runs must not keep the process; the next start looks what happened


def demo(
    *,
    tour: Annotated[bool, typer.Option("--tour", help="Play the main job and end.")] = False,
    port: Annotated[int, typer.Option(help="Where the page is served; a taken port picks another.")] = 8700,
) -> None:
    """Bring up a real PostgreSQL cluster, a Slack stand-in and the bot, on this machine only."""
    words = [sys.executable, "-m", "sandbox", "--port", str(port), *(["--tour"] if tour else [])]
    os.execv(sys.executable, words)  # noqa: S606  # the same process: signals reach the demo itself


def check(*, json: Json = False) -> None:
    """Read the configuration, reach every host and database, and say what would not work and how to mend it."""
    with house() as opened:
        findings = checked(opened, read_environment())
    if json:
        as_json([finding.to_json() for finding in findings])
    else:
        for finding in findings:
            typer.echo(f"{finding.mark} {finding.subject}: {finding.message}")
            if finding.hint:
                typer.echo(f"     {finding.hint}")
    raise typer.Exit(1 if any(finding.level == "bad" for finding in findings) else 0)


def digest(*, now: Annotated[bool, typer.Option("--now", help="Post it now.")] = False) -> None:
    """Show the digest; with --now post it into its channel."""
    environment = read_environment()
    with house() as opened:
        table = opened.settings.digest
        if now and table is None:
            raise ConfigurationError("There is no [digest] table, so there is no channel for it.", "Add one.")
        if now and table is not None:
            client = WebClient(environment.bot_token, base_url=environment.api_url)
            outbox = Outbox(opened.store, opened.clock, client, opened.presence)
            opened.digest.post(outbox, table.channel, "system")
        typer.echo(opened.digest.message().text)
