"""`seconder audit export`: to a terminal, to a file that only its owner reads, and what it ends with."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from audit import ledger
from audit.ledger import Event
from audit.store import open_store
from bot.cli_export import export
from core.errors import ConfigurationError, SeconderError
from tests.fixtures.house import StandingClock

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command over a record of five entries; gives its code, its lines and what it said besides."""
    monkeypatch.setenv("SECONDER_HOME", str(tmp_path))
    store = open_store(f"sqlite:///{tmp_path / 'seconder.db'}")
    store.prepare()
    for n in range(5):
        with store.transaction() as session:
            ledger.append(session, StandingClock(), Event("action.read", "success", "ana", target=f"ü{n}"))
    store.close()
    app = typer.Typer()
    app.command()(export)

    def run(*words: str) -> tuple[int, list[str], str]:
        result = CliRunner().invoke(app, words)
        if isinstance(result.exception, SeconderError):
            raise result.exception
        return result.exit_code, result.stdout.splitlines(), result.stderr

    return run


def numbers(lines: list[str]) -> list[int]:
    return [json.loads(line)["seq"] for line in lines]


def test_it_writes_all_entries_or_those_that_were_asked_for(run: Run) -> None:
    assert numbers(run()[1]) == [1, 2, 3, 4, 5]
    assert numbers(run("--from", "2", "--to", "4")[1]) == [2, 3, 4]
    assert numbers(run("--from", "4")[1]) == [4, 5]
    assert run("--from", "6") == (0, [], "")


def test_a_part_as_ocsf_knows_its_chain(run: Run) -> None:
    whole = run("--form", "ocsf")[1]
    for first in (1, 2, 3):
        assert run("--form", "ocsf", "--from", str(first))[1] == whole[first - 1 :]


def test_a_file_is_written_whole_and_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out" / "record.jsonl"
    out.parent.mkdir()
    out.write_text("old")
    out.chmod(0o644)
    code, lines, _ = run("--out", str(out))
    assert (code, lines) == (0, [])
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert numbers(out.read_text(encoding="utf-8").splitlines()) == [1, 2, 3, 4, 5]
    assert list(out.parent.iterdir()) == [out]


def test_a_file_that_can_not_be_written_is_said_and_nothing_is_left(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    for out in ("folder", "none/record.jsonl"):
        with pytest.raises(ConfigurationError, match="can't be written"):
            run("--out", str(tmp_path / out))
    assert sorted(tmp_path.iterdir()) == before


def test_numbers_the_wrong_way_round_are_refused(run: Run) -> None:
    with pytest.raises(SeconderError, match="Entry 2 comes before entry 3"):
        run("--from", "3", "--to", "2")
    assert run("--from", "0")[0] == 2
    assert run("--form", "xml")[0] == 2


def test_a_record_that_is_not_there_or_not_readable_ends_with_3_and_leaves_the_old_file(
    run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "record.jsonl"
    out.write_text("old")
    store = tmp_path / "seconder.db"
    for path in (store, store.with_name("seconder.db-wal"), store.with_name("seconder.db-shm")):
        path.unlink(missing_ok=True)
    code, _, said = run("--out", str(out))
    assert (code, store.exists()) == (3, False)
    assert "There is no store" in said
    store.write_bytes(b"this is no database at all" * 100)
    assert run("--out", str(out))[0] == 3
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.glob(".record*")] == []
