"""Block Kit pieces, held to Slack's limits before they are sent."""

import re
from collections.abc import Sequence

Block = dict[str, object]
_SECTION, _BUTTON, _VALUE = 2900, 72, 1990  # characters; Slack refuses more than 3000, 75 and 2000
_LABEL, _TITLE, _OPTION, _TYPED = 2000, 24, 75, 300
_SURE, _WORD = 290, 30  # of a question before a button counts, and of its answer
_WHOLE = 80  # characters of the longest thing that must not be cut in two: an entity, an escape, a date
_TORN = re.compile(r"(&[a-z]{0,3}|\\(u[0-9a-f]{0,3}|U[0-9a-f]{0,7})?|<[^<>]*)\Z")
CUT = "\n… (cut; the whole text is in the full plan or the log)"


def section(text: str) -> Block:
    """Give a block of text in Slack's markup."""
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> Block:
    """Give a line of small print."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def button(action_id: str, label: str, value: str, style: str = "") -> Block:
    """Give a button; ``style`` is primary, danger or empty."""
    made: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": short(label, _BUTTON), "emoji": True},
        "value": value[:_VALUE],
    }
    return {**made, "style": style} if style else made


def buttons(lines: str, value: str) -> list[Block]:
    """Read a template's buttons into an actions block (or none).

    One a line: ``action_id | style | label``, and behind `` || `` what is asked before it counts.
    """
    elements = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        action_id, style, label = (part.strip() for part in line.split("|", 2))
        label, _, sure = (part.strip() for part in label.partition(" || "))
        made = button(action_id, label, value, style)
        elements.append({**made, "confirm": _confirm(label, sure)} if sure else made)
    return [{"type": "actions", "elements": elements}] if elements else []


def _confirm(label: str, sure: str) -> Block:
    return {
        "title": {"type": "plain_text", "text": "Are you sure?"},
        "text": {"type": "mrkdwn", "text": cut(sure, _SURE)},
        "confirm": {"type": "plain_text", "text": short(label, _WORD)},
        "deny": {"type": "plain_text", "text": "No"},
    }


def text_input(block_id: str, action_id: str, label: str, *, hint: str = "", multiline: bool = False) -> Block:
    """Give a field to type into."""
    element: Block = {"type": "plain_text_input", "action_id": action_id, "multiline": multiline, "max_length": _TYPED}
    return field(block_id, label, element, hint)


def choice(block_id: str, action_id: str, label: str, options: Sequence[tuple[str, str]]) -> Block:
    """Give radio buttons; each option is its value and its words."""
    shown = [
        {"value": value, "text": {"type": "plain_text", "text": short(words, _OPTION)}} for value, words in options
    ]
    return field(block_id, label, {"type": "radio_buttons", "action_id": action_id, "options": shown})


def field(
    block_id: str, label: str, element: Block, hint: str = "", *, optional: bool = False, tells: bool = False
) -> Block:
    """Give an input; ``tells``: the bot hears of every choice at once, before the window is sent."""
    made: Block = {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": short(label, _LABEL)},
        "element": element,
        "optional": optional,
        "dispatch_action": tells,
    }
    return {**made, "hint": {"type": "plain_text", "text": short(hint, _LABEL)}} if hint else made


def modal(callback_id: str, metadata: str, title: str, submit: str, blocks: Sequence[Block]) -> Block:
    """Give a modal view."""
    made: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": short(title, _TITLE)},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": list(blocks),
    }
    return {**made, "submit": {"type": "plain_text", "text": short(submit, _TITLE)}} if submit else made


def short(text: str, most: int) -> str:
    """Shorten a label, so that it is seen."""
    return text if len(text) <= most else text[: most - 1] + "…"


def cut(text: str, most: int = _SECTION) -> str:
    """Shorten a text to what Slack takes, and say so; an open code span or fence is closed."""
    if len(text) <= most:
        return text or " "
    kept = text[: _end(text, most - len(CUT) - 4)]
    last = kept.rfind("\n")
    kept = kept[:last] if last >= most // 2 else kept
    fence = "\n```" if kept.count("```") % 2 else ""
    return kept + (fence or "`" * (kept.count("`") % 2)) + CUT


def pieces(text: str, most: int = _SECTION) -> list[str]:
    """Split a long text into pieces that each fit into a section: at line ends, and a long line goes on in the next."""
    found, piece = [], ""
    for line in text.split("\n"):
        for part in _parts(line, most - 1):
            if piece and len(piece) + len(part) + 1 > most:
                found.append(piece)
                piece = ""
            piece += part + "\n"
    return [each for each in [*found, piece] if each.strip()]


def _parts(line: str, most: int) -> list[str]:
    """Split a line, never inside of an entity or an escape; a code span that goes on is closed and opened again."""
    parts = []
    while len(line) > most:
        end = _end(line, most - 1)
        again = "`" * (line[:end].count("`") % 2)
        parts.append(line[:end] + again)
        line = again + line[end:]
    return [*parts, line]


def _end(text: str, most: int) -> int:
    torn = _TORN.search(text, max(most - _WHOLE, 0), most)
    return torn.start() if torn else most


def _mrkdwn(text: str) -> Block:
    """Give a text; ``verbatim``: Slack makes no links of its own of what looks like an address or a name."""
    return {"type": "mrkdwn", "text": cut(text), "verbatim": True}
