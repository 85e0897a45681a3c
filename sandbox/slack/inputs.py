"""What an input holds: as it is opened, as somebody fills it in, and what Slack's client would not let through."""

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.slack.shapes import Json, Wrong

REQUIRED = "Please complete this required field."


@dataclass(frozen=True)
class Holding:
    """How an element keeps its value: under which key, one or many, options or plain text, and what it opens with."""

    key: str
    initial: str
    many: bool = False
    options: bool = False


_TEXT = Holding("value", "initial_value")
_OPTION = Holding("selected_option", "initial_option", options=True)
_OPTIONS = Holding("selected_options", "initial_options", many=True, options=True)
HOLDINGS = {
    "plain_text_input": _TEXT,
    "number_input": _TEXT,
    "email_text_input": _TEXT,
    "url_text_input": _TEXT,
    "static_select": _OPTION,
    "external_select": _OPTION,
    "radio_buttons": _OPTION,
    "overflow": _OPTION,
    "multi_static_select": _OPTIONS,
    "multi_external_select": _OPTIONS,
    "checkboxes": _OPTIONS,
    "users_select": Holding("selected_user", "initial_user"),
    "multi_users_select": Holding("selected_users", "initial_users", many=True),
    "conversations_select": Holding("selected_conversation", "initial_conversation"),
    "multi_conversations_select": Holding("selected_conversations", "initial_conversations", many=True),
    "channels_select": Holding("selected_channel", "initial_channel"),
    "multi_channels_select": Holding("selected_channels", "initial_channels", many=True),
    "datepicker": Holding("selected_date", "initial_date"),
    "timepicker": Holding("selected_time", "initial_time"),
    "datetimepicker": Holding("selected_date_time", "initial_date_time"),
}


def options_of(element: Json) -> Iterator[Json]:
    """Give the options of a select, those inside of groups too; none of what has no options."""
    holding = HOLDINGS.get(element["type"])
    if holding is None or not holding.options:
        return
    yield from element.get("options", [])
    for group in element.get("option_groups", []):
        yield from group.get("options", [])


def opened(element: Json) -> Json:
    """Give the state of an element that nobody has touched; empty for one that holds nothing (a button)."""
    holding = HOLDINGS.get(element["type"])
    if holding is None or element["type"] == "overflow":
        return {}
    nothing: object = [] if holding.many else None
    return {"type": element["type"], holding.key: element.get(holding.initial, nothing)}


def filled(element: Json, typed: object) -> Json:
    """Give the state of an element that somebody filled in. Raises Wrong for an option that it does not have.

    Options are named by their value (or given whole); many of them as a list; text may be empty or null.
    """
    holding = HOLDINGS.get(element["type"])
    if holding is None:
        raise Wrong(f"{element.get('action_id')} is a {element['type']}: it can't be filled in.")
    state = {"type": element["type"]}
    if holding.many:
        listed = typed if isinstance(typed, list) else ([] if typed is None or typed == "" else [typed])
        return state | {holding.key: [_one(element, holding, each) for each in listed]}
    if typed is None or typed == "":
        return state | {holding.key: None}
    return state | {holding.key: _one(element, holding, typed)}


def chosen(element: Json, action: Json) -> Json:
    """Give the state that an act on an input leaves."""
    key = HOLDINGS[element["type"]].key
    return {"type": element["type"], key: action.get(key)}


def still(element: Json, state: Json) -> bool:
    """Say whether a state fits an element that is drawn anew: of the same type, with what was chosen still there."""
    holding = HOLDINGS[element["type"]]
    if state["type"] != element["type"] or not holding.options or "external" in element["type"]:
        return bool(state["type"] == element["type"])
    held = state.get(holding.key)
    listed = held if isinstance(held, list) else [held] if held else []
    values = {option["value"] for option in options_of(element)}
    return all(each["value"] in values for each in listed)


def _one(element: Json, holding: Holding, typed: object) -> object:
    if not holding.options:
        return typed if isinstance(typed, int) and holding.key == "selected_date_time" else str(typed)
    value = typed.get("value") if isinstance(typed, dict) else typed
    for option in options_of(element):
        if option.get("value") == value:
            return option
    if "external" in element["type"] and isinstance(typed, dict):
        return typed
    raise Wrong(
        f"{element.get('action_id')} has no option {value!r}.",
        options=[option.get("value") for option in options_of(element)],
    )


def complaint(element: Json, state: Json, *, optional: bool) -> str | None:
    """Say what Slack's own client would not send, in its words; None when it is fine."""
    held = state.get(HOLDINGS[element["type"]].key)
    if held in (None, "", []):
        return None if optional else REQUIRED
    if not isinstance(held, str):
        return None
    if len(held) > element.get("max_length", len(held)):
        return f"Must be {element['max_length']} characters or fewer."
    if len(held) < element.get("min_length", 0):
        return f"Must be at least {element['min_length']} characters."
    return None
