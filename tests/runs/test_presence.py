"""Who lives: a lock says it over a file, the store's clock where bots share a server."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.store import Store
from core.clock import SystemClock
from runs.bots.presence import DEAD, FORGOTTEN, SURE, Presence
from runs.owner import enter


@dataclass
class Awake:
    """The machine's own clock, moved by hand."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Bots:
    """Bots over one store."""

    store: Store
    folder: Path
    made: list[Presence] = field(default_factory=list)

    def another(self, configuration: str = "same") -> Presence:
        made = Presence(self.store, SystemClock(), enter(self.folder), self.folder, configuration, Awake())
        self.made.append(made)
        made.beat()
        return made

    def silent_for(self, bot: Presence, seconds: float) -> None:
        words = (
            "UPDATE bot SET heartbeat_at = to_char((clock_timestamp() - make_interval(secs => :s)) AT TIME ZONE 'UTC',"
        )
        words += """ 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') WHERE owner = :owner"""
        with self.store.transaction() as session:
            session.connection().execute(text(words), {"s": seconds, "owner": bot.name})


@pytest.fixture
def bots(any_store: Store, tmp_path: Path) -> Iterator[Bots]:
    made = Bots(any_store, tmp_path / "owners")
    yield made
    for bot in made.made:
        bot.owner.leave()


def test_a_bot_lives_until_it_leaves_and_the_others_are_known_with_their_configuration(bots: Bots) -> None:
    one, two = bots.another(), bots.another("other")
    assert (one.lives(two.name), one.lives("host:1:o-nobody")) == (True, False)
    assert (one.others(), two.others()) == ({two.name: "other"}, {one.name: "same"})
    two.leave()
    two.owner.leave()
    assert (one.lives(two.name), one.others()) == (False, {})


def test_a_silent_bot_is_dead_only_where_nothing_better_can_tell(bots: Bots) -> None:
    one, two = bots.another(), bots.another()
    if bots.store.embedded:
        assert one.lives(two.name)  # its lock says so, however long it is paused
        return
    bots.silent_for(two, DEAD.total_seconds() - 5)
    assert one.lives(two.name)
    bots.silent_for(two, DEAD.total_seconds() + 1)
    assert not one.lives(two.name)
    two.beat()
    assert one.lives(two.name)


def test_a_bot_that_could_give_no_sign_asks_before_it_goes_on_long_before_others_call_it_dead(bots: Bots) -> None:
    bot = bots.another()
    assert isinstance(bot.awake, Awake)
    bot.awake.at += SURE + 1
    assert bot.sure() is bots.store.embedded
    assert DEAD.total_seconds() > SURE + 10
    bot.beat()
    assert bot.sure()


def test_bots_that_were_not_seen_for_a_day_are_forgotten(bots: Bots) -> None:
    if bots.store.embedded:
        pytest.skip("a server's clock is moved here")
    one, two = bots.another(), bots.another()
    bots.silent_for(two, FORGOTTEN.total_seconds() + 60)
    one.beat()
    with bots.store.reading() as session:
        assert session.connection().execute(text("SELECT count(*) FROM bot")).scalar_one() == 1
