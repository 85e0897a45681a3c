"""Which bots are alive: told by locks of the kernel over an embedded store, by the store's clock over a shared one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from audit.store import Store, now
from core.clock import Clock, moment, stamp
from runs import owner
from runs.bots import store as rows
from runs.owner import Owner

BEAT = 5.0  # seconds between two signs of life
DEAD = timedelta(seconds=30)  # without a sign: anybody may take its runs over
SURE = 15.0  # seconds: a bot that could not give a sign for so long asks before each effect whether it still may
FORGOTTEN = timedelta(days=1)


def _awake() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)  # goes on while the machine sleeps


@dataclass
class Presence:
    """One process that may own runs. ``configuration`` is the hash of what it was started with."""

    store: Store
    clock: Clock
    owner: Owner
    folder: Path
    configuration: str = ""
    awake: Callable[[], float] = _awake
    _given: float = field(default=float("-inf"))

    @property
    def name(self) -> str:
        """Give the name under which it owns runs."""
        return self.owner.name

    def beat(self) -> None:
        """Give a sign of life, for itself and for the runs that it carries out. Raises StoreUnavailable."""
        began = self.awake()  # not the end: whoever hangs in between is younger in the store than it thinks
        with self.store.transaction() as session:
            at = now(session, self.clock)
            rows.beat(session, self.name, stamp(at), self.configuration)
            rows.forget_before(session, stamp(at - FORGOTTEN))
        self._given = began

    def sure(self) -> bool:
        """Say whether nobody can have taken this bot's runs over, without asking the store."""
        return self.store.embedded or self.awake() - self._given < SURE

    def lives(self, name: str) -> bool:
        """Say whether the process behind a name still runs. Where bots share a server: whether it said so lately."""
        if self.store.embedded:
            return owner.lives(self.folder, name)
        with self.store.reading() as session:
            at = rows.beaten(session, name)
            return at is not None and now(session, self.clock) - moment(at) < DEAD

    def others(self) -> dict[str, str]:
        """Give the other bots that serve right now, each with its configuration's hash."""
        with self.store.reading() as session:
            known = rows.bots(session)
        return {name: said for name, said in known.items() if name != self.name and self.lives(name)}

    def leave(self) -> None:
        """Give the name up: whoever comes next need not wait. Raises StoreUnavailable."""
        with self.store.transaction() as session:
            rows.forget(session, self.name)
