"""What is asked by itself: a command of the configuration, in the name of a person who answers for it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from approvals.gate import Gate
from approvals.moves import Actor
from bot.cards import assemble
from bot.outbox import Outbox
from bot.road import Road
from bot.settings_file import DigestTable, ScheduleTable
from bot.texts import Texts
from core.errors import SeconderError
from core.outcome import Refusal
from runs.schedules.slots import Daily

_log = logging.getLogger(__name__)
DIGEST = "digest"


@dataclass(frozen=True)
class Scheduled:
    """Asks for what is due. A slot's request has the slot in its origin, so that it is asked for once."""

    road: Road
    gate: Gate
    outbox: Outbox
    texts: Texts
    channel: str
    command: str
    wake: Callable[[], None]

    def all(self, tables: Mapping[str, ScheduleTable]) -> list[Daily]:
        """Give every schedule of the configuration."""
        return [self._daily(name, table) for name, table in tables.items()]

    def _daily(self, name: str, table: ScheduleTable) -> Daily:
        return Daily(
            f"ask:{name}",
            time.fromisoformat(table.at),
            ZoneInfo(table.zone),
            lambda slot: self.ask(name, table, slot),
            frozenset(table.days),
            table.missed,
        )

    def ask(self, name: str, table: ScheduleTable, slot: str) -> None:
        """Ask once for one slot; a "no" is told in the channel. Raises what posting and the store raise."""
        origin = f"schedule:{name}/{slot}"
        if self.gate.of_origin(origin) is not None:
            return
        person = self.gate.rules().roster.named(table.person)
        if person is None:
            refusal: object = Refusal("WHO", f"{table.person} is not in the roster.", "Name somebody else in `as`.")
        else:
            refusal = self._asked(Actor(person, origin), table.run, origin)
        if not isinstance(refusal, Refusal):
            self.wake()
            return
        _log.warning("The schedule %s could not ask: %s", name, refusal.message)
        data = {"name": name, "run": table.run, "refusal": refusal, "command": self.command}
        self.outbox.once(origin, self.channel, assemble(self.texts.parts("schedule_refused.j2", data), name))

    def _asked(self, actor: Actor, text: str, origin: str) -> object:
        try:
            return self.road.go(actor, self.road.read_words(actor.person.name, text), origin=origin)
        except SeconderError as error:
            return Refusal(error.code, error.message, error.hint)


def digests(table: DigestTable | None, post: Callable[[str, str], None]) -> list[Daily]:
    """Give the digest's schedule; ``post`` takes the channel and the slot."""
    if table is None:
        return []
    channel = table.channel
    return [
        Daily(
            DIGEST,
            time.fromisoformat(table.at),
            ZoneInfo(table.zone),
            lambda slot: post(channel, slot),
            frozenset(table.days),
            table.missed,
        )
    ]
