"""Refuses what Slack refuses: whole messages and whole views, with Slack's error shape."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sandbox.slack.block_table import IN_MESSAGE, MOST_CHARS, MOST_CHARTS, MOST_TABLES, VIEW
from sandbox.slack.messages import all_blocks
from sandbox.slack.rules import Fault, fault
from sandbox.slack.shapes import Json, SlackError


def check_blocks(blocks: object) -> list[Json]:
    """Give the blocks of a message back. Raises SlackError ``invalid_blocks`` or ``msg_blocks_too_long``."""
    faults = list(IN_MESSAGE.faults(blocks, "/blocks"))
    if not isinstance(blocks, list) or faults:
        raise _refused("invalid_blocks", faults)
    faults = [*_twice(blocks, "/blocks"), *_too_many(blocks)]
    if faults:
        raise _refused("invalid_blocks", faults)
    if sum(map(_characters, blocks)) > MOST_CHARS:
        raise SlackError("msg_blocks_too_long")
    return blocks


def check_view(view: object, kind: str = "modal") -> Json:
    """Give a view back. Raises SlackError ``invalid_arguments``."""
    faults = list(VIEW[kind].faults(view, "/view"))
    if not isinstance(view, dict) or faults:
        raise _refused("invalid_arguments", faults)
    faults = list(_twice(view["blocks"], "/view/blocks"))
    if kind == "modal" and not view.get("submit") and any(block["type"] == "input" for block in view["blocks"]):
        faults.append(fault("missing required field: submit", "/view"))
    if faults:
        raise _refused("invalid_arguments", faults)
    return view


def _refused(error: str, faults: Sequence[Fault]) -> SlackError:
    messages = {"messages": [f"[ERROR] {line}" for line in faults]}
    more = {"errors": list(faults)} if error == "invalid_blocks" else {}
    return SlackError(error, **more, response_metadata=messages)


def _twice(blocks: Sequence[Json], at: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        name = block.get("block_id")
        if name is not None and name in seen:
            yield fault(f"`block_id` {name} already exists", f"{at}/{number}/block_id")
        seen.update([name] if name else [])
        yield from _actions_twice(block, f"{at}/{number}")


def _actions_twice(block: Json, at: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, element in enumerate(block.get("elements", []) if block["type"] == "actions" else []):
        name = element.get("action_id")
        if name is not None and name in seen:
            yield fault(f"`action_id` {name} already exists for another action", f"{at}/elements/{number}/action_id")
        seen.update([name] if name else [])


def _too_many(blocks: Sequence[Json]) -> Iterator[Fault]:
    kinds = Counter(block["type"] for block in all_blocks(blocks))
    if kinds["table"] > MOST_TABLES:
        yield fault("only one table allowed", "/blocks")
    if kinds["data_visualization"] > MOST_CHARTS:
        yield fault(f"no more than {MOST_CHARTS} data_visualization blocks allowed", "/blocks")


def _characters(value: object) -> int:
    match value:
        case dict():
            own = len(value["text"]) if isinstance(value.get("text"), str) else 0
            return own + sum(_characters(item) for item in value.values() if not isinstance(item, str))
        case list():
            return sum(map(_characters, value))
        case _:
            return 0
