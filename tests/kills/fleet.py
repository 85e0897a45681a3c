"""A fleet that is a file: each effect is a line of it, and whoever probes reads that file."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from actions.catalogue import OWN
from audit import ledger
from audit.store import Store, StoreUnavailable
from core.clock import SystemClock, stamp
from core.errors import StepFailed
from core.outcome import Evidence, Probe
from core.plan import Plan, Step
from core.step import StepContext
from tests.kills.points import NEVER, Death, place

BREAKS = "breaks"  # among what was asked: the number of the step that never holds
BLIND = "blind"  # as above: nobody can look up whether a step of the plan happened
AGAIN = 0.02  # seconds


@dataclass(frozen=True)
class Effect:
    """One effect. ``after``: how many lines the record had, for other eyes, right before it."""

    run: str
    n: int
    name: str
    epoch: int
    after: int


@dataclass(frozen=True)
class Fleet:
    """Carries steps out. ``record``: a store to look into; ``pause``: seconds before and after an effect."""

    path: Path
    record: Store
    death: Death = NEVER
    pause: float = 0.0
    done: Callable[[int], None] = lambda _n: None
    seen: bool = False  # whether every plan was seen to hold right before its run begins

    def version(self, action: str) -> int | None:
        return next((own.spec.version for own in OWN if own.spec.name == action), None)

    def seen_since(self, plan_hash: str) -> str | None:
        assert plan_hash
        return stamp(SystemClock().now()) if self.seen else None

    def replan(self, plan: Plan) -> Plan:
        return plan

    def leave_notes(self, plan: Plan, run: str) -> None:
        assert plan.steps
        assert run

    def do(self, plan: Plan, step: Step, context: StepContext) -> Evidence:
        forth = step.name == plan.steps[context.n - 1].name
        if forth and plan.asked.get(BREAKS) == context.n:
            raise StepFailed("What must be so is not.")
        time.sleep(self.pause)
        context.mine()
        self._append(Effect(context.run, context.n, step.name, context.epoch, self._committed()))
        self.death(context.request, place(context.n, "in-effect", back=not forth))
        time.sleep(self.pause)
        self.done(context.n)
        return Evidence(f"{step.name} done", {"pad": step.args.get("pad", "")})

    def probe(self, plan: Plan, step: Step, context: StepContext) -> Probe:
        if plan.asked.get(BLIND):
            return Probe.UNKNOWN
        there = any((one.run, one.n, one.name) == (context.run, context.n, step.name) for one in effects(self.path))
        return Probe.DONE if there else Probe.NOT_DONE

    def _append(self, effect: Effect) -> None:
        line = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(line, (json.dumps(asdict(effect)) + "\n").encode())
            os.fsync(line)
        finally:
            os.close(line)

    def _committed(self) -> int:
        while True:
            try:
                with self.record.reading() as session:
                    return ledger.head(session).seq
            except StoreUnavailable:  # it only looks: it has all the time that there is
                time.sleep(AGAIN)


def effects(path: Path) -> list[Effect]:
    """Give what happened, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    return [Effect(**json.loads(line)) for line in lines]
