"""What people do on the tour's stage, each with a line in the transcript."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.configuration import COMMAND
from sandbox.errors import SandboxError
from sandbox.record import Event, end_of, events
from sandbox.robot import Json, Robot, request_of, words_of
from sandbox.say import say

_ANSWER_S, _RUN_S = 20.0, 120.0
_POLL_S = 0.1
_T = TypeVar("_T")


@dataclass(frozen=True)
class Play:
    """Acts, tells, and insists. Every method raises ``SandboxError`` when something does not hold."""

    robot: Robot
    store: str

    def holds(self, fact: object, words: str) -> None:
        """Insist on a fact."""
        if not fact:
            raise SandboxError(f"This did not hold: {words}.")
        say(f"  ✓ {words}")

    def answer(self, user: str, text: str) -> Json:
        """Type a command and wait for its answer: a private message or a new card."""
        known = {request_of(message) for message in self.robot.messages(user)}
        say(f"{user}: {COMMAND} {text}")
        since = self.robot.type(user, text)

        def wanted(message: Json) -> bool:
            return message["ephemeral_to"] is not None or request_of(message) not in known | {None}

        return self.robot.await_message(user, since, wanted, f"an answer to {COMMAND} {text}", _ANSWER_S)

    def private_answer(self, user: str, text: str) -> str:
        """Type a command whose answer only that person sees; gives its words."""
        message = self.answer(user, text)
        tell(message)
        self.holds(message["ephemeral_to"] is not None, f"only {user} sees the answer")
        return words_of(message)

    def public_answer(self, user: str, text: str, word: str) -> None:
        """Type a command whose answer is a message for everybody that holds a word."""
        say(f"{user}: {COMMAND} {text}")
        since = self.robot.type(user, text)

        def wanted(message: Json) -> bool:
            return message["ephemeral_to"] is None and word in words_of(message)

        tell(self.robot.await_message(user, since, wanted, f"an answer to {COMMAND} {text}", _ANSWER_S))

    def card(self, user: str, text: str) -> Json:
        """Type a command that becomes a card."""
        message = self.answer(user, text)
        tell(message)
        self.holds(request_of(message), "a card that everybody in the channel sees")
        return message

    def refused(self, user: str, card: Json, what: str) -> None:
        """Press Approve, and see it refused."""
        say(f"{user} presses Approve")
        since = self.robot.newest(user)
        answer = self.robot.click(user, card, "request.approve")
        tell(self.robot.await_message(user, since, lambda each: bool(each["ephemeral_to"]), "a no", _ANSWER_S))
        counted = [event for event in self._events(card, "request.voted") if event.outcome == "success"]
        self.holds(not answer["views"] and not counted, f"{user} can't approve {what}")

    def window(self, user: str, card: Json) -> Json:
        """Press Approve and wait for the window in which the target's name is typed."""
        say(f"{user} presses Approve")
        views: list[Json] = self.robot.click(user, card, "request.approve")["views"]
        deadline = time.monotonic() + _ANSWER_S
        while not views and time.monotonic() < deadline:
            self.robot.pause(_POLL_S)
            views = self.robot.views(user)
        good = views and views[-1]["callback_id"] == "request.approve"
        self.holds(good, "a window asks for the target's name")
        return views[-1]

    def type_target(self, user: str, window: Json, name: str) -> Json:
        """Type a name into that window and send it; gives the errors that it then shows."""
        say(f"{user} types {name}")
        errors: Json = self.robot.submit(user, window, {"target": {"typed": name}}).get("errors") or {}
        return errors

    def succeeds(self, card: Json, what: str) -> None:
        """Wait for a request's end, which has to be a success."""
        end = self.until(lambda: end_of(self.store, request_of(card) or ""), f"the end of {what}", _RUN_S)
        how = "" if end.action == "run.ended" and end.outcome == "success" else f"; it was {end.action} {end.outcome}"
        if how:
            tell(next(m for m in self.robot.messages("ana") if request_of(m) == request_of(card)))
        self.holds(not how, f"{what} succeeded{how}")

    def until(self, look: Callable[[], _T | None], what: str, timeout: float) -> _T:
        """Look until there is something; ``timeout`` in seconds."""
        deadline = time.monotonic() + timeout
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > deadline:
                raise SandboxError(f"Waited {timeout:.0f} s for {what}, in vain.")
            self.robot.pause(_POLL_S)

    def _events(self, card: Json, action: str) -> list[Event]:
        return [event for event in events(self.store, request_of(card)) if event.action == action]


def tell(message: Json) -> None:
    """Show a message in the transcript."""
    say("\n".join(f"  │ {line}" for line in words_of(message).splitlines() if line.strip()))


def asks_for_approval(card: Json) -> bool:
    """Say whether a card has a button that approves."""
    return "request.approve" in json.dumps(card["blocks"])
