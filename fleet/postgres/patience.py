"""A limit on our side of a connection: a frozen server never answers, not even to say that it gave up."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg

from core.errors import StepFailed, Unreachable
from fleet.alarms import cut_after
from fleet.errors import TimedOut
from fleet.inventory import Node
from fleet.site import Site

ANSWER = 5.0  # seconds for something quick

Connection = psycopg.Connection[dict[str, object]]


@contextmanager
def patience(connection: Connection, seconds: float, what: str) -> Iterator[None]:
    """Cut the connection when the block takes longer; raises ``TimedOut`` then, and the connection is of no more use.

    ``statement_timeout`` is no substitute: the server itself measures it, and stops doing so once a commit waits.
    """
    with cut_after(seconds, connection.fileno()) as alarm:
        try:
            yield
        except psycopg.Error as error:
            if alarm.rang:
                raise TimedOut(
                    f"{what} took longer than {seconds:g} s.", "Look whether the server is frozen."
                ) from error
            raise


@contextmanager
def talk(site: Site, node: Node, *, seconds: float = ANSWER) -> Iterator[Connection]:
    """Open a connection for a block that takes ``seconds`` at most.

    Raises ``Unreachable``, ``TimedOut``, and ``StepFailed`` with the server's words when it refuses a statement.
    """
    with site.connect(node) as connection:
        try:
            with patience(connection, seconds, f"What was asked of {node.name}"):
                yield connection
        except psycopg.OperationalError as error:
            raise Unreachable(f"{node.name} broke the connection: {_said(error)}") from error
        except psycopg.Error as error:
            raise StepFailed(f"{node.name} refused: {_said(error)}", code=f"SQL-{error.sqlstate or '?'}") from error


def one(connection: Connection, query: LiteralString, values: Sequence[object] = ()) -> Mapping[str, Any]:
    """Give the one row of a query. Raises ``StepFailed`` when there is none."""
    row = connection.execute(query, values or None).fetchone()
    if row is None:
        raise StepFailed("The server gave no row where there must be one.", code="NO-ROW")
    return row


def _said(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).strip()
