"""What every command of the command line begins with: the house, and who is asking."""

import getpass
import json
import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from approvals.moves import Actor
from bot.environment import Environment, read_environment
from bot.settings import load_settings
from bot.wiring import House, build
from core.outcome import Refusal


@contextmanager
def house() -> Iterator[House]:
    """Open the house of this environment, and close it."""
    environment = read_environment()
    opened = build(environment, load_settings(environment.config))
    try:
        opened.groups.refresh()
        yield opened
    finally:
        opened.close()


def environment() -> Environment:
    """Read the environment."""
    return read_environment()


def login() -> str:
    """Give the operating system's name for who runs this; never a variable that anybody can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return getpass.getuser() if os.getuid() else "root"


def me(opened: House) -> Actor:
    """Give the roster person whose logins hold the login; everybody else, root included, is refused (exit code 1).

    Who a login of this machine is, is said by the file; what that person may do, by the rules in force.
    """
    name = login()
    found = opened.settings.roster.by_login(name)
    person = opened.gate.rules().roster.named(found.name) if found else None
    if person is None:
        refusal = Refusal(
            "WHO-UNKNOWN",
            f"The login {name} belongs to nobody in the roster, so this does nothing for it.",
            'Add it: [people.YOU] logins = ["' + name + '"] in the configuration.',
        )
        opened.road.record_refusal(f"login:{name}", refusal, {})
        no(refusal)
        raise typer.Exit(1)
    return Actor(person, f"login:{name}")


def no(refusal: Refusal) -> None:
    """Print a "no" to standard error."""
    typer.echo(f"⛔ {refusal.message} {refusal.hint} [{refusal.code}]".replace("  ", " "), err=True)


def as_json(value: object) -> None:
    """Print a value for a program."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
