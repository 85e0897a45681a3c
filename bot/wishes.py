"""What may stand beside any question: why, when, and that it can't wait."""

from collections.abc import Sequence
from datetime import datetime

from approvals.later import when
from approvals.model import Wish
from bot.words import Unclear
from core.outcome import Refusal

OPTIONS = ("--reason", "--at", "--emergency")


def take(words: Sequence[str], zone: str, now: datetime) -> tuple[list[str], Wish]:
    """Take the wishes out of a command's words. Raises Unclear, with the nearest right command."""
    rest: list[str] = []
    said: dict[str, str] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word not in OPTIONS:
            rest.append(word)
        elif word in said:
            raise Unclear(f"{word} stands there twice.", " ".join([*rest, *waiting]))
        elif not waiting or waiting[0].startswith("--"):
            example = {"--at": "03:00"}.get(word, '"why it is needed"')
            raise Unclear(f"{word} wants a value.", " ".join([*rest, word, example, *waiting]))
        else:
            said[word] = waiting.pop(0)
    return rest, _wish(said, rest, zone, now)


def _wish(said: dict[str, str], rest: Sequence[str], zone: str, now: datetime) -> Wish:
    start_at = None
    if "--at" in said:
        came = when(said["--at"], zone, now)
        if isinstance(came, Refusal):
            raise Unclear(f"{came.message} {came.hint}", " ".join(rest))
        start_at = came
    emergency = "--emergency" in said
    reason = said.get("--emergency") or said.get("--reason", "")
    if emergency and said.get("--reason"):
        raise Unclear("--emergency says why already.", " ".join([*rest, "--emergency", f'"{reason}"']))
    return Wish(reason, start_at, emergency)
