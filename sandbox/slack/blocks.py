"""Block Kit's limits, as Slack enforces them: a table of its own, so that the bot's mistakes don't hide in it."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.slack.workspace import SlackError

Json = dict[str, Any]
Fault = tuple[str, str]  # words, JSON pointer

MOST_BLOCKS, MOST_MODAL_BLOCKS, MOST_CHARS = 50, 100, 13_200
_IN_MESSAGES = {"section", "header", "context", "divider", "actions", "image", "rich_text", "table", "markdown"}
_IN_MODALS = (_IN_MESSAGES | {"input"}) - {"table", "markdown"}
_ELEMENTS = {
    "button", "overflow", "static_select", "external_select", "users_select", "conversations_select",
    "channels_select", "multi_static_select", "radio_buttons", "checkboxes", "datepicker", "timepicker",
}  # fmt: skip
_INPUTS = {"plain_text_input", "number_input", "email_text_input", "url_text_input"} | (
    _ELEMENTS - {"button", "overflow"}
)


def check_message(blocks: object, text: str) -> None:
    """Refuse blocks that Slack refuses in a message, with its error shape."""
    faults = list(_list_faults(blocks, MOST_BLOCKS, _IN_MESSAGES))
    _refuse("invalid_blocks", faults)
    if isinstance(blocks, list) and sum(len(str(block.get("text", ""))) for block in blocks) > MOST_CHARS:
        raise SlackError("msg_blocks_too_long")
    if not blocks and not text:
        raise SlackError("no_text")


def check_view(view: object) -> None:
    """Refuse a window that Slack refuses."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments")
    faults = list(_list_faults(view.get("blocks"), MOST_MODAL_BLOCKS, _IN_MODALS))
    for part in ("title", "submit", "close"):
        if view.get(part) is not None:
            faults += _text(view[part], 24, f"/{part}", plain=True)
    if "title" not in view:
        faults.append(("missing required field: title", ""))
    if len(str(view.get("private_metadata", ""))) > 3000:
        faults.append(("must be less than 3001 characters", "/private_metadata"))
    if len(str(view.get("callback_id", ""))) > 255:
        faults.append(("must be less than 256 characters", "/callback_id"))
    has_input = any(block.get("type") == "input" for block in view.get("blocks") or [])
    if has_input and not view.get("submit"):
        faults.append(("missing required field: submit", ""))
    _refuse("invalid_arguments", faults)


def _refuse(error: str, faults: list[Fault]) -> None:
    if faults:
        said = [f"{words} [json-pointer:{pointer}]" for words, pointer in faults]
        messages = {"messages": [f"[ERROR] {line}" for line in said]}
        raise SlackError(error, errors=said, response_metadata=messages)


def _list_faults(blocks: object, most: int, allowed: set[str]) -> Iterator[Fault]:
    if blocks is None:
        return
    if not isinstance(blocks, list):
        yield "must be an array", "/blocks"
        return
    if len(blocks) > most:
        yield f"no more than {most} items allowed", "/blocks"
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        pointer = f"/blocks/{number}"
        if not isinstance(block, dict) or block.get("type") not in allowed:
            kind = block.get("type") if isinstance(block, dict) else block
            yield f"unsupported type: {kind}", f"{pointer}/type"
            continue
        block_id = block.get("block_id")
        if block_id is not None and (block_id in seen or len(block_id) > 255):
            yield f"block_id already exists or is too long: {block_id}", f"{pointer}/block_id"
        if block_id is not None:
            seen.add(block_id)
        yield from _BLOCKS.get(block["type"], _free)(block, pointer)


def _text(text: object, most: int, pointer: str, *, plain: bool = False) -> Iterator[Fault]:
    if not isinstance(text, dict) or not isinstance(text.get("text"), str):
        yield "missing required field: text", pointer
        return
    if text.get("type") not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
        yield f"unsupported type: {text.get('type')}", f"{pointer}/type"
    if not text["text"]:
        yield "must be more than 0 characters", f"{pointer}/text"
    if len(text["text"]) > most:
        yield f"must be less than {most + 1} characters", f"{pointer}/text"


