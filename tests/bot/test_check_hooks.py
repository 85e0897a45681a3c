"""`seconder check` and hooks: each place reached, each program there, whichever node is the primary."""

from pathlib import Path

import pytest

from bot.check_hooks import tried
from fleet.hooks.hook import Hook
from tests.fixtures.hooked import script, site_of
from tests.fixtures.pooler import made


def said(tmp_path: Path, hook: Hook) -> str:
    ((_, wrong),) = tried(site_of(tmp_path, hook))
    return wrong.message if wrong else ""


@pytest.mark.parametrize("on", ["bot", "pool1", "{old}"])
def test_a_hook_whose_places_and_programs_are_there_is_good(tmp_path: Path, on: str) -> None:
    assert said(tmp_path, made("a", "post_promote", command=[script(tmp_path, "a", ":"), "{new}"], on=on)) == ""


def test_a_program_that_is_missing_or_may_not_be_run_is_bad(tmp_path: Path) -> None:
    assert "No such file" in said(tmp_path, made("a", "post_promote", command=["/nonexistent/a"]))
    (tmp_path / "plain").write_text("no program\n")
    plain = made("a", "post_promote", command=[f"{tmp_path}/plain"], on="pool1")
    assert said(tmp_path, plain) == f"{tmp_path}/plain may not be run on pool1."


def test_proofs_and_undos_are_tried_too(tmp_path: Path) -> None:
    good = script(tmp_path, "a", ":")
    proof = made("a", "post_promote", command=[good], proof={"http": {"url": "http://127.0.0.1:1/"}})
    assert "127.0.0.1:1 takes no connection" in said(tmp_path, proof)
    undo = made("a", "pre_promote", command=[good], undo={"sql": "/nonexistent.sql", "on": "db1"})
    assert said(tmp_path, undo) == "On db1: /nonexistent.sql can't be read: No such file or directory."


def test_a_server_that_takes_no_connection_is_bad(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("SHOW VERSION;\n")
    console = made("a", "post_promote", sql=f"{tmp_path}/a.sql", conninfo="host=127.0.0.1 port=1 dbname=pgbouncer")
    assert "127.0.0.1:1 took no connection" in said(tmp_path, console)
