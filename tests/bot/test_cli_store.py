"""`seconder store` as programs and people call it: what is there, bringing it up to date, and moving it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from audit.ledger import Event, append
from audit.migrate import head
from audit.move import address
from audit.store import Store, StoreUnavailable, open_store
from audit.verify import verify_store
from bot.cli_house import house
from core.clock import SystemClock
from tests.bot.test_cli_rules import Terminal, terminal
from tests.fixtures.empty_stores import empty_server

__all__ = ["empty_server", "terminal"]


def password(store: Store) -> str:
    found = make_url(store.url).password
    assert isinstance(found, str)
    return found


def test_it_shows_what_the_store_is(terminal: Terminal) -> None:
    terminal.run("rules")
    assert terminal.run("store", "migrate").code == 0
    shown = terminal.run("store", "show")
    assert shown.out.startswith(
        f"sqlite at {terminal.home / 'seconder.db'}\nversion {head()} (this Seconder works with"
    )
    data = terminal.run("store", "show", "--json").data
    assert (data["kind"], data["version"], data["newest_version"]) == ("sqlite", head(), head())
    assert data["bytes"] > 4096
    assert data["head"] == vars(verify_store(terminal.store().url).head)


def test_looking_at_a_store_that_is_not_there_does_not_make_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["show"], ["migrate"], ["move", "postgresql+psycopg://nobody@127.0.0.1:1/x"]):
        monkeypatch.setenv("SECONDER_STORE", f"sqlite:///{terminal.home}/none.db")
        ended = terminal.run("store", *words)
        assert ended.code == 2
        assert ended.err.startswith(f"There is no store at {terminal.home}/none.db. Set SECONDER_STORE")
    assert not (terminal.home / "none.db").exists()


def test_migrating_says_from_which_version_to_which_and_twice_is_quiet(terminal: Terminal) -> None:
    terminal.run("rules")
    terminal.sql("DROP TABLE IF EXISTS alembic_version")
    assert f"had no version and has {head()} now" in terminal.run("store", "migrate").out
    assert f"had version {head()} and has {head()} now" in terminal.run("store", "migrate").out


def test_a_newer_store_is_left_alone_and_shown(terminal: Terminal) -> None:
    terminal.run("rules")
    terminal.run("store", "migrate")
    terminal.sql("UPDATE alembic_version SET version_num = '9999'")
    ended = terminal.run("store", "migrate")
    assert (ended.code, ended.out) == (2, "")
    assert "A newer Seconder has written this store" in ended.err
    assert terminal.run("store", "show", "--json").data["version"] == "9999"


@pytest.mark.postgres
def test_a_store_is_moved_and_everything_says_what_is_next(
    terminal: Terminal, empty_server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.run("hold", "main", "storage is moved")
    lines = len(terminal.record())
    ended = terminal.run("store", "move", empty_server.url)
    assert (ended.code, ended.err) == (0, "")
    assert f"are at {address(empty_server.url)} now; the record is whole" in ended.out
    assert "Next: set SECONDER_STORE to the new address" in ended.out
    assert password(empty_server) not in ended.out
    old = next(terminal.home.glob("seconder.db.moved-*Z"))
    assert str(old) in ended.out
    monkeypatch.setenv("SECONDER_STORE", empty_server.url)
    data = terminal.run("store", "show", "--json").data
    assert (data["kind"], data["version"], data["address"]) == ("postgresql", head(), address(empty_server.url))
    assert data["head"]["seq"] > lines
    assert terminal.run("audit", "verify").code == 0
    with empty_server.reading() as session:
        found = session.connection().execute(text("SELECT scope, person, reason FROM hold")).all()
    assert [tuple(row) for row in found] == [("main", "ana", "storage is moved")]
    with closing(sqlite3.connect(old)) as kept:
        assert kept.execute("SELECT scope, person, reason FROM hold").fetchall() == [tuple(found[0])]


@pytest.mark.postgres
def test_a_program_reads_what_was_moved(terminal: Terminal, empty_server: Store) -> None:
    terminal.run("rules")
    data = terminal.run("store", "move", empty_server.url, "--json").data
    assert data["head"] == vars(verify_store(empty_server.url).head)
    assert data["rows"]["configuration"] == 1
    assert Path(data["aside"]).is_file()


@pytest.mark.postgres
def test_beside_a_bot_that_serves_nothing_is_moved(terminal: Terminal, empty_server: Store) -> None:
    with house() as bot:
        bot.presence.beat()
        ended = terminal.run("store", "move", empty_server.url)
    assert ended.code == 2
    assert ended.err.startswith("A bot serves this store. Nothing was moved. Stop the bot")
    assert terminal.run("rules").code == 0


@pytest.mark.postgres
def test_who_is_in_no_roster_moves_nothing(terminal: Terminal, empty_server: Store) -> None:
    terminal.run("rules")
    file = terminal.home / "seconder.toml"
    file.write_text(file.read_text().replace('logins = ["', 'logins = ["not-'))
    ended = terminal.run("store", "move", empty_server.url)
    assert ended.code == 1
    assert "WHO-UNKNOWN" in ended.err
    assert (terminal.home / "seconder.db").stat().st_size > 4096


@pytest.mark.postgres
def test_the_owner_of_a_servers_store_migrates_it(
    terminal: Terminal, empty_server: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bots = make_url(empty_server.url).set(username="bots_of_the_store", password="bot")
    monkeypatch.setenv("SECONDER_STORE", bots.render_as_string(hide_password=False))
    monkeypatch.setenv("SECONDER_STORE_OWNER", empty_server.url)
    refused = terminal.run("store", "migrate")
    assert (refused.code, "CREATE ROLE bots_of_the_store LOGIN" in refused.err) == (2, True)
    with empty_server.transaction() as session:
        session.connection().execute(text("CREATE ROLE bots_of_the_store LOGIN PASSWORD 'bot'"))
    ended = terminal.run("store", "migrate")
    assert (ended.code, ended.err) == (0, "")
    assert f"{address(empty_server.url)} had version {head()} and has {head()} now" in ended.out
    as_bot = open_store(bots.render_as_string(hide_password=False))
    as_bot.prepare()
    with as_bot.transaction() as session:
        append(session, SystemClock(), Event("action.read", "success", "ana"))
    with pytest.raises(StoreUnavailable, match="permission denied"), as_bot.transaction() as session:
        session.connection().execute(text("DELETE FROM audit_event"))
    as_bot.close()
    assert verify_store(empty_server.url).events == 1
    with empty_server.transaction() as session:
        session.connection().execute(text("DROP OWNED BY bots_of_the_store"))
        session.connection().execute(text("DROP ROLE bots_of_the_store"))


def test_a_store_is_not_moved_to_another_file(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("rules")
    ended = terminal.run("store", "move", f"sqlite:///{tmp_path}/other.db")
    assert ended.code == 2
    assert "is a file, and a store is moved to a server" in ended.err
    assert (terminal.home / "seconder.db").exists()


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("mysql://u:canary@h/d", "TO names mysql"),
        ("postgresql://u:canary@h/d", "TO names postgresql, which this version can't use as a store. Use"),
        ("postgresql+psycopg://u:can@ary@h:x/d", "TO is no URL that can be read"),
        ("postgresql+psycopg://u:canary@127.0.0.1:1/d", "The store can't be used: connection failed"),
        ("postgresql+psycopg://u@127.0.0.1:1/d?password=canary", "The store can't be used: connection failed"),
        ("canary", "TO names nothing"),
    ],
)
def test_where_it_can_not_go_is_said_without_the_password(terminal: Terminal, to: str, said: str) -> None:
    terminal.run("rules")
    ended = terminal.run("store", "move", to)
    assert ended.code in {1, 2}
    assert ended.err.startswith(said)
    assert "ary" not in ended.err + ended.out
    kept = open_store(f"sqlite:///{terminal.home / 'seconder.db'}")
    assert verify_store(kept.url).ok
    kept.close()
