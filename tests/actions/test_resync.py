"""Resync, decided without a database: who is refused and why, what each way back costs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.resync import ACTION, SPEC, Asked, Found, asked, plan, refuse
from core.plan import Lock, Plan, Risk, plan_from_json
from fleet.inventory import LOCAL, Cluster, Node
from fleet.postgres import ladder
from fleet.postgres.datadir import DataDir
from fleet.postgres.divergence import End, Verdict
from fleet.postgres.ladder import Rung, Standing
from fleet.postgres.plight import Plight
from fleet.postgres.readiness import Readiness
from fleet.postgres.view import DOWN, PRIMARY, STANDBY, ClusterView, NodeView, Receiver, Sender

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MIB = 1 << 20


def node(name: str) -> Node:
    return Node(name, LOCAL, "", "postgres", 5432, f"/{name}/data", "/bin", "", "seconder", "app", f"/{name}/work")


CLUSTER = Cluster("main", "postgres", "ops", {name: node(name) for name in ("db1", "db2", "db3")})
RECEIVER = Receiver("streaming", "10.0.0.2", 5432, "db3", 2, 0.1)
DB1 = NodeView("db1", DOWN, NOW, sysid="7", timeline=1)
DB2 = NodeView("db2", PRIMARY, NOW, reachable=True, sysid="7", timeline=2, write_lsn=500 * MIB)
DB3 = NodeView("db3", STANDBY, NOW, reachable=True, sysid="7", timeline=2, receive_lsn=500 * MIB, receiver=RECEIVER)
VIEW = ClusterView("main", {"db1": DB1, "db2": DB2, "db3": DB3})
DATA = DataDir(
    "/db1/data", "7", "in production", 1, 0, 16 * MIB,
    checksums=True, hints=True, fenced=False, mount=False, linked=False, tablespaces=0,
)  # fmt: skip
READY = Readiness("db2", "replicator", "7", 18, 1 << 30, 8, True, 0, 18, True, 9 << 30, "", "7", "")  # noqa: FBT003
FORKED = Plight(Standing(Verdict.DIVERGED, answers=False), End(1, 403 * MIB, wrote=True), DATA, 3 * MIB, "")
HEALTHY = Plight(
    Standing(Verdict.FOLLOWS, answers=True, streaming=True, moving=True, same_wal=True, wal_kept=True),
    End(2, 500 * MIB), replace(DATA, state="in archive recovery"), None, "",
)  # fmt: skip

CHEAP = {
    Rung.REPAIR: replace(HEALTHY.standing, streaming=False),
    Rung.FEED: replace(HEALTHY.standing, streaming=False, wal_kept=False, archive_has=True),
}


def found(seen: Plight, words: Asked) -> Found:
    choice = ladder.choose(seen.standing, rebuild=words.rebuild)
    return Found(CLUSTER, VIEW, "db2", seen, choice, READY)


def planned(seen: Plight, words: Asked) -> Plan:
    assert refuse(words, found(seen, words)) is None
    return plan(words, found(seen, words))


OLD = Asked("main", "db1")
STANDING = Asked("main", "db3")


def test_the_command_reads_as_people_type_it() -> None:
    assert SPEC.usage == "resync CLUSTER NODE [--rebuild] [--from FROM] [--follow FOLLOW] [--rate RATE]"
    assert SPEC.lock is Lock.CLUSTER
    assert SPEC.risk is Risk.DESTRUCTIVE
    assert asked("main", "db1", rebuild=True, **{"from": "db3"}) == Asked("main", "db1", rebuild=True, source="db3")
    assert asked("main", "db1") == OLD


def test_what_was_asked_makes_the_same_question_again() -> None:
    words = Asked("main", "db1", rebuild=True, source="db3")
    assert ACTION.asked(**planned(FORKED, words).asked) == words


def test_a_healthy_standby_is_refused_kindly_with_the_evidence() -> None:
    refused = refuse(STANDING, found(HEALTHY, STANDING))
    assert refused is not None
    assert refused.code == "RESYNC-NOT-NEEDED"
    assert refused.message == "db3 streams timeline 2, 0 B behind and replaying: nothing to do."
    assert refused.hint.endswith("/db resync main db3 --rebuild")


PAUSED = replace(HEALTHY, standing=replace(HEALTHY.standing, paused=True))


@pytest.mark.parametrize(
    "standing",
    [
        PAUSED.standing,
        replace(PAUSED.standing, delayed=True, moving=False),
        replace(PAUSED.standing, streaming=False, wal_kept=False, archive_has=True),
    ],
    ids=["streaming", "delayed", "to be fed from the archive"],
)
def test_a_pause_that_somebody_made_is_not_lifted_by_a_resync(standing: Standing) -> None:
    refused = refuse(STANDING, found(replace(HEALTHY, standing=standing), STANDING))
    assert refused is not None
    assert refused.code == "RESYNC-PAUSED"
    assert refused.hint.endswith("/db resume main db3")


def test_a_copy_over_a_paused_standby_says_that_its_past_is_gone() -> None:
    made = planned(PAUSED, replace(STANDING, rebuild=True))
    assert "replay is PAUSED on db3: what it still shows of the past is gone after this" in made.notes


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (replace(FORKED, data=replace(DATA, sysid="8")), "RESYNC-OTHER-SYSTEM"),
        (replace(FORKED, standing=replace(FORKED.standing, verdict=Verdict.NEWER)), "RESYNC-TARGET-NEWER"),
    ],
)
def test_a_folder_that_is_not_what_it_should_be_is_never_overwritten(seen: Plight, code: str) -> None:
    for words in (OLD, replace(OLD, rebuild=True)):
        refused = refuse(words, found(seen, words))
        assert refused is not None
        assert refused.code == code


def test_an_unknown_node_is_refused() -> None:
    refused = refuse(Asked("main", "db9"), Found(CLUSTER, VIEW, "db2"))
    assert refused is not None
    assert refused.code == "RESYNC-UNKNOWN-NODE"


def test_without_a_primary_the_reason_is_told() -> None:
    refused = refuse(Asked("main", "db2"), Found(CLUSTER, VIEW, None))
    assert refused is not None
    assert refused.code == "RESYNC-IS-PRIMARY"


def test_an_old_primary_beyond_the_fork_is_rewound_and_the_loss_is_named() -> None:
    made = planned(FORKED, OLD)
    assert made.title == "Resync db1: rewind it to db2"
    assert made.risk is Risk.DESTRUCTIVE
    assert made.target == made.notes_on == "db1"
    assert made.costs[0].startswith("gives up ≈ 3 MB of WAL that only db1 has")
    assert any("never started as one again" in note for note in made.notes)
    assert {step.name for step in made.steps} <= set(ACTION.steps or {})
    assert plan_from_json(made.to_json()).plan_hash == made.plan_hash


def test_more_wal_that_only_the_node_has_is_another_plan_above_what_was_agreed() -> None:
    more = replace(FORKED, lost=4 * MIB)
    assert planned(more, OLD).plan_hash == planned(FORKED, OLD).plan_hash
    assert planned(replace(FORKED, lost=17 * MIB), OLD).plan_hash != planned(FORKED, OLD).plan_hash


@pytest.mark.parametrize(
    ("rung", "verb"),
    [
        (Rung.REPAIR, "reconnect it to db2"),
        (Rung.FEED, "feed it WAL from the archive"),
    ],
)
def test_ways_that_destroy_nothing_are_a_change_only(rung: Rung, verb: str) -> None:
    made = planned(replace(HEALTHY, standing=CHEAP[rung], archive="/archive"), STANDING)
    assert made.risk is Risk.CHANGE
    assert made.title == f"Resync db3: {verb}"
    assert not any(step.ponr for step in made.steps)


def test_a_copy_says_what_it_reads_what_it_needs_and_what_it_keeps() -> None:
    made = planned(HEALTHY, replace(STANDING, rebuild=True))
    assert made.risk is Risk.DESTRUCTIVE
    assert any("copies ≈ 1 GB from db2" in cost for cost in made.costs)
    assert any("/db3/data.old." in note for note in made.notes)


@pytest.mark.parametrize(
    ("words", "change", "code"),
    [
        (replace(STANDING, rebuild=True, source="db3"), {}, "RESYNC-SOURCE"),
        (replace(STANDING, rebuild=True, source="db1"), {}, "RESYNC-SOURCE"),
        (replace(STANDING, rebuild=True), {"ready": None}, "RESYNC-SOURCE"),
        (replace(STANDING, rebuild=True), {"ready": replace(READY, free=0)}, "RESYNC-NO-SPACE"),
        (
            replace(STANDING, rebuild=True),
            {"plight": replace(HEALTHY, data=replace(DATA, mount=True))},
            "RESYNC-MOUNT",
        ),
    ],
)
def test_a_copy_that_cannot_work_is_refused_before_anything_stops(
    words: Asked, change: dict[str, object], code: str
) -> None:
    refused = refuse(words, replace(found(HEALTHY, words), **change))  # type: ignore[arg-type]  # any field
    assert refused is not None
    assert refused.code == code


def test_the_only_synchronous_standby_is_not_taken_away() -> None:
    row = Sender(1, "db3", "", "streaming", None, None, None, None, "sync", "db3", None)
    view = ClusterView("main", {**VIEW.nodes, "db2": replace(DB2, replication=(row,))})
    words = replace(STANDING, rebuild=True)
    refused = refuse(words, replace(found(HEALTHY, words), view=view))
    assert refused is not None
    assert refused.code == "RESYNC-ONLY-SYNC"


def test_an_old_primary_that_still_writes_is_shouted_about() -> None:
    writing = replace(FORKED, standing=replace(FORKED.standing, answers=True))
    assert any("STILL ACCEPTS WRITES" in note for note in planned(writing, OLD).notes)


def test_the_commands_by_hand_never_start_a_node_without_its_fence() -> None:
    for seen, words in ((FORKED, OLD), (HEALTHY, replace(STANDING, rebuild=True))):
        made = planned(seen, words)
        lines = [
            line for line in made.onward if "standby.signal" in line or line.endswith(f"start   # on {words.node}")
        ]
        assert "standby.signal" in lines[-2]
        assert "start" in lines[-1]
        assert made.back[0].startswith("# Never start")
