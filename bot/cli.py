"""The command line: the same gate, also when Slack is down."""

import sys
from typing import NoReturn

import typer

from bot import cli_audit, cli_hosts, cli_requests, cli_rules, cli_serve, cli_store
from core.errors import ConfigurationError, Malformed, SeconderError

NO, USAGE = 1, 2

app = typer.Typer(
    name="seconder",
    help="Operates databases; nothing destructive happens on one person's word.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_audit.app, name="audit")
app.add_typer(cli_hosts.app, name="host")
app.add_typer(cli_store.app, name="store")
cli_serve.add(app)
cli_requests.add(app)
cli_rules.add(app)


def main() -> NoReturn:
    """Run the command line. Exit codes: 0 done, 1 no, 2 usage or configuration, 3 could not tell."""
    try:
        app()
    except SeconderError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(USAGE if isinstance(error, (ConfigurationError, Malformed)) else NO)
    sys.exit(0)


if __name__ == "__main__":
    main()
