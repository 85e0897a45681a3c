"""The ground: the tables that a store has had before it knew versions. What is there already stays as it is."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_LIFTED = sa.text("lifted_at IS NULL")
_HOLDING = sa.text("state IN ('checking','running','undoing','unknown')")


def upgrade() -> None:
    """Make the tables that are missing."""
    _record()
    _requests()
    _rules()
    _runs()
    _face()


def _record() -> None:
    _table(
        "audit_event",
        _number("seq"),
        *_words("event_id", "occurred_at", "action", "outcome", "actor"),
        *_maybe("request", "run", "step", "target"),
        *_words("body", "prev_hash", "hash"),
        sa.PrimaryKeyConstraint("seq"),
        *(sa.UniqueConstraint(name) for name in ("event_id", "prev_hash", "hash")),
    )
    _index("audit_event", "request")


def _requests() -> None:
    _table(
        "request",
        *_words("id"),
        _number("version"),
        *_words("state", "action", "cluster", "risk", "requester", "origin", "channel", "plan", "plan_hash"),
        *_words("rule_hash"),
        _number("needed"),
        *_words("created_at", "expires_at", "reason"),
        *_maybe("start_at"),
        _flag("emergency"),
        *_maybe("ended_at"),
        *_words("ended_by", "note", "changes"),
        sa.PrimaryKeyConstraint("id"),
    )
    _index("request", "state")
    _votes()


def _votes() -> None:
    _table(
        "grant",
        _of("request"),
        *_words("plan_hash", "token", "issued_at", "not_before", "expires_at"),
        *_maybe("redeemed_at"),
        sa.PrimaryKeyConstraint("request"),
    )
    _table(
        "vote",
        _number("id"),
        _of("request"),
        *_words("person", "verdict", "at", "account", "reason"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request", "person"),
    )
    _index("vote", "request")


def _rules() -> None:
    _table(
        "hold",
        *_words("id", "scope", "person", "reason", "at"),
        *_maybe("lifted_at"),
        *_words("lifted_by"),
        _flag("announced"),
        sa.PrimaryKeyConstraint("id"),
    )
    _only_one("one_hold_per_scope", "hold", "scope", _LIFTED)
    _table(
        "debt",
        *_words("request", "person", "reason", "opened_at", "due_at"),
        *_maybe("reviewed_by", "reviewed_at"),
        sa.Column("fine", sa.Boolean(), nullable=True),
        *_words("note"),
        _flag("announced"),
        sa.PrimaryKeyConstraint("request"),
    )
    _index("debt", "person")
    configuration = _words("state", "hash", "body", "lines", "looser", "at")
    _table("configuration", _number("id"), *configuration, _flag("announced"), sa.PrimaryKeyConstraint("id"))
    _index("configuration", "state")


def _runs() -> None:
    _table(
        "run",
        *_words("id", "request", "cluster", "action", "plan", "plan_hash", "state"),
        _number("epoch"),
        *_words("owner", "heartbeat_at", "started_at"),
        *_maybe("ended_at", "outcome"),
        *_words("error"),
        *_maybe("stop_by"),
        *_words("progress"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("request"),
    )
    _index("run", "state")
    _only_one("one_run_per_cluster", "run", "cluster", _HOLDING)
    step = (_of("run"), _number("n"), *_words("name", "state"), *_maybe("started_at", "ended_at"))
    _table("step", *step, *_words("text", "data"), sa.PrimaryKeyConstraint("run", "n"))
    said = (_of("run"), *_words("person"), _flag("happened"), *_words("at"))
    _table("settlement", *said, sa.PrimaryKeyConstraint("run", "person"))
    slot = (*_words("schedule", "slot_utc", "owner", "claimed_at"), *_maybe("done_at"))
    _table("schedule_run", *slot, sa.PrimaryKeyConstraint("schedule", "slot_utc"))


def _face() -> None:
    came = (*_words("key", "meaning", "kind", "body", "received_at"), *_maybe("done_at"))
    _table("inbox", *came, sa.PrimaryKeyConstraint("key"), sa.UniqueConstraint("meaning"))
    card = (*_words("request", "channel", "ts"), _number("rendered_version"), _flag("told_end"))
    _table("card", *card, sa.PrimaryKeyConstraint("request"))
    _table("reminder", *_words("request"), _number("count"), *_words("last_at"), sa.PrimaryKeyConstraint("request"))
    _table("bot", *_words("owner", "heartbeat_at"), sa.PrimaryKeyConstraint("owner"))


def _table(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(name, *parts, if_not_exists=True)


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column], if_not_exists=True)


def _only_one(name: str, table: str, column: str, where: sa.TextClause) -> None:
    op.create_index(name, table, [column], unique=True, if_not_exists=True, sqlite_where=where, postgresql_where=where)


def _words(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _maybe(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=True) for name in names]


def _of(parent: str) -> sa.Column[Any]:
    return sa.Column(parent, sa.String(), sa.ForeignKey(f"{parent}.id"), nullable=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)
