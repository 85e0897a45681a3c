"""Slack's limits on what stands inside of blocks: texts, options, confirm dialogs, buttons, selects and inputs."""

from collections.abc import Mapping

from sandbox.slack.rules import Anything, ByType, Chars, Choice, Flag, Items, Rule, Shape, Whole

ID = Chars(255)
URL = Chars(3000, 1)
_ALT = Chars(2000, 1)


def plain(most: int) -> Rule:
    """Give the rule of a plain text of so many characters."""
    return ByType({"plain_text": Shape({"text": Chars(most, 1), "emoji": Flag()}, ("text",))})


def text(most: int) -> Rule:
    """Give the rule of a plain or mrkdwn text of so many characters."""
    words = Chars(most, 1)
    return ByType(
        {
            "plain_text": Shape({"text": words, "emoji": Flag()}, ("text",)),
            "mrkdwn": Shape({"text": words, "verbatim": Flag()}, ("text",)),
        }
    )


CONFIRM = Shape(
    {
        "title": plain(100),
        "text": text(300),
        "confirm": plain(30),
        "deny": plain(30),
        "style": Choice(("primary", "danger")),
    },
    ("title", "text", "confirm", "deny"),
)
OPTION = Shape(
    {"text": text(75), "value": Chars(150, 1), "description": text(75), "url": URL},
    ("text", "value"),
)
IMAGE = Shape(
    {"image_url": URL, "slack_file": Anything(), "alt_text": _ALT}, ("alt_text",), ("image_url", "slack_file")
)


def _element(
    fields: Mapping[str, Rule], needs: tuple[str, ...] = (), one_of: tuple[str, ...] = (), *, confirms: bool = True
) -> Shape:
    own: dict[str, Rule] = {"action_id": ID, "focus_on_load": Flag(), **fields}
    return Shape(own | ({"confirm": CONFIRM} if confirms else {}), needs, one_of)


def _select(source: Mapping[str, Rule], *, many: bool, one_of: tuple[str, ...] = ()) -> Shape:
    more: dict[str, Rule] = {"max_selected_items": Whole(1, 100)} if many else {"response_url_enabled": Flag()}
    return _element({"placeholder": plain(150), **source, **more}, one_of=one_of)


def _selects() -> dict[str, Rule]:
    group = Shape({"label": plain(75), "options": Items(OPTION, 100, 1)}, ("label", "options"))
    static: dict[str, Rule] = {"options": Items(OPTION, 100, 1), "option_groups": Items(group, 100, 1)}
    external: dict[str, Rule] = {"min_query_length": Whole(0, 1000)}
    first: dict[str, Rule] = {"initial_option": OPTION}
    all_first: dict[str, Rule] = {"initial_options": Items(OPTION, 100)}
    found: dict[str, Rule] = {
        "static_select": _select(static | first, many=False, one_of=("options", "option_groups")),
        "multi_static_select": _select(static | all_first, many=True, one_of=("options", "option_groups")),
        "external_select": _select(external | first, many=False),
        "multi_external_select": _select(external | all_first, many=True),
    }
    for noun in ("user", "conversation", "channel"):
        filters: dict[str, Rule] = {"filter": Anything(), "default_to_current_conversation": Flag()}
        found[f"{noun}s_select"] = _select(filters | {f"initial_{noun}": Chars(255)}, many=False)
        found[f"multi_{noun}s_select"] = _select(filters | {f"initial_{noun}s": Items(Chars(255), 100)}, many=True)
    return found


SELECTS = _selects()
_CHOICES: dict[str, Rule] = {
    "checkboxes": _element({"options": Items(OPTION, 10, 1), "initial_options": Items(OPTION, 10)}, ("options",)),
    "radio_buttons": _element({"options": Items(OPTION, 10, 1), "initial_option": OPTION}, ("options",)),
}
_PICKERS: dict[str, Rule] = {
    "datepicker": _element({"initial_date": Chars(10, 10), "placeholder": plain(150)}),
    "timepicker": _element({"initial_time": Chars(5, 5), "placeholder": plain(150), "timezone": Chars(255)}),
    "datetimepicker": _element({"initial_date_time": Whole(0, 9_999_999_999)}),
}
_BUTTON = _element(
    {
        "text": plain(75),
        "value": Chars(2000),
        "url": URL,
        "style": Choice(("primary", "danger")),
        "accessibility_label": Chars(75),
    },
    ("text",),
)
PRESSED: Mapping[str, Rule] = {
    "button": _BUTTON,
    "overflow": _element({"options": Items(OPTION, 5, 1)}, ("options",)),
    **SELECTS,
    **_CHOICES,
    **_PICKERS,
}


def _typed(extra: Mapping[str, Rule], needs: tuple[str, ...] = ()) -> Shape:
    common: dict[str, Rule] = {"placeholder": plain(150), "dispatch_action_config": Anything()}
    return _element({"initial_value": Chars(3000), **common, **extra}, needs, confirms=False)


FILLED: Mapping[str, Rule] = {
    "plain_text_input": _typed({"multiline": Flag(), "min_length": Whole(0, 3000), "max_length": Whole(1, 3000)}),
    "number_input": _typed(
        {"is_decimal_allowed": Flag(), "min_value": Chars(255), "max_value": Chars(255)}, ("is_decimal_allowed",)
    ),
    "email_text_input": _typed({}),
    "url_text_input": _typed({}),
    **SELECTS,
    **_CHOICES,
    **_PICKERS,
}
