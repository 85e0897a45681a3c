"""Block Kit pieces, held to Slack's limits before they are sent."""

from collections.abc import Sequence

Block = dict[str, object]
_SECTION, _BUTTON, _VALUE = 2900, 72, 1990  # characters; Slack refuses more than 3000, 75 and 2000
CUT = "\n… (cut; the whole text is in the full plan or the log)"


def section(text: str) -> Block:
    """Give a block of text in Slack's markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text)}}


def context(text: str) -> Block:
    """Give a line of small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text)}]}


def button(action_id: str, label: str, value: str, style: str = "") -> Block:
    """Give a button; ``style`` is primary, danger or empty."""
    made: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label[:_BUTTON], "emoji": True},
        "value": value[:_VALUE],
    }
    return {**made, "style": style} if style else made


def buttons(lines: str, value: str) -> list[Block]:
    """Read a template's buttons, one a line as ``action_id | style | label``, into an actions block (or none)."""
    elements = []
    for line in filter(None, map(str.strip, lines.splitlines())):
        action_id, style, label = (part.strip() for part in line.split("|", 2))
        elements.append(button(action_id, label, value, style))
    return [{"type": "actions", "elements": elements}] if elements else []


def text_input(block_id: str, action_id: str, label: str, *, hint: str = "", multiline: bool = False) -> Block:
    """Give a field to type into."""
    made: Block = {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": {"type": "plain_text_input", "action_id": action_id, "multiline": multiline, "max_length": 300},
    }
    return {**made, "hint": {"type": "plain_text", "text": hint[:2000]}} if hint else made


def choice(block_id: str, action_id: str, label: str, options: Sequence[tuple[str, str]]) -> Block:
    """Give radio buttons; each option is its value and its words."""
    shown = [{"value": value, "text": {"type": "plain_text", "text": words[:75]}} for value, words in options]
    return {
        "type": "input",
        "block_id": block_id,
        "label": {"type": "plain_text", "text": label[:2000]},
        "element": {"type": "radio_buttons", "action_id": action_id, "options": shown},
    }


def modal(callback_id: str, metadata: str, title: str, submit: str, blocks: Sequence[Block]) -> Block:
    """Give a modal view."""
    made: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": title[:24]},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": list(blocks),
    }
    return {**made, "submit": {"type": "plain_text", "text": submit[:24]}} if submit else made


def cut(text: str, most: int = _SECTION) -> str:
    """Shorten a text to what Slack takes, and say so; an open code fence is closed."""
    if len(text) <= most:
        return text or " "
    kept = text[: most - len(CUT) - 4]
    kept = kept[: max(kept.rfind("\n"), most // 2)]
    return kept + ("\n```" if kept.count("```") % 2 else "") + CUT


def pieces(text: str, most: int = _SECTION) -> list[str]:
    """Split a long text at line ends into pieces that each fit into a section."""
    found, piece = [], ""
    for line in text.splitlines():
        short = line[:most]
        if len(piece) + len(short) + 1 > most:
            found.append(piece)
            piece = ""
        piece += short + "\n"
    return [*found, piece] if piece.strip() else found
