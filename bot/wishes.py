"""What may stand beside any question: why, when, and that it can't wait."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from approvals.later import when
from approvals.model import Wish
from bot.words import Unclear, written
from core.outcome import Refusal

OPTIONS = ("--reason", "--at", "--emergency")
_EXAMPLES = {"--reason": "why it is needed", "--at": "03:00", "--emergency": "why it is needed"}


def take(words: Sequence[str], zone: str, now: datetime) -> tuple[list[str], Wish]:
    """Take the wishes out of a command's words. Raises Unclear, with the nearest right command."""
    rest: list[str] = []
    said: dict[str, str] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word not in OPTIONS:
            rest.append(word)
        elif not waiting or waiting[0].startswith("--"):
            raise Unclear(f"{word} wants a value.", _again([*rest, *waiting], said | {word: _EXAMPLES[word]}))
        elif word in said:
            raise Unclear(f"{word} stands there twice.", _again([*rest, *waiting[1:]], said))
        else:
            said[word] = waiting.pop(0)
    return rest, _wish(said, rest, zone, now)


def again(text: str, wish: Wish) -> str:
    """Put a wish behind a command's words once more: what was meant for later is not repaired into now."""
    said = {"--emergency" if wish.emergency else "--reason": wish.reason} if wish.reason else {}
    at = {"--at": f"{wish.start_at:%Y-%m-%dT%H:%MZ}"} if wish.start_at else {}
    return f"{text} {_again([], said | at)}".strip()


def _wish(said: dict[str, str], rest: Sequence[str], zone: str, now: datetime) -> Wish:
    start_at = None
    if "--at" in said:
        came = when(said["--at"], zone, now)
        if isinstance(came, Refusal):  # nearest is another time, never now
            raise Unclear(f"{came.message} {came.hint}", _again(rest, said | {"--at": _EXAMPLES["--at"]}))
        start_at = came
    emergency = "--emergency" in said
    reason = said.get("--emergency") or said.get("--reason", "")
    if emergency and said.get("--reason"):
        kept = {word: value for word, value in said.items() if word != "--reason"}
        raise Unclear("--emergency says why already.", _again(rest, kept | {"--emergency": reason}))
    return Wish(reason, start_at, emergency)


def _again(rest: Sequence[str], said: Mapping[str, str]) -> str:
    return written([*rest, *(word for pair in said.items() for word in pair)])
