"""Switchovers and failovers in a row under a client that writes all the time, and an eye on who takes writes."""

import os
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.fixtures.operating import Operation, operation
from tests.fixtures.poller import Spell, overlap, watching
from tests.fixtures.product import demo_in, until

SOAK = bool(os.environ.get("SECONDER_SOAK"))  # read at once: tests see an environment without it
SWITCHOVERS, FAILOVERS = (200, 50) if SOAK else (3, 2)
ALONE = 25  # rows that a primary is promised for while nobody streams from it, before it dies
HZ = 50


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Operation]:
    with demo_in(tmp_path / "home") as demo:
        nodes = {name: node["dsn"] for name, node in demo.facts["nodes"].items()}
        with watching(nodes) as poller:
            yield operation(demo, poller)


@pytest.mark.postgres
def test_no_promised_row_is_lost_by_switchovers_no_more_than_agreed_by_failovers_and_there_never_are_two_primaries(
    world: Operation, record_property: Callable[[str, object], None]
) -> None:
    kinds = ["switchover"] * SWITCHOVERS + ["failover"] * FAILOVERS
    dice = random.Random(20)
    dice.shuffle(kinds)
    gaps: dict[str, list[float]] = {"switchover": [], "failover": []}
    lost: set[int] = set()
    for kind in kinds:
        since = datetime.now(UTC)
        if kind == "switchover":
            world.promoted(dice.choice(world.others))
        else:
            lost |= fail_over(world, lost, alone=len(gaps["failover"]) % 2 == 0)
        gaps[kind].append(world.told.gap(since))
        assert world.missing() == lost, kind
        assert world.stragglers() == [], kind
    record_property("figures", figures(world, gaps, lost))
    assert world.poller.both_at_once() == []
    assert world.poller.rate() >= HZ
    see_that_the_eye_sees(world)


def fail_over(world: Operation, lost: set[int], *, alone: bool) -> set[int]:
    """Kill the primary, promote the best standby, bring the dead one back; gives the rows that this lost."""
    dead = world.primary
    if alone:
        leave_alone(world, dead)
    assert world.demo.trouble("kill-primary")["ok"]
    request = world.demo.ask("ana", "promote main")
    plan = world.plan(request)
    assert "DATA MAY BE LOST" in world.demo.shows(request, "needs 1 approval")
    world.demo.approve("ben", request, plan["target"])
    assert world.end_of(request) == "succeeded", world.demo.card(request)
    world.writes_to(plan["target"])
    fresh = world.missing() - lost
    weighed = world.evidence(request, "fence")
    assert len(fresh) <= weighed["commits"], "what people were told covers what the client was promised"
    assert weighed["wal_bytes"] <= plan["caps"]["wal_bytes"]
    assert world.told.seconds_of(fresh) <= plan["caps"]["wal_seconds"]
    assert fresh or not alone
    world.resynced(dead)
    return fresh


def leave_alone(world: Operation, primary: str) -> None:
    """Lead every standby to a port where nobody listens, and have the primary promise rows that nobody else gets."""
    for name in world.others:
        with world.connected(name) as standby:
            (conninfo,) = standby.execute("SHOW primary_conninfo").fetchone() or ("",)
            away = sql.Literal(make_conninfo(conninfo, port="1"))
            standby.execute(sql.SQL("ALTER SYSTEM SET primary_conninfo = {}").format(away))
            standby.execute("SELECT pg_reload_conf()")
    with world.connected(primary) as connection:
        until(lambda: connection.execute("SELECT count(*) FROM pg_stat_replication").fetchone() == (0,))
    before = world.told.read()
    until(lambda: world.told.read() > before + ALONE)


def figures(world: Operation, gaps: Mapping[str, Sequence[float]], lost: set[int]) -> str:
    """Say in a line what the client and the eye saw; seconds."""
    parts = [
        f"{len(found)} {kind}s, gap median {statistics.median(found):.2f} s, p99 {p99(found):.2f} s"
        for kind, found in gaps.items()
    ]
    eye = f"the eye {world.poller.rate():.0f} Hz, blind for {world.poller.blind:.2f} s at most"
    return f"endurance: {'; '.join(parts)}; {len(lost)} of {world.told.read()} rows lost in failovers; {eye}"


def p99(found: Sequence[float]) -> float:
    return sorted(found)[ceil(0.99 * len(found)) - 1]


def see_that_the_eye_sees(world: Operation) -> None:
    """Make a second primary by hand, as nobody ever should."""
    with world.connected(world.others[0]) as standby:
        standby.execute("SELECT pg_promote()")
    until(world.poller.both_at_once)


PROOFS = {
    "within": (2.0, 2.1, 2.5, 2.6),
    "one answer within": (2.0, 2.1, 2.0, 2.1),
    "around": (0.0, 0.1, 9.0, 9.1),
    "an end and a beginning at once": (2.9, 3.0, 4.0, 4.1),
}
NO_PROOFS = {
    "touches the end": (2.9, 3.2, 4.0, 4.1),
    "touches the beginning": (0.0, 0.1, 0.9, 1.2),
    "later": (5.0, 5.1, 6.0, 6.1),
}


@pytest.mark.parametrize("when", [*PROOFS, *NO_PROOFS])
def test_two_spells_prove_two_primaries_when_neither_can_have_ended_before_the_other_began(when: str) -> None:
    one, other = Spell("db1", 1.0, 1.1, 3.0, 3.1), Spell("db2", *{**PROOFS, **NO_PROOFS}[when])
    assert overlap(one, other) is overlap(other, one) is (when in PROOFS)
