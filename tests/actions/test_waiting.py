"""What a card says about waiting, decided without a database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from actions import backup, promote
from actions.resync import plan
from core.plan import Plan
from fleet.postgres.divergence import Verdict
from fleet.postgres.loss import Loss
from fleet.postgres.pace import Pace
from fleet.postgres.plight import Plight
from fleet.postgres.view import ClusterView, Slot
from tests.actions import test_backup, test_promote, test_resync
from tests.actions.test_resync import DB2, DB3, FORKED, HEALTHY, OLD, STANDING, VIEW
from tests.fixtures.views import HERE, SETTINGS, WHEN, cluster_view, dead, primary, standby

GIB = 1 << 30
PACE = Pace(GIB // 3, 3600.0)
LIMIT = {**SETTINGS, "max_slot_wal_keep_size": "4096"}
VALID = "valid while db2 lags at most 16 MB (now 0 B); a change of primary, timeline or of a node's state ends it"


def slot(name: str, **changes: Any) -> Slot:  # noqa: ANN401  # any field
    return replace(
        Slot(name, "physical", active=False, wal_status="extended", retained=GIB, safe=3 * GIB),
        **changes,
    )


def switch(*slots: Slot) -> Plan:
    return test_promote.switch(
        cluster_view(primary(slots=slots, settings=LIMIT, paces=(PACE,)), standby("db2"), standby("db3"))
    )


def failover(loss: Loss) -> Plan:
    view = cluster_view(dead("db1"), standby("db2"), standby("db3"))
    return promote.plan(promote.Asked("main"), test_promote.found(view, loss))


def resync(seen: Plight, *slots: Slot, view: ClusterView = VIEW, words: Any = STANDING) -> tuple[str, ...]:  # noqa: ANN401  # any Asked
    upstream = replace(view.nodes["db2"], slots=slots, settings=LIMIT, paces=(PACE,))
    changed = ClusterView("main", {**view.nodes, "db2": upstream})
    return plan(words, replace(test_resync.found(seen, words), view=changed)).waiting


def test_while_all_is_well_a_switchover_only_says_how_long_it_is_valid() -> None:
    assert switch().waiting == (VALID,)


def test_a_slot_of_a_standby_that_is_away_is_what_waiting_costs() -> None:
    held, *rest = switch(slot("db3")).waiting
    grows = "grows ≈ 341 MB/h (average of 60 min): full in ≈ 9 h, then its WAL goes"
    assert held == f"slot db3 on db1 holds 1 GB of at most 4 GB and {grows}"
    assert rest == [VALID]


def test_of_many_slots_the_two_most_urgent_are_named() -> None:
    said = switch(slot("later"), slot("soon", safe=GIB), slot("latest", retained=5)).waiting
    assert [line.split()[1] for line in said] == ["soon", "later", "while"]


def test_readings_about_waiting_do_not_touch_the_hash() -> None:
    assert switch(slot("db3")).plan_hash == switch().plan_hash
    later = Loss(0, 0, 0, HERE, HERE, WHEN)
    assert failover(later).plan_hash == failover(replace(later, last=None)).plan_hash


def test_a_failover_says_since_when_nothing_accepts_writes() -> None:
    loss = Loss(0, 0, 0, HERE, HERE, WHEN - timedelta(seconds=94))
    down = "waiting costs writes: nothing accepts them; db1 was seen down at 03:00:00 UTC"
    first, second = failover(loss).waiting
    assert first == f"{down}, its last known commit is of 02:58:26 UTC"
    assert second.startswith("the loss does not grow while db1 is down; db1 up again, or a change of timeline")
    assert failover(replace(loss, last=None)).waiting == (down, second)


def test_a_commit_of_another_day_comes_with_its_day() -> None:
    loss = Loss(0, 0, 0, HERE, HERE, WHEN - timedelta(days=1))
    assert failover(loss).waiting[0].endswith("its last known commit is of 2026-03-03 03:00:00 UTC")


REPAIR = replace(HEALTHY, standing=replace(HEALTHY.standing, streaming=False))
AWAY = ClusterView("main", {**VIEW.nodes, "db3": replace(DB3, receiver=None)})
ENDS = "a change of primary, timeline, of db3's state or of its way back ends it"


def test_a_standby_that_is_away_is_waited_for_by_its_slot_and_by_nobody_else() -> None:
    held, alone, ends = resync(REPAIR, slot("other", safe=GIB), slot("db3"), view=AWAY)
    assert held.startswith("slot db3 on db2 holds 1 GB of at most 4 GB and grows ≈ 341 MB/h")
    assert alone == "until then no standby streams: only db2 has what is written"
    assert ends == ENDS


def test_without_a_slot_its_wal_may_go_any_time() -> None:
    gone = "no slot on db2 keeps WAL for db3: a checkpoint may take what it needs"
    assert resync(REPAIR) == (gone, ENDS)
    assert resync(REPAIR, slot("db3", wal_status="lost", retained=None, safe=None)) == (gone, ENDS)
    assert resync(REPAIR, slot("db3", active=True, retained=0)) == (ENDS,)


def test_where_no_wal_is_needed_none_is_missed() -> None:
    assert resync(HEALTHY, words=replace(STANDING, rebuild=True)) == (ENDS,)


def test_the_loss_agreed_to_is_the_budget_that_waiting_has() -> None:
    (ends,) = resync(FORKED, words=OLD)
    assert ends.startswith("valid while only db1 has at most 16 MB of WAL (now 3 MB); a change of primary")


def test_an_old_primary_that_still_writes_loses_more_while_people_wait() -> None:
    writing = replace(FORKED, standing=replace(FORKED.standing, answers=True))
    assert resync(writing, words=OLD)[0] == "db1 still accepts writes: each one more is lost"


def test_a_backup_only_says_what_ends_it() -> None:
    said = "a change of primary, timeline, of db2's role or major version ends it"
    assert backup.plan(test_backup.ASKED, test_backup.FOUND).waiting == (said,)


def test_never_more_than_three_sentences() -> None:
    writing = replace(FORKED, standing=replace(FORKED.standing, answers=True))
    lone = ClusterView("main", {"db1": VIEW.nodes["db1"], "db2": DB2})
    assert len(resync(writing, slot("a"), slot("b"), view=lone, words=OLD)) == 3
    assert writing.standing.verdict is Verdict.DIVERGED
