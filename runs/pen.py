"""What every write of a run has in common: that it is still ours, and its line in the record."""

from collections.abc import Mapping
from dataclasses import dataclass

from audit import ledger
from audit.store import Session
from core.clock import Clock
from core.errors import SeconderError
from runs import store as rows
from runs.model import Run


class Fenced(SeconderError):
    """Another bot has taken this run over; this one must not touch it any more."""

    code = "RUN-FENCED"


def change(session: Session, run: Run, values: Mapping[str, object]) -> None:
    """Set columns of a run; raises Fenced when somebody else holds it."""
    if not rows.change(session, run, values):
        raise Fenced(f"Run {run.id} was taken over by another bot.", "Nothing more is done here.")


@dataclass(frozen=True)
class Pen:
    """Appends what happens in runs to the record, in one bot's name."""

    clock: Clock
    owner: str

    def record(
        self,
        session: Session,
        run: Run,
        action: str,
        *,
        outcome: str = "success",
        step: str | None = None,
        params: Mapping[str, object] | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Append one line."""
        event = ledger.Event(
            action=action,
            outcome=outcome,
            actor="system",
            request=run.request,
            run=run.id,
            step=step,
            target=f"{run.plan.cluster}/{run.plan.target}",
            source={"owner": self.owner, "epoch": run.epoch},
            params=params or {},
            detail=detail or {},
        )
        ledger.append(session, self.clock, event)
