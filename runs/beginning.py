"""What comes before a run's first effect: look again and compare, lay down the by-hand commands."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import SeconderError
from core.outcome import Refusal
from runs.differences import differences
from runs.journal import Journal
from runs.model import Run
from runs.ports import Carrier


@dataclass(frozen=True)
class Beginning:
    """Sees that a run may begin, or ends it; nothing has been changed by then."""

    journal: Journal
    carrier: Carrier
    announce: Callable[[Run], None]

    def checked(self, run: Run) -> bool:
        """Plan again and compare, and lay down the by-hand commands."""
        try:
            again = self.carrier.replan(run.plan)
        except SeconderError as error:
            again = Refusal(error.code, error.message, error.hint)
        if isinstance(again, Refusal):
            self.journal.refuse(run, refusal=again)
            return False
        if changes := differences(run.plan, run.plan_hash, again):
            self.journal.refuse(run, changes=changes)
            return False
        return self.noted(run)

    def noted(self, run: Run) -> bool:
        """Lay down the by-hand commands: a person goes on with them when the bot is dead."""
        try:
            self.carrier.leave_notes(run.plan, run.id)
        except SeconderError as error:
            said = f"{error.message} {error.hint}".strip()
            refusal = Refusal("NOTES", "The by-hand commands could not be laid down.", said)
            self.journal.refuse(run, refusal=refusal)
            return False
        self.announce(run)
        return True
