"""Backup, decided without a database: what stands in the way, what the plan says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.backup import ACTION, SPEC, Asked, Found, plan, refuse
from core.plan import Lock, Risk, plan_from_json
from fleet.inventory import LOCAL, Node
from fleet.postgres.basebackup import Destination
from fleet.postgres.readiness import Readiness
from fleet.postgres.view import PRIMARY, STANDBY, Archiver, ClusterView, NodeView

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ARCHIVER = Archiver("on", "000000010000000000000001", 5.0, "", None, failing=False, ready=0)
DB1 = NodeView("db1", PRIMARY, NOW, reachable=True, sysid="7", timeline=1, archiver=ARCHIVER)
DB2 = NodeView("db2", STANDBY, NOW, reachable=True, sysid="7", timeline=1)
VIEW = ClusterView("main", {"db1": DB1, "db2": DB2})
NODE = Node("db2", LOCAL, "", "postgres", 5432, "/data", "/bin", "", "seconder", "app", "/work")
READY = Readiness("db2", "replicator", "7", 18, 1 << 30, 8, True, 0, 18, True, 9 << 30, "", "7", "")  # noqa: FBT003
ASKED = Asked("main")
FOUND = Found(VIEW, "db2", "db2 streams and is up to date", Destination(NODE, "/backups"), READY)


def test_a_backup_changes_nothing_that_must_be_approved_by_two() -> None:
    assert SPEC.risk is Risk.CHANGE
    assert SPEC.lock is Lock.NODE
    assert SPEC.usage == "backup CLUSTER [NODE]"


def test_a_ready_cluster_is_not_refused() -> None:
    assert refuse(ASKED, FOUND) is None


@pytest.mark.parametrize(
    ("found", "code", "hint"),
    [
        (replace(FOUND, where=None), "BACKUP-NO-DESTINATION", "[clusters.main]"),
        (replace(FOUND, source=None, ready=None, why="no primary"), "BACKUP-NO-SOURCE", "/db status main"),
        (replace(FOUND, ready=replace(READY, free=0)), "BACKUP-NO-SPACE", "Make room first"),
    ],
)
def test_what_stands_in_the_way_has_a_code_and_a_hint(found: Found, code: str, hint: str) -> None:
    refused = refuse(ASKED, found)
    assert refused is not None
    assert refused.code == code
    assert hint in refused.hint


def test_the_plan_copies_verifies_completes_and_only_then_keeps() -> None:
    made = plan(ASKED, FOUND)
    assert [step.name for step in made.steps] == ["copy", "verify", "extras", "keep"]
    assert not any(step.ponr for step in made.steps)
    assert made.steps[0].undo is not None
    assert made.title == "Back up main: db2 → db2:/backups"
    assert {step.name for step in made.steps} <= set(ACTION.steps or {})
    assert plan_from_json(made.to_json()).plan_hash == made.plan_hash


def test_readings_that_change_by_themselves_do_not_change_the_plan() -> None:
    later = replace(FOUND, why="other words", ready=replace(READY, size=2 << 30, free=5 << 30, senders=3))
    assert plan(ASKED, later).plan_hash == plan(ASKED, FOUND).plan_hash


def test_another_source_or_timeline_is_another_plan() -> None:
    promoted = ClusterView("main", {"db1": replace(DB1, timeline=2), "db2": DB2})
    assert plan(ASKED, replace(FOUND, view=promoted)).plan_hash != plan(ASKED, FOUND).plan_hash
    assert plan(ASKED, replace(FOUND, source="db1")).plan_hash != plan(ASKED, FOUND).plan_hash


def test_what_nobody_can_know_is_said_to_be_unknown() -> None:
    notes = plan(ASKED, replace(FOUND, ready=replace(READY, checksums=False))).notes
    assert any("UNKNOWN" in note for note in notes)


@pytest.mark.parametrize(
    ("archiver", "word"),
    [
        (None, "no WAL archive"),
        (replace(ARCHIVER, mode="off"), "no WAL archive"),
        (replace(ARCHIVER, failing=True, last_failed="0001"), "the archiver fails"),
    ],
)
def test_an_archive_that_does_not_keep_up_is_mentioned(archiver: Archiver | None, word: str) -> None:
    seen = ClusterView("main", {"db1": replace(DB1, archiver=archiver), "db2": DB2})
    assert any(word in note for note in plan(ASKED, replace(FOUND, view=seen)).notes)


def test_what_was_asked_makes_the_same_question_again() -> None:
    assert ACTION.asked(**plan(ASKED, FOUND).asked) == ASKED
