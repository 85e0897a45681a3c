"""Lines for other systems: one JSON object each, nothing of the record lost, the hashes those of the table."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import ledger, store
from audit.chain import COLUMNS, EXTRA, GENESIS, hash_of, seal
from audit.export import Form, Place, lines, native, ocsf
from audit.ledger import ACTIONS, OUTCOMES, Event
from audit.reading import announced, entries
from audit.store import AuditEvent, Store, open_store
from tests.fixtures.house import StandingClock

Json = dict[str, Any]
LSN = "5/7C3A1F28"


def row(seq: int = 1, prev: str = GENESIS, **fields: object) -> AuditEvent:
    """A sealed entry, as it lies in the table."""
    columns = {name: fields.get(name) for name in COLUMNS} | {
        "seq": seq,
        "event_id": fields.get("event_id", f"id-{seq}"),
        "occurred_at": fields.get("occurred_at", "2026-03-01T03:00:00.123456Z"),
        "action": fields.get("action", "step.outcome"),
        "outcome": fields.get("outcome", "success"),
        "actor": fields.get("actor", "ana"),
    }
    return AuditEvent.model_validate(seal(prev, columns, {name: fields.get(name, {}) for name in EXTRA}))


def chain(count: int, **fields: object) -> list[AuditEvent]:
    rows: list[AuditEvent] = []
    for n in range(1, count + 1):
        rows.append(row(n, rows[-1].hash if rows else GENESIS, **fields))
    return rows


def event(entry: AuditEvent) -> Json:
    return json.loads(json.dumps(ocsf(entry, Place())))  # type: ignore[no-any-return]


@pytest.fixture
def written(any_store: Store) -> Store:
    """A record of five steps, with what is hard to write."""
    for n in range(1, 6):
        detail = {"lsn": LSN, "system_identifier": 2**63, "said": "a\nb\u2028ü \U0001f600", "n": n}
        with any_store.transaction() as session:
            made = Event(
                "step.intent", "intent", "ana", "r-1", "run-1", f"{n} stop", "main/db2", {}, {"a": [n]}, detail
            )
            ledger.append(session, StandingClock(), made)
    return any_store


@pytest.mark.parametrize("form", Form)
def test_every_line_is_one_object_and_every_entry_one_line(written: Store, form: Form) -> None:
    with written.reading() as session:
        made = list(lines(entries(session), form))
        ids = [each.event_id for each in store.tail(session, 9)]
    said = [json.loads(line) for line in made]
    assert [line for line in made if "\n" in line] == []
    if form is Form.JSONL:
        assert [(each["seq"], each["event_id"]) for each in said] == list(enumerate(ids, 1))
    else:
        assert [(each["metadata"]["sequence"], each["metadata"]["uid"]) for each in said] == list(enumerate(ids, 1))


def test_a_line_without_its_hash_is_the_body_again_and_proves_itself(written: Store) -> None:
    with written.reading() as session:
        for entry in entries(session):
            line = native(entry)
            assert line == f'{entry.body[:-1]},"hash":"{entry.hash}"}}'
            assert hash_of(entry.body) == json.loads(line)["hash"] == entry.hash


def test_an_ocsf_event_carries_what_proves_it_and_links_to_the_one_before(written: Store) -> None:
    with written.reading() as session:
        said = [json.loads(line) for line in lines(entries(session), Form.OCSF)]
    before: Json | None = None
    for each in said:
        proof = each["attestation"]
        assert each["metadata"]["profiles"] == ["record_integrity"]
        assert proof["fingerprint"] == {"algorithm": "SHA-256", "algorithm_id": 3, "value": hash_of(each["raw_data"])}
        assert proof["chain_uid"] == said[0]["metadata"]["uid"]
        assert ("prev_event" in proof) is (before is not None)
        if before is not None:
            linked = {"uid": before["metadata"]["uid"], "fingerprint": before["attestation"]["fingerprint"]}
            assert proof["prev_event"] == linked
        before = each


def test_nothing_of_an_entry_is_lost_in_an_ocsf_event(written: Store) -> None:
    with written.reading() as session:
        entry = next(entries(session, 3, 3))
    said, body = event(entry), json.loads(entry.body)
    assert json.loads(said["raw_data"]) == body
    assert said["unmapped"] == {name: body[name] for name in ("v", "run", "step", "outcome", *EXTRA)}
    assert said["metadata"]["original_time"] == body["occurred_at"]
    assert (said["api"], said["resources"]) == (
        {"operation": "step.intent", "request": {"uid": "r-1"}},
        [{"name": "main/db2"}],
    )


def test_positions_and_big_numbers_stay_text(written: Store) -> None:
    with written.reading() as session:
        entry = next(entries(session))
    for detail in (json.loads(native(entry))["detail"], event(entry)["unmapped"]["detail"]):
        assert (detail["lsn"], detail["system_identifier"]) == (LSN, str(2**63))


@pytest.mark.parametrize(
    ("outcome", "status_id", "status", "severity_id"),
    [
        ("intent", 99, "intent", 1),
        ("success", 1, "Success", 1),
        ("failure", 2, "Failure", 3),
        ("denied", 2, "Failure", 2),
        ("unknown", 0, "Unknown", 4),
    ],
)
def test_each_outcome_has_its_status(outcome: str, status_id: int, status: str, severity_id: int) -> None:
    said = event(row(outcome=outcome))
    assert (said["status_id"], said["status"], said["severity_id"]) == (status_id, status, severity_id)
    assert said["status_code"] == said["unmapped"]["outcome"] == outcome
    assert outcome in OUTCOMES


@pytest.mark.parametrize(
    ("actor", "user"),
    [
        ("ana", {"name": "ana", "type_id": 1, "type": "User"}),
        ("system", {"name": "system", "type_id": 3, "type": "System"}),
        ("slack:T0SITE/U0EVE", {"uid": "slack:T0SITE/U0EVE", "type_id": 0, "type": "Unknown"}),
        ("login:root", {"uid": "login:root", "type_id": 0, "type": "Unknown"}),
    ],
)
def test_people_the_bot_and_strangers_are_told_apart(actor: str, user: Json) -> None:
    assert event(row(actor=actor))["actor"] == {"user": user}


@pytest.mark.parametrize("action", sorted(ACTIONS | {"audit.reconciled"}))
def test_every_action_has_what_ocsf_requires_of_its_class(action: str) -> None:
    said = event(row(action=action))
    kind = {"action.read": 2, "run.started": 1, "request.opened": 1, "digest.posted": 1}.get(action, 3)
    kind = 99 if action.startswith(("audit.", "auth.", "input.")) else kind
    assert (said["category_uid"], said["class_uid"], said["activity_id"]) == (6, 6003, kind)
    assert said["type_uid"] == 600300 + kind
    assert said["activity_name"] == {1: "Create", 2: "Read", 3: "Update"}.get(kind, action)
    assert (said["time"], said["metadata"]["version"]) == (1_772_334_000_123, "1.9.0")
    assert said["metadata"]["product"]["name"] == "Seconder"
    assert said["src_endpoint"] != {}


@given(st.text() | st.sampled_from(["{}", "[]", '{"a": 1}\n', '{"a":\r1}', '{"a":1} ', "{", "1", "null"]))
def test_an_altered_entry_is_a_line_too_and_keeps_its_text(body: str) -> None:
    altered = row()
    altered.body, altered.occurred_at, altered.outcome = body, "yesterday", "fine"
    for form in Form:
        (line,) = lines([altered], form)
        assert "\n" not in line
        assert isinstance(json.loads(line), dict)
    assert event(altered)["raw_data"] == body
    said = json.loads(native(altered))
    assert said["hash"] == altered.hash
    assert "body" not in said or said["body"] == body


def test_a_part_of_the_record_begins_at_the_place_that_it_is_given(written: Store) -> None:
    with written.reading() as session:
        whole = list(lines(entries(session), Form.OCSF))
        first, second = (entry.event_id for entry in entries(session, 1, 2))
        assert list(lines(entries(session, 3, 4), Form.OCSF, Place(first, second))) == whole[2:4]
        assert [json.loads(line)["metadata"]["sequence"] for line in lines(entries(session, 5), Form.OCSF)] == [5]


def test_the_steps_that_were_announced_are_given_by_run_and_number(written: Store) -> None:
    with written.reading() as session:
        assert announced(session, {"run-1", "run-2"}) == {("run-1", str(n)) for n in range(1, 6)}
        assert announced(session, {"run-2"}) == set()


def test_a_long_record_is_not_held_in_memory(tmp_path: Path) -> None:
    opened = open_store(f"sqlite:///{tmp_path / 'long.db'}")
    opened.prepare()
    rows = chain(3_000, detail={"text": "x" * 4_000})
    with opened.transaction() as session:
        session.connection().execute(AuditEvent.metadata.tables["audit_event"].insert(), [r.model_dump() for r in rows])
    size = sum(len(each.body) for each in rows)
    del rows
    tracemalloc.start()
    with opened.reading() as session:
        assert sum(len(line) for line in lines(entries(session), Form.OCSF)) > size
    assert tracemalloc.get_traced_memory()[1] < size / 2
    tracemalloc.stop()
    opened.close()
