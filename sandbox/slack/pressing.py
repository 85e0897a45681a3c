"""Finding what somebody wants to press, and what pressing it says."""

from collections.abc import Sequence

from sandbox.slack.inputs import HOLDINGS, filled, opened, options_of
from sandbox.slack.messages import elements
from sandbox.slack.shapes import Json, Wrong

_CARRIED = ("value", "text", "style", "url", "placeholder")


def words_on(element: Json) -> str:
    """Give the text that is seen on an element."""
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", "")) if isinstance(text, dict) else str(text)


def find(blocks: Sequence[Json], action_id: str, label: str = "", block_id: str = "") -> tuple[Json, Json]:
    """Find an element with its block, by action_id or by the text on it. Raises Wrong, naming what there is.

    A label matches the whole text, else a part of it, upper and lower case alike; an option of an overflow menu too.
    """
    there = list(elements(blocks))
    found = [
        (block, element)
        for block, element in there
        if (not action_id or element.get("action_id") == action_id) and (not block_id or block["block_id"] == block_id)
    ]
    if label:
        found = [pair for pair in found if words_on(pair[1]) == label] or [
            pair for pair in found if label.casefold() in _all_words(pair[1]).casefold()
        ]
    if not found:
        has = ", ".join(f"{element.get('action_id')} ({words_on(element)})" for _, element in there) or "nothing"
        raise Wrong(f"There is no {label or action_id or block_id} to press here. There is: {has}.")
    return found[0]


def pressed(block: Json, element: Json, at: str, value: object, label: str) -> Json:
    """Give the action that pressing an element sends. Raises Wrong when it needs a value that is not there."""
    action: Json = {name: element[name] for name in ("type", "action_id") if name in element}
    action |= {"block_id": block["block_id"], "action_ts": at}
    action |= {name: element[name] for name in _CARRIED if element.get(name) is not None}
    holding = HOLDINGS.get(element["type"])
    if holding is None:
        return action
    action |= {holding.initial: element[holding.initial]} if holding.initial in element else {}
    if value is None and holding.options and label:
        value = next((each["value"] for each in options_of(element) if label in each["text"]["text"]), None)
    if value is None:
        raise Wrong(f'{element.get("action_id")} is a {element["type"]}: say which value, as "value".')
    return action | filled(element, value)


def states(blocks: Sequence[Json]) -> Json:
    """Give the values of a message's inputs, as they were opened."""
    values: dict[str, Json] = {}
    for block, element in elements(blocks):
        state = opened(element)
        if state:
            values.setdefault(block["block_id"], {})[element["action_id"]] = state
    return {"values": values}


def _all_words(element: Json) -> str:
    return "\n".join([words_on(element), *(each["text"]["text"] for each in options_of(element))])