def _section(block: Json, pointer: str) -> Iterator[Fault]:
    if "text" not in block and not block.get("fields"):
        yield "missing required field: text", pointer
    if "text" in block:
        yield from _text(block["text"], 3000, f"{pointer}/text")
    if len(block.get("fields", [])) > 10:
        yield "no more than 10 items allowed", f"{pointer}/fields"
    for number, each in enumerate(block.get("fields", [])):
        yield from _text(each, 2000, f"{pointer}/fields/{number}")
    if "accessory" in block:
        yield from _element(block["accessory"], f"{pointer}/accessory", _ELEMENTS | {"image"})


def _header(block: Json, pointer: str) -> Iterator[Fault]:
    yield from _text(block.get("text"), 150, f"{pointer}/text", plain=True)


def _context(block: Json, pointer: str) -> Iterator[Fault]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 10:
        yield "must have 1 to 10 items", f"{pointer}/elements"
    for number, each in enumerate(elements):
        if each.get("type") != "image":
            yield from _text(each, 3000, f"{pointer}/elements/{number}")


def _actions(block: Json, pointer: str) -> Iterator[Fault]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 25:
        yield "must have 1 to 25 items", f"{pointer}/elements"
    seen: set[str] = set()
    for number, each in enumerate(elements):
        yield from _element(each, f"{pointer}/elements/{number}", _ELEMENTS)
        if each.get("action_id") in seen:
            yield f"action_id already exists: {each['action_id']}", f"{pointer}/elements/{number}/action_id"
        seen.add(str(each.get("action_id")))


def _input(block: Json, pointer: str) -> Iterator[Fault]:
    yield from _text(block.get("label"), 2000, f"{pointer}/label", plain=True)
    if "hint" in block:
        yield from _text(block["hint"], 2000, f"{pointer}/hint", plain=True)
    yield from _element(block.get("element"), f"{pointer}/element", _INPUTS)


def _image(block: Json, pointer: str) -> Iterator[Fault]:
    if not block.get("alt_text"):
        yield "missing required field: alt_text", pointer


def _free(_block: Json, _pointer: str) -> Iterator[Fault]:
    yield from ()


def _element(element: object, pointer: str, allowed: set[str]) -> Iterator[Fault]:
    if not isinstance(element, dict) or element.get("type") not in allowed:
        kind = element.get("type") if isinstance(element, dict) else element
        yield f"unsupported type: {kind}", f"{pointer}/type"
        return
    if len(str(element.get("action_id", ""))) > 255:
        yield "must be less than 256 characters", f"{pointer}/action_id"
    if element["type"] == "button":
        yield from _button(element, pointer)
    for number, option in enumerate(element.get("options", [])):
        yield from _text(option.get("text"), 75, f"{pointer}/options/{number}/text")
        if len(str(option.get("value", ""))) > 150:
            yield "must be less than 151 characters", f"{pointer}/options/{number}/value"
    if len(element.get("options", [])) > (5 if element["type"] == "overflow" else 100):
        yield "too many options", f"{pointer}/options"


def _button(element: Json, pointer: str) -> Iterator[Fault]:
    yield from _text(element.get("text"), 75, f"{pointer}/text", plain=True)
    if len(str(element.get("value", ""))) > 2000:
        yield "must be less than 2001 characters", f"{pointer}/value"
    if element.get("style", "primary") not in {"primary", "danger"}:
        yield f"unsupported style: {element['style']}", f"{pointer}/style"
    confirm = element.get("confirm")
    if confirm is not None:
        for part, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
            yield from _text(confirm.get(part), most, f"{pointer}/confirm/{part}", plain=part != "text")


_BLOCKS: dict[str, Callable[[Json, str], Iterator[Fault]]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "image": _image,
}
