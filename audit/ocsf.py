"""An entry of the record in the words of OCSF 1.9.0, the Open Cybersecurity Schema Framework: class API Activity.

With the profile record_integrity. What proves an entry is its body, which travels as ``raw_data``:
``attestation.fingerprint`` is the SHA-256 of the bytes ``seconder-audit-v1``, 0x00 and ``raw_data`` in UTF-8. It is not
computed over a serialization of the OCSF event itself, of which OCSF speaks, because nothing of ours hashes that.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from audit.store import AuditEvent
from core.clock import moment

_VERSION, _CATEGORY, _CLASS = "1.9.0", 6, 6003
_CREATE, _READ, _UPDATE, _OTHER = 1, 2, 3, 99
_NAMES = {_CREATE: "Create", _READ: "Read", _UPDATE: "Update"}
_ACTIVITIES = {"action.read": _READ, "digest.posted": _CREATE, "request.opened": _CREATE, "run.started": _CREATE}
_CHANGING = ("request.", "run.", "step.", "config.")
_STATUS = {  # status_id, status, severity_id, severity
    "intent": (99, "intent", 1, "Informational"),
    "success": (1, "Success", 1, "Informational"),
    "failure": (2, "Failure", 3, "Medium"),
    "denied": (2, "Failure", 2, "Low"),
    "unknown": (0, "Unknown", 4, "High"),  # a person has to look
}
_ELSEWHERE = {
    "seq",
    "event_id",
    "occurred_at",
    "action",
    "actor",
    "request",
    "target",
    "prev",
}  # in an event's own words
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """Where an entry stands: ``chain`` is the ``event_id`` of the first of all, ``before`` that of the one before it.

    What is empty is left out of the event, although OCSF wants it.
    """

    chain: str = ""
    before: str = ""


def ocsf(row: AuditEvent, place: Place) -> dict[str, object]:
    """Give an entry as an event. ``time`` is in milliseconds since 1970, UTC; ``metadata.original_time`` is exact."""
    return {
        **_classification(row),
        "time": _milliseconds(row.occurred_at),
        "actor": {"user": _user(row.actor)},
        "api": {"operation": row.action, **({"request": {"uid": row.request}} if row.request else {})},
        "src_endpoint": {"svc_name": "seconder"},
        **({"resources": [{"name": row.target}]} if row.target else {}),
        "metadata": _metadata(row),
        "attestation": _attestation(row, place),
        "raw_data": row.body,
        "unmapped": {name: value for name, value in said(row.body).items() if name not in _ELSEWHERE},
    }


def said(body: str) -> Mapping[str, object]:
    """Read a body; nothing of one that is no object, as an altered record may hold."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _classification(row: AuditEvent) -> dict[str, object]:
    activity = _ACTIVITIES.get(row.action) or (_UPDATE if row.action.startswith(_CHANGING) else _OTHER)
    status_id, status, severity_id, severity = _STATUS.get(row.outcome, _STATUS["unknown"])
    return {
        "category_uid": _CATEGORY,
        "class_uid": _CLASS,
        "activity_id": activity,
        "activity_name": _NAMES.get(activity, row.action),
        "type_uid": _CLASS * 100 + activity,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_code": row.outcome,
    }


def _metadata(row: AuditEvent) -> dict[str, object]:
    return {
        "uid": row.event_id,
        "version": _VERSION,
        "product": {"name": "Seconder", "vendor_name": "Seconder"},
        "profiles": ["record_integrity"],
        "sequence": row.seq,
        "original_time": row.occurred_at,
        "event_code": row.action,
        "log_source": "audit_event",
        **({"correlation_uid": row.run or row.request} if row.run or row.request else {}),
    }


def _attestation(row: AuditEvent, place: Place) -> dict[str, object]:
    """Give the link of the chain; the first entry has none before it."""
    before = {**({"uid": place.before} if place.before else {}), "fingerprint": _fingerprint(row.prev_hash)}
    return {
        "fingerprint": _fingerprint(row.hash),
        **({"prev_event": before} if row.seq > 1 else {}),
        **({"chain_uid": place.chain} if place.chain else {}),
    }


def _fingerprint(value: str) -> dict[str, object]:
    return {"algorithm": "SHA-256", "algorithm_id": 3, "value": value}


def _user(actor: str) -> dict[str, object]:
    """Give who did it: a person of the roster, the bot itself, or an account that belongs to nobody in the roster."""
    if actor == "system":
        return {"name": actor, "type_id": 3, "type": "System"}
    if ":" in actor:
        return {"uid": actor, "type_id": 0, "type": "Unknown"}
    return {"name": actor, "type_id": 1, "type": "User"}


def _milliseconds(text: str) -> int:
    """Give a moment in milliseconds since 1970; 0 for what is none."""
    try:
        return (moment(text) - _EPOCH) // timedelta(milliseconds=1)
    except ValueError:
        return 0
