"""A slot is done once, whichever bots tick, and is not lost when one dies in it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from audit.store import Store
from runs.schedules import store as rows
from runs.schedules.slots import Daily, Every, Missed
from runs.schedules.store import SlotRow
from runs.schedules.ticking import Ticks
from tests.fixtures.house import StandingClock, clock

__all__ = ["clock"]

NINE = datetime(2026, 3, 1, 9, 0, 1, tzinfo=UTC)
HOUR, DAY = 3600, 86400


@dataclass
class Table:
    """A schedule, and what it has done."""

    store: Store
    clock: StandingClock
    done: list[str] = field(default_factory=list)
    fails: int = 0
    dead: set[str] = field(default_factory=set)

    def bot(self, name: str) -> Ticks:
        return Ticks(self.store, self.clock, name, lambda other: other not in self.dead)

    def work(self, slot: str) -> None:
        if self.fails:
            self.fails -= 1
            raise OSError("Slack is not reached")
        self.done.append(slot)

    def daily(self, missed: Missed = Missed.CATCH_UP) -> list[Daily]:
        return [Daily("digest", time(9, 0), ZoneInfo("UTC"), self.work, missed=missed)]


@pytest.fixture
def table(any_store: Store, clock: StandingClock) -> Table:
    made = Table(any_store, clock)
    made.bot("bot-1").look(made.daily())  # the schedule's first look: what was due before does not count
    assert made.done == []
    return made


def test_a_slot_is_done_once_by_whichever_bot_and_the_next_day_again(table: Table) -> None:
    table.clock.at = NINE
    for name in ("bot-1", "bot-2", "bot-1"):
        table.bot(name).look(table.daily())
    assert table.done == ["2026-03-01T09:00:00.000000Z"]
    table.clock.forward(DAY)
    table.bot("bot-2").look(table.daily())
    assert len(table.done) == 2


def test_a_slot_that_was_missed_is_caught_up_for_half_a_day_and_then_left(table: Table) -> None:
    table.clock.at = NINE
    table.clock.forward(11 * HOUR)
    table.bot("bot-1").look(table.daily())
    assert len(table.done) == 1
    table.clock.forward(DAY + 2 * HOUR)
    table.bot("bot-1").look(table.daily())
    assert len(table.done) == 1


def test_a_slot_that_is_to_be_skipped_when_missed_is_skipped(table: Table) -> None:
    table.clock.at = NINE
    table.clock.forward(600)
    table.bot("bot-1").look(table.daily(Missed.SKIP))
    table.clock.forward(DAY - 600)
    table.bot("bot-1").look(table.daily(Missed.SKIP))
    assert table.done == ["2026-03-02T09:00:00.000000Z"]


def test_work_that_failed_is_tried_again_after_two_minutes(table: Table) -> None:
    table.clock.at, table.fails = NINE, 2
    for _ in range(4):
        table.bot("bot-1").look(table.daily())
        table.clock.forward(121)
    assert len(table.done) == 1


def test_a_slot_in_which_a_bot_died_is_taken_by_another_and_one_at_work_is_left_alone(table: Table) -> None:
    table.clock.at = NINE
    slot = SlotRow(schedule="digest", slot_utc="2026-03-01T09:00:00.000000Z", owner="bot-9", claimed_at=stamped(table))
    with table.store.transaction() as session:
        assert rows.take(session, slot)
    table.clock.forward(300)
    table.bot("bot-1").look(table.daily())
    assert table.done == []  # bot-9 lives, and is slow
    table.dead.add("bot-9")
    for name in ("bot-1", "bot-2"):
        table.bot(name).look(table.daily())
    assert len(table.done) == 1


def test_two_bots_that_see_the_same_slot_left_do_not_both_take_it(table: Table) -> None:
    table.clock.at, table.fails = NINE, 1
    table.bot("bot-1").look(table.daily())
    table.clock.forward(121)
    table.dead.add("bot-1")
    with table.store.reading() as session:
        (left,) = rows.left(session, "digest", stamped(table))
    with table.store.transaction() as session:
        assert rows.take_again(session, left, "bot-2", stamped(table))
        assert not rows.take_again(session, left, "bot-3", stamped(table))


def stamped(table: Table) -> str:
    return table.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_what_happens_every_hour_is_done_once_an_hour_and_forgotten_after_half_a_day(table: Table) -> None:
    hourly = [Every("ready", HOUR, table.work)]
    table.bot("bot-1").look(hourly)
    for _hour in range(20):
        table.clock.forward(HOUR)
        for name in ("bot-1", "bot-2"):
            table.bot(name).look(hourly)
    assert len(table.done) == len(set(table.done)) == 20
    with table.store.reading() as session:
        kept = session.exec(select(SlotRow.slot_utc).where(SlotRow.schedule == "ready")).all()
    assert len(kept) == 14  # of 12 hours, the newest, and the mark of the first look
