"""Writes entries of the record as lines of JSON for other systems: as they are, or in the words of OCSF."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum

from audit.ocsf import Place, ocsf, said
from audit.store import AuditEvent

__all__ = ["Form", "Place", "lines", "native", "ocsf"]


class Form(StrEnum):
    """What a line looks like."""

    JSONL = "jsonl"
    OCSF = "ocsf"


def lines(rows: Iterable[AuditEvent], form: Form, place: Place | None = None) -> Iterator[str]:
    """Give one line of JSON, without its end, for each row; rows come in the order of their numbers.

    ``place`` is that of the first row; not needed when that is entry 1.
    """
    at = place or Place()
    for row in rows:
        if row.seq == 1:
            at = Place(chain=row.event_id)
        yield native(row) if form is Form.JSONL else _dump(ocsf(row, at))
        at = Place(at.chain, row.event_id)


def native(row: AuditEvent) -> str:
    r"""Give the body, byte for byte, with ``hash`` behind its last key.

    Without ``,"hash":"…"`` it is the body again. What is no object on one line, as an altered record may hold, is
    given as the table's columns, the body one of them.
    """
    if said(row.body) and row.body.endswith("}") and not {"\n", "\r"} & set(row.body):
        return f'{row.body[:-1]},"hash":{_dump(row.hash)}}}'
    return _dump(row.model_dump())


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
