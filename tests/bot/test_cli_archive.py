"""`seconder audit archive` as people call it."""

from pathlib import Path

from audit import ledger
from audit.ledger import Event
from audit.store import open_store
from tests.bot.test_cli_rules import Terminal, terminal
from tests.fixtures.house import StandingClock

__all__ = ["terminal"]


def test_what_is_older_than_400_days_goes_into_a_signed_file_once(terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "old.jsonl"
    old = open_store(f"sqlite:///{terminal.home / 'seconder.db'}")
    old.prepare()
    for _ in range(2):
        with old.transaction() as session:
            ledger.append(session, LONG_AGO, Event("action.read", "success", "ana"))
    old.close()
    terminal.run("rules")
    refused = terminal.run("audit", "archive", "--out", str(out), "--before", "2999-01-01")
    assert (refused.code, "younger than 400 days" in refused.err, out.exists()) == (2, True, False)
    done = terminal.run("audit", "archive", "--out", str(out))
    assert (done.code, done.err, "Entries 1 to 2 are in" in done.out) == (0, "", True)
    assert out.stat().st_mode & 0o777 == 0o600
    assert terminal.run("audit", "archive", "--check", str(out)).code == 0
    assert terminal.run("audit", "archive", "--out", str(out)).code == 2  # there is nothing new
    out.write_text(out.read_text().replace('"ana"', '"ben"'))
    altered = terminal.run("audit", "archive", "--check", str(out))
    assert (altered.code, "not the ones that were sealed" in altered.out) == (1, True)


LONG_AGO = StandingClock()
LONG_AGO.forward(-3 * 365 * 86400)
