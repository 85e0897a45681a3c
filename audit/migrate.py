"""Which version a store has, and how one of before becomes one of now, in the caller's transaction."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigurationError

FOLDER = Path(__file__).resolve().parent / "migrations"
VERSIONS = (FOLDER / "versions",)
_MAY_NOT = "42501"  # insufficient_privilege
STAMP = Table(  # as alembic makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class VersionUnknown(ConfigurationError):
    """A newer Seconder has written this store; this one touches nothing in it."""

    code = "STORE-NEWER"


def known(versions: Sequence[Path] = VERSIONS) -> list[str]:
    """List the versions that this code knows, oldest first: the numbers before the names of the scripts."""
    return sorted(path.name[:4] for folder in versions for path in folder.glob("[0-9][0-9][0-9][0-9]_*.py"))


def head(versions: Sequence[Path] = VERSIONS) -> str:
    """Give the version that this code works with."""
    return known(versions)[-1]


def current(connection: Connection) -> str | None:
    """Give a store's version; None for an empty store, and for one of before there were versions."""
    return _stamped(connection) if inspect(connection).has_table(STAMP.name) else None


def upgrade(connection: Connection, metadata: MetaData, versions: Sequence[Path] = VERSIONS) -> None:
    """Make a store one of now; ``metadata`` is what it has to look like then.

    All happens in the caller's transaction, and may happen while nobody else writes. On SQLite a script that builds a
    table anew needs foreign keys not to be enforced, which has to be said before that transaction.

    Raises VersionUnknown, before anything is changed, for a store that a newer Seconder has written, and
    ConfigurationError where something is due and this role may not do it.
    """
    there = set(inspect(connection).get_table_names())
    version = _stamped(connection) if STAMP.name in there else None
    if version is not None and version not in known(versions):
        raise VersionUnknown(
            f"A newer Seconder has written this store: its version is {version}, and this one knows {head(versions)}.",
            "Nothing was changed. Start the newer Seconder; to go back, take the store's backup of before it.",
        )
    with _allowed(version, head(versions)):
        if version is None and not there & set(metadata.tables):
            metadata.create_all(connection)
            STAMP.create(connection, checkfirst=True)
            connection.execute(STAMP.insert().values(version_num=head(versions)))
        elif version != head(versions):
            _run_scripts(connection, versions)
        _complete(connection, metadata)


@contextmanager
def _allowed(version: str | None, newest: str) -> Iterator[None]:
    """Say whose work it is where this role may not do it."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _MAY_NOT:
            raise
        raise ConfigurationError(
            f"This store has {version or 'no version'}, this Seconder works with {newest}, and its role may not "
            "change tables. Nothing was changed.",
            "As the role that owns the store: seconder store migrate, with its URL in SECONDER_STORE_OWNER.",
        ) from error


def _complete(connection: Connection, metadata: MetaData) -> None:
    """Make what is missing: a process that knew only some of the rooms may have made this store."""
    there = set(inspect(connection).get_table_names())
    missing = [table for table in metadata.sorted_tables if table.name not in there]
    if missing:
        metadata.create_all(connection, missing)


def _stamped(connection: Connection) -> str | None:
    return connection.execute(select(STAMP.c.version_num)).scalar()


def _run_scripts(connection: Connection, versions: Sequence[Path]) -> None:
    """Run what is due; a store without a version begins at the ground, which leaves alone what is there."""
    from alembic import command  # noqa: PLC0415  # 70 ms, which only a store of before has to wait
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.attributes["connection"] = connection
    config.set_main_option("path_separator", "newline")
    config.set_main_option("script_location", _literally(str(FOLDER)))
    config.set_main_option("version_locations", _literally("\n".join(map(str, versions))))
    command.upgrade(config, "head")
    _whole(connection)


def _whole(connection: Connection) -> None:
    """Hold what a file did not check by itself while foreign keys rested."""
    if connection.dialect.name != "sqlite":
        return
    lost = {str(row[0]) for row in connection.exec_driver_sql("PRAGMA foreign_key_check")}
    if lost:
        raise ConfigurationError(
            f"Rows of {', '.join(sorted(lost))} in this store belong to nothing. Nothing was changed.",
            "Somebody else has written there, or this version has a fault: start the old version again, and say so.",
        )


def _literally(value: str) -> str:
    return value.replace("%", "%%")  # a folder's name is no template
