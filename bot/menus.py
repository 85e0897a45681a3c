"""Pick-lists and lines for windows, held to Slack's limits before they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks import Block, field, short
from bot.inert import inert

MOST = 100  # options of a menu
_WORDS, _VALUE, _PLACE = 75, 150, 150  # characters


@dataclass(frozen=True)
class Option:
    """One line of a menu: what the bot hears, what is read, and small print under it."""

    value: str
    words: str
    more: str = ""

    def as_slack(self) -> Block:
        """Give it as Slack takes it."""
        made: Block = {"value": self.value, "text": _plain(self.words)}
        return {**made, "description": _plain(self.more)} if self.more else made


@dataclass(frozen=True)
class Question:
    """Where an answer is kept (block and action), what it is asked with, and whether it may be left open."""

    block_id: str
    action_id: str
    label: str
    hint: str = ""
    optional: bool = False
    tells: bool = False  # the bot hears of every choice at once


def menu(ask: Question, options: Sequence[Option], chosen: str, placeholder: str) -> Block:
    """Give a menu with the chosen option shown. What Slack can't hold is left out, and the hint says so."""
    held = [option for option in options if 1 <= len(option.value) <= _VALUE]
    shown = held[:MOST]
    left = len(options) - len(shown)
    hint = f"{ask.hint} {left} more do not fit in here: type the command for them.".strip() if left else ask.hint
    element: Block = {
        "type": "static_select",
        "action_id": ask.action_id,
        "placeholder": {"type": "plain_text", "text": short(placeholder, _PLACE)},
        "options": [option.as_slack() for option in shown],
    }
    first = next((option for option in shown if option.value == chosen), None)
    element |= {"initial_option": first.as_slack()} if first else {}
    return field(ask.block_id, ask.label, element, hint, optional=ask.optional, tells=ask.tells)


def switch(ask: Question, option: Option, *, on: bool) -> Block:
    """Give one box to tick."""
    element: Block = {"type": "checkboxes", "action_id": ask.action_id, "options": [option.as_slack()]}
    element |= {"initial_options": [option.as_slack()]} if on else {}
    return field(ask.block_id, ask.label, element, ask.hint, optional=True, tells=ask.tells)


def line(ask: Question, said: str, most: int) -> Block:
    """Give a line to type into, for at most so many characters, with what was said already."""
    element: Block = {"type": "plain_text_input", "action_id": ask.action_id, "max_length": most}
    element |= {"initial_value": said[:most]} if said else {}
    return field(ask.block_id, ask.label, element, ask.hint, optional=ask.optional, tells=ask.tells)


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": short(inert(text), _WORDS)}
