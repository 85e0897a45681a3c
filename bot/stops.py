"""Stopping a run, and saying what happened when nobody could tell."""

from dataclasses import dataclass

from approvals.debts.ledger import Reviews
from approvals.gate import Gate
from approvals.model import Request, State
from approvals.moves import Actor
from audit.store import Store
from bot import store as cards
from bot.blocks import Block, modal, pieces, section
from bot.cards import lines
from bot.texts import Texts
from core.clock import Clock, stamp
from core.outcome import Refusal
from runs import store as rows
from runs.journal import Journal
from runs.model import Run

SETTLERS = 2  # people who have to say the same


@dataclass(frozen=True)
class Stops:
    """Stop and settle: what people say to a run."""

    store: Store
    gate: Gate
    journal: Journal
    clock: Clock
    texts: Texts
    reviews: Reviews

    def stop(self, actor: Actor, request: Request) -> Refusal | None:
        """Ask a run to stop before its next step; what it did is taken back."""
        refusal = self.gate.may_stop(actor, request)
        if refusal is not None:
            return refusal
        run = self._run(request)
        if run is None or not run.state.live:
            return Refusal("NOT-RUNNING", f"This is not running; it is {request.state.value}.")
        if run.past_return:
            return Refusal(
                "PAST-RETURN",
                "The point of no return is behind: stopping now would leave it half done.",
                "It will be finished. The commands by hand are in the thread.",
            )
        with self.store.transaction() as session:
            asked = rows.ask_stop(session, run.id, actor.person.name)
            self.gate.note_stop(session, actor, request)
        return None if asked else Refusal("STOPPING", f"{run.stop_by} has already pressed Stop.")

    def may_settle(self, actor: Actor, request: Request) -> Refusal | None:
        """Say whether a person may say what happened: whoever asked, and whoever may approve."""
        if request.state is not State.UNKNOWN:
            return Refusal("NOT-UNKNOWN", f"There is nothing to settle: this is {request.state.value}.")
        return self.gate.may_stop(actor, request)

    def facts(self, request: Request) -> str:
        """Give what the journal knows about the step whose end nobody saw."""
        run = self._run(request)
        current = run.current if run else None
        if run is None or current is None:
            return "No step was under way."
        step = run.plan.steps[current.n - 1]
        return f"Step {current.n} of {len(run.steps)}: {step.title}. Sent {current.started_at}. {current.text}"

    def repair(self, request_id: str) -> None:
        """Have a request's card drawn again: somebody saw an old one."""
        with self.store.transaction() as session:
            cards.redraw(session, request_id)

    def following(self, request: Request) -> Block:
        """Give the window that says what comes next, and how a person would do it by hand."""
        run = self._run(request)
        data = {"plan": request.plan, "lines": lines(request, run), "run": run.id if run else "RUN"}
        text = self.texts.whole("following.j2", data)
        return modal("request.next", "", "What comes next", "", [section(piece) for piece in pieces(text)])

    def settle(self, actor: Actor, request: Request, *, happened: bool) -> Refusal | None:
        """Count what a person says; two who say the same close it."""
        refusal = self.may_settle(actor, request)
        run = self._run(request)
        if refusal is not None or run is None:
            return refusal
        with self.store.transaction() as session:
            said = rows.say(session, run.id, actor.person.name, happened=happened, at=stamp(self.clock.now()))
            self.gate.note_settlement(session, actor, request, happened=happened)
        agree = [person for person, word in said if word == happened]
        if len(agree) >= SETTLERS:
            last = run.current is None or run.current.n == len(run.steps)
            self.journal.settle(
                run, happened=happened, people=agree, done=happened and last, note=_note(run, agree, happened=happened)
            )
        return None

    def _run(self, request: Request) -> Run | None:
        with self.store.reading() as session:
            return rows.of_request(session, request.id)


def _note(run: Run, people: list[str], *, happened: bool) -> str:
    current = run.current
    title = run.plan.steps[current.n - 1].title if current else "the last step"
    word = "happened" if happened else "did not happen"
    left = [step.title for step in run.plan.steps[current.n :]] if current and happened else []
    rest = f" Not done: {', '.join(left)}." if left else ""
    return f"{' and '.join(people)} say that “{title}” {word}.{rest} Look at the cluster's status before you go on."
