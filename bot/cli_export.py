"""`seconder audit export`: the record, or a part of it, for another system."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from audit.export import Form, Place, lines
from audit.reading import entries
from audit.store import Session, Store, StoreUnavailable, open_store, sqlite_path
from bot.cli_house import environment
from core.errors import ConfigurationError, Malformed

_COULD_NOT_TELL = 3


def export(
    *,
    form: Annotated[Form, typer.Option(help="jsonl: the entries as they are; ocsf: as OCSF 1.9 events.")] = Form.JSONL,
    first: Annotated[int, typer.Option("--from", metavar="SEQ", help="The first entry.", min=1)] = 1,
    last: Annotated[int | None, typer.Option("--to", metavar="SEQ", help="The last entry; else the newest.")] = None,
    out: Annotated[Path | None, typer.Option(help="A file that only you can read; else standard output.")] = None,
) -> None:
    """Write entries, one line of JSON each. Exit codes: 0 done, 2 usage, 3 the record could not be read."""
    if last is not None and last < first:
        raise Malformed(f"Entry {last} comes before entry {first}.", "Give --from the lower number.")
    try:
        with _opened(environment().store) as store, store.reading() as session, onto(out) as sink:
            for line in lines(entries(session, first, last), form, _place(session, first)):
                sink.write(line + "\n")
    except StoreUnavailable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_COULD_NOT_TELL) from error


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    """Open a store that is there; to read one is no reason to make one."""
    store = open_store(url)
    try:
        if store.embedded and not sqlite_path(url).is_file():
            raise StoreUnavailable(f"There is no store at {sqlite_path(url)}.", "Look at SECONDER_STORE.")
        yield store
    finally:
        store.close()


def _place(session: Session, first: int) -> Place:
    """Give the place of the entry with a number, from the one before it and the first of all."""
    ids = {row.seq: row.event_id for seq in (1, first - 1) if seq < first for row in entries(session, seq, seq)}
    return Place(ids.get(1, ""), ids.get(first - 1, ""))


@contextmanager
def onto(out: Path | None) -> Iterator[TextIO]:
    """Give standard output, or a new file (mode 0600) that takes its name once it is whole and on the disk."""
    if out is None:
        yield sys.stdout
        return
    try:
        descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                yield file
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(out)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        said = f"{out} can't be written: {error.strerror}."
        raise ConfigurationError(said, "Look at the folder, its owner and its free space.") from error
