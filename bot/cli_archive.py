"""`seconder audit archive`: old entries as a signed file, for a place where they are kept for years."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from audit import ledger
from audit.anchors.keys import PUBLIC, public
from audit.ledger import Event
from audit.reading import entries, last_archived, last_before
from audit.segment import Seal, check, sealed, written
from bot.cli_export import onto
from bot.cli_house import environment, house, me
from bot.wiring import House
from core.clock import stamp
from core.errors import ConfigurationError, Malformed

KEPT = timedelta(days=400)  # a year at hand, and then some: PCI DSS 10.5.1 asks for twelve months
Out = Annotated[Path | None, typer.Option(help="The file to write; only you can read it.")]
Before = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Entries of before this day (UTC).")]
Checked = Annotated[Path | None, typer.Option("--check", metavar="FILE", help="Say whether a file is a whole segment.")]
Keys = Annotated[list[Path] | None, typer.Option("--key", help="A public key (default: the home's).")]


def archive(*, out: Out = None, before: Before = None, check_file: Checked = None, key: Keys = None) -> None:
    """Write entries that are older than 400 days into a signed file, or check one. Nothing leaves the store.

    Exit codes: 0 done or whole, 1 altered, 2 usage.
    """
    if check_file is not None:
        raise typer.Exit(_check(check_file, key or sorted(environment().home.glob(PUBLIC))))
    if out is None:
        raise Malformed("Where shall the segment be written?", "seconder audit archive --out FILE")
    with house() as opened:
        seal = _write(opened, out, _cutoff(opened, before), me(opened).person.name)
    typer.echo(f"✅ Entries {seal.first} to {seal.last} are in {out}. Sealed by the key {seal.key}.")


def _cutoff(opened: House, before: datetime | None) -> str:
    limit = opened.clock.now() - KEPT
    wanted = before.replace(tzinfo=UTC) if before else limit
    if wanted > limit:
        raise Malformed(
            f"Entries younger than {KEPT.days} days are not archived.", f"Give a day up to {limit:%Y-%m-%d}."
        )
    return stamp(wanted)


def _write(opened: House, out: Path, cutoff: str, actor: str) -> Seal:
    with opened.store.reading() as session, onto(out) as sink:
        first, last = last_archived(session) + 1, last_before(session, cutoff)
        if last < first:
            raise Malformed(f"There is nothing new of before {cutoff[:10]}: the next entry to archive is {first}.")
        line = ""
        for line in written(entries(session, first, last), opened.anchoring.key, stamp(opened.clock.now())):
            sink.write(f"{line}\n")
    seal = sealed(line)
    detail = {"first": seal.first, "last": seal.last, "hash": seal.hash, "sha256": seal.sha256, "file": str(out)}
    with opened.store.transaction() as session:
        ledger.append(session, opened.clock, Event("audit.segment_archived", "success", actor, detail=detail))
    return seal


def _check(path: Path, keys: list[Path]) -> int:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} can't be read: {error}.", "Name a segment.") from error
    found = check(lines, public(keys))
    if isinstance(found, Seal):
        typer.echo(f"✅ Entries {found.first} to {found.last}, unaltered since {found.at}.")
        return 0
    typer.echo(f"❌ {path}: {found}")
    return 1
