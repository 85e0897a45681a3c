"""`seconder store`: what the store is, bringing it up to this version, and moving it to a server."""

from contextlib import closing
from typing import Annotated

import typer
from sqlalchemy import Connection, make_url, text

from audit import ledger, postgres
from audit.migrate import current, head
from audit.move import address, move
from audit.postgres import SCHEME
from audit.store import Store, open_store, sqlite_path
from bot.cli_house import as_json, environment, house, me
from bot.wiring import TABLES
from core.errors import ConfigurationError

__all__ = ["TABLES", "app"]  # the tables of all rooms have to be known before a store is made or moved

OWNER = "SECONDER_STORE_OWNER"
app = typer.Typer(help="The store: what it is, its version, where it lies.", no_args_is_help=True)
To = Annotated[
    str,
    typer.Argument(
        metavar="TO", help=f"{SCHEME}://user@host/database, empty; put the password into ~/.pgpass, not here."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.command("move")
def move_to(to: To, *, json: Json = False) -> None:
    """Move the store to a PostgreSQL server; the file is set aside, never deleted. No bot may serve meanwhile."""
    _there(environment().store)
    target = _opened(to, "TO")
    with closing(target), house() as opened:
        who = me(opened).person.name
        moved = move(opened.store, target, opened.clock, who, served=opened.served())
    if json:
        as_json({"rows": moved.rows, "head": vars(moved.head), "aside": str(moved.aside)})
        return
    typer.echo(f"✅ {sum(moved.rows.values())} rows are at {address(to)} now; the record is whole.")
    typer.echo(f"   Head #{moved.head.seq} {moved.head.hash}")
    typer.echo(f"   The old file is {moved.aside}; keep it until the new store has a backup.")
    typer.echo("   Next: set SECONDER_STORE to the new address, then start the bot.")


@app.command()
def migrate() -> None:
    """Bring the store up to this version, as the role that owns it (its URL in SECONDER_STORE_OWNER)."""
    here = environment()
    store = _opened(here.owner_store, OWNER) if here.owner_store else _existing(here.store)
    with closing(store):
        with store.reading() as session:
            before = current(session.connection())
        store.prepare()
        if here.owner_store and not store.embedded:
            _grant(store, make_url(here.store).username or "")
    was = "had no version" if before is None else f"had version {before}"
    typer.echo(f"✅ The store at {address(store.url)} {was} and has {head()} now.")


@app.command()
def show(*, json: Json = False) -> None:
    """Show what the store is: its kind, version and size, and the head of its record."""
    store = _existing(environment().store)
    with store.reading() as session:
        here = session.connection()
        version, size, newest = current(here), _size(store, here), ledger.head(session)
    store.close()
    kind = "sqlite" if store.embedded else "postgresql"
    if json:
        found = {"kind": kind, "address": address(store.url), "version": version, "newest_version": head()}
        as_json({**found, "bytes": size, "head": vars(newest)})
        return
    typer.echo(f"{kind} at {address(store.url)}")
    typer.echo(f"version {version or 'none yet'} (this Seconder works with {head()}), {size / 1_000_000:.1f} MB")
    typer.echo(f"Head #{newest.seq} {newest.hash}")


def _grant(store: Store, role: str) -> None:
    """Give the bots' role its rights; it must not be the owner."""
    if not role or role == make_url(store.url).username:
        raise ConfigurationError(
            f"SECONDER_STORE and {OWNER} log in as the same role.",
            "Give the bots a role of their own: one that owns the record can take its guard away.",
        )
    with store.transaction() as session:
        if not postgres.has_role(session.connection(), role):
            raise ConfigurationError(
                f"The server has no role {role}, as which SECONDER_STORE logs in. The store itself is up to date.",
                f"Make it, then do this again: CREATE ROLE {role} LOGIN PASSWORD '…'.",
            )
        postgres.grant(session.connection(), role)


def _size(store: Store, connection: Connection) -> int:
    """Give the store's size in bytes, with what has not reached the file yet."""
    if not store.embedded:
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    path = sqlite_path(store.url)
    return sum(part.stat().st_size for part in (path, path.with_name(f"{path.name}-wal")) if part.exists())


def _opened(url: str, name: str) -> Store:
    """Open a store whose URL was not in SECONDER_STORE."""
    try:
        return open_store(url)
    except ConfigurationError as error:
        raise ConfigurationError(error.message.replace("SECONDER_STORE", name), error.hint) from error


def _existing(url: str) -> Store:
    _there(url)
    return open_store(url)


def _there(url: str) -> None:
    """Raise ConfigurationError for a file that is not there: opening it would make it."""
    if url.startswith("sqlite:") and not sqlite_path(url).exists():
        raise ConfigurationError(f"There is no store at {sqlite_path(url)}.", "Set SECONDER_STORE to where it lies.")
