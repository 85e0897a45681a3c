"""Discard, decided without a database: which folder, and what keeps it from being deleted."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.discard import ACTION, SPEC, Asked, Found, choose, plan, refuse
from core.plan import Kind, Risk, plan_from_json
from fleet.postgres import attic
from fleet.postgres.attic import Kept
from fleet.postgres.divergence import Verdict
from fleet.postgres.view import NodeView
from tests.fixtures.views import HERE, cluster_view, dead, primary, standby

MOVED = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
OLD = Kept("/srv/db3.old.run-0aaaa", "old", "run-0aaaa", 12 << 30, MOVED)
FAILED = Kept("/srv/db3.failed.run-0bbbb", "failed", "run-0bbbb", None, None)
VIEW = cluster_view(primary(), standby("db2"), standby("db3"))
ASKED = Asked("main", "db3")
FOUND = Found(VIEW, (OLD,), OLD, system="76", verdict=Verdict.FOLLOWS)


def code(asked: Asked, found: Found) -> str:
    refused = refuse(asked, found)
    return refused.code if refused else ""


def test_it_is_destructive_typed_and_cannot_be_taken_back() -> None:
    made = plan(ASKED, FOUND)
    assert SPEC.risk is made.risk is Risk.DESTRUCTIVE
    assert made.target == "db3"
    assert [(step.name, step.kind, step.ponr, step.undo) for step in made.steps] == [("delete", Kind.PROBE, True, None)]
    assert ACTION.steps is not None
    assert {step.name for step in made.steps} <= set(ACTION.steps)
    assert plan_from_json(made.to_json()).plan_hash == made.plan_hash
    assert ACTION.asked(**made.asked) == ASKED


def test_the_card_names_the_folder_its_size_its_run_and_what_only_it_holds() -> None:
    made = plan(ASKED, FOUND)
    assert made.title == "Delete on db3: /srv/db3.old.run-0aaaa (12 GB)"
    assert "moved aside by run-0aaaa at 2026-03-04 03:00 UTC" in made.notes[0]
    assert made.notes[1] == "it holds no WAL that the primary lacks"
    forked = plan(ASKED, replace(FOUND, verdict=Verdict.DIVERGED, alone=3 << 20))
    assert forked.notes[1] == "it holds ≈ 3 MB of WAL that nobody else has: its last copy goes"
    assert "CAN'T BE TOLD" in plan(ASKED, replace(FOUND, verdict=Verdict.AHEAD)).notes[1]
    assert "nothing is lost" in plan(ASKED, replace(FOUND, chosen=FAILED, verdict=Verdict.AHEAD)).notes[1]


def test_of_several_folders_one_must_be_named_and_all_are_listed() -> None:
    refused = refuse(ASKED, Found(VIEW, (OLD, FAILED), choose((OLD, FAILED), None)))
    assert refused is not None
    assert refused.code == "DISCARD-WHICH"
    assert (
        "db3.old.run-0aaaa (12 GB, moved 2026-03-04 03:00 UTC); db3.failed.run-0bbbb (size unknown)" in refused.message
    )
    assert refused.hint.endswith("/db discard main db3 run-0aaaa")


@pytest.mark.parametrize("word", ["run-0bbbb", "db3.failed.run-0bbbb", "/srv/db3.failed.run-0bbbb"])
def test_a_folder_is_named_by_its_run_its_name_or_its_path(word: str) -> None:
    assert choose((OLD, FAILED), word) is FAILED
    assert choose((OLD, FAILED), word[:-1]) is None
    assert choose((OLD,), None) is OLD


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kept": ()}, "DISCARD-NOTHING"),
        ({"unwell": "db3 does not stream"}, "DISCARD-NODE-UNWELL"),
        ({"foreign": "it is a mount point"}, "DISCARD-NOT-OURS"),
        ({"system": "77"}, "DISCARD-OTHER-SYSTEM"),
        ({"system": ""}, ""),  # half deleted: no control file is left
    ],
)
def test_what_keeps_a_folder(change: dict[str, object], expected: str) -> None:
    assert code(ASKED, replace(FOUND, **change)) == expected  # type: ignore[arg-type]  # any field
    assert code(Asked("main", "db9"), FOUND) == "DISCARD-UNKNOWN-NODE"


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (standby("db3"), ""),
        (standby("db3", receiver=None), "db3 does not stream"),
        (standby("db3", timeline=9), "db3 is on another timeline than db1"),
        (standby("db3", receive_lsn=0, replay_lsn=0), "db3 is far behind db1"),
        (dead("db3"), "db3 is down"),
        (primary("db3"), "there is no single primary"),
    ],
)
def test_a_node_must_do_without_it_first(node: NodeView, why: str) -> None:
    view = cluster_view(primary(write_lsn=HERE + (32 << 20) if "behind" in why else HERE), standby("db2"), node)
    assert attic.unwell(view, "db3") == why
    assert attic.unwell(VIEW, "db1") == ""
