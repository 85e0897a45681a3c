"""A store with requests that two people agreed on, and a nursery whose bots carry them out and are killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from approvals.gate import Gate
from approvals.model import State, Typed, Verdict
from audit.store import Store, open_store
from core.outcome import Refusal
from core.plan import Plan, Risk
from tests.fixtures.house import IN_FORCE, actor
from tests.kills.worker import CLOCK, Errand, effects_in

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Nursery:
    """A process that bears bots."""

    process: subprocess.Popen[str]

    def bears(self, errand: Errand) -> int:
        """Have a bot do its errand; its return code."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(asdict(errand)) + "\n")
        self.process.stdin.flush()
        return self.said()

    def said(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Start one for a block."""
        argv = [sys.executable, "-m", "tests.kills.worker", "--nursery"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            opened = cls(process)
            assert opened.said() == 0
            yield opened
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(timeout=30) == 0


@dataclass
class Scene:
    """One store with its bots. Each request is for a cluster of its own, so that none waits for another."""

    store: Store
    folder: Path
    asked: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Self]:
        """Make a fresh store in a folder, for a block."""
        store = open_store(f"sqlite:///{folder / 'store.db'}")
        store.prepare()
        yield cls(store, folder)
        store.close()

    @property
    def effects(self) -> Path:
        return effects_in(self.folder)

    @property
    def gate(self) -> Gate:
        return Gate(self.store, IN_FORCE, CLOCK)

    def approved(self, plan: Plan, **asked: object) -> str:
        """Have a plan asked for and agreed on; the request."""
        name = f"{plan.cluster}-{len(self.asked)}"
        bound = replace(plan, cluster=name, asked={**plan.asked, **asked})
        request = self.gate.open(actor("ana"), bound, origin="t", channel="ops")
        assert not isinstance(request, Refusal), request
        if plan.risk is Risk.DESTRUCTIVE:
            voted = self.gate.vote(actor("ben"), request.id, Verdict.APPROVE, typed=Typed(plan.word))
            assert not isinstance(voted, Refusal), voted
        self.asked.append(request.id)
        return request.id

    def errand(
        self,
        request: str = "",
        at: str = "",
        *,
        pause: float = 0.0,
        kill_after: float | None = None,
        seen: bool = False,
    ) -> Errand:
        return Errand(self.store.url, str(self.folder), request, at, pause, kill_after, seen)

    def state(self, request: str) -> State:
        found = self.gate.find(request)
        assert found is not None
        return found.state

    def waiting(self) -> int:
        """Count the requests that nobody has begun."""
        return len(self.gate.listed(states=(State.APPROVED,)))
