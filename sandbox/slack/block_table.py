"""Slack's limits on blocks, one row per type, for each place where blocks may stand (slack.md 2.4).

The bot has a table of its own: a mistake in one must not hide in the other.
"""

from collections.abc import Mapping

from sandbox.slack.elements import CONFIRM, FILLED, ID, IMAGE, PRESSED, URL, plain, text
from sandbox.slack.rules import Anything, ByType, Chars, Choice, Flag, Items, Rule, Shape, Whole

MOST_IN_MESSAGE, MOST_IN_VIEW = 50, 100
MOST_CHARS = 13_200  # over all blocks of a message: beyond it, msg_blocks_too_long
MOST_TABLES, MOST_CHARTS = 1, 2


def _block(
    fields: Mapping[str, Rule], needs: tuple[str, ...] = (), one_of: tuple[str, ...] = (), *, free: bool = False
) -> Shape:
    return Shape({"block_id": ID, **fields}, needs, one_of, open=free)


_FEEDBACK = ByType(
    {
        "feedback_buttons": Shape({"action_id": ID}, open=True),
        "icon_button": Shape({"action_id": ID, "text": plain(75), "confirm": CONFIRM}, open=True),
    }
)
_SIMPLE: dict[str, Rule] = {
    "divider": _block({}),
    "header": _block({"text": plain(150), "level": Whole(1, 6)}, ("text",)),
    "section": _block(
        {
            "text": text(3000),
            "fields": Items(text(2000), 10, 1),
            "accessory": ByType({**PRESSED, "image": IMAGE}),
            "expand": Flag(),
        },
        one_of=("text", "fields"),
    ),
    "context": _block(
        {
            "elements": Items(
                ByType(
                    {
                        "image": IMAGE,
                        "plain_text": Shape({"text": Chars(3000, 1), "emoji": Flag()}, ("text",)),
                        "mrkdwn": Shape({"text": Chars(3000, 1), "verbatim": Flag()}, ("text",)),
                    }
                ),
                10,
                1,
            )
        },
        ("elements",),
    ),
    "actions": _block({"elements": Items(ByType(PRESSED), 25, 1)}, ("elements",)),
    "image": _block(
        {"image_url": URL, "slack_file": Anything(), "alt_text": Chars(2000, 1), "title": plain(2000)},
        ("alt_text",),
        ("image_url", "slack_file"),
    ),
    "rich_text": _block({"elements": Items(Anything(), 10_000)}, ("elements",)),
    "video": _block({"title": plain(199)}, ("title", "video_url", "thumbnail_url", "alt_text"), free=True),
    "context_actions": _block({"elements": Items(_FEEDBACK, 5, 1)}, ("elements",)),
}
_CELL = ByType(
    {
        "raw_text": Shape({"text": Chars(10_000)}, ("text",)),
        "raw_number": Shape({"value": Anything()}, open=True),
        "rich_text": Shape({"elements": Items(Anything(), 10_000), "block_id": ID}, ("elements",)),
    }
)
_COLUMN = Shape({"align": Choice(("left", "center", "right")), "is_wrapped": Flag()})
_IN_MESSAGE: dict[str, Rule] = {
    "markdown": _block({"text": Chars(12_000, 1)}, ("text",)),
    "table": _block({"rows": Items(Items(_CELL, 20, 1), 100, 1), "column_settings": Items(_COLUMN, 20)}, ("rows",)),
    "data_table": _block(
        {"caption": Anything(), "page_size": Whole(1, 100), "rows": Items(Anything(), 101, 2)},
        ("caption", "rows"),
        free=True,
    ),
    "data_visualization": _block({"title": Anything()}, free=True),
    "card": _block({"actions": Items(ByType(PRESSED), 5)}, free=True),
    "carousel": _block({}, free=True),
    "task_card": _block({}, free=True),
    "plan": _block({}, free=True),
    "file": _block({}, ("external_id", "source"), free=True),
}
_CONTAINER = _block(
    {
        "title": plain(150),
        "rich_text_title": Anything(),
        "subtitle": text(150),
        "child_blocks": Items(ByType({**_SIMPLE, **_IN_MESSAGE}), 10, 1),
        "width": Choice(("narrow", "standard", "wide", "full")),
        "icon": Anything(),
        "is_collapsible": Flag(),
        "default_collapsed": Flag(),
        "has_header_divider": Flag(),
    },
    ("child_blocks",),
    ("title", "rich_text_title"),
)
_INPUT = _block(
    {
        "label": plain(2000),
        "hint": plain(2000),
        "element": ByType(FILLED),
        "optional": Flag(),
        "dispatch_action": Flag(),
    },
    ("label", "element"),
)
_ALERT = _block(
    {"text": text(3000), "level": Choice(("default", "info", "warning", "error", "success"))},
    ("text",),
)

IN_MESSAGE = Items(ByType({**_SIMPLE, **_IN_MESSAGE, "container": _CONTAINER}), MOST_IN_MESSAGE)
IN_VIEW = Items(ByType({**_SIMPLE, "input": _INPUT, "alert": _ALERT}), MOST_IN_VIEW)
MODAL = Shape(
    {
        "title": plain(24),
        "submit": plain(24),
        "close": plain(24),
        "blocks": IN_VIEW,
        "private_metadata": Chars(3000),
        "callback_id": Chars(255),
        "external_id": Chars(255),
        "clear_on_close": Flag(),
        "notify_on_close": Flag(),
        "submit_disabled": Flag(),
    },
    ("title", "blocks"),
)
HOME = Shape(
    {"blocks": IN_VIEW, "private_metadata": Chars(3000), "callback_id": Chars(255), "external_id": Chars(255)},
    ("blocks",),
)
VIEW = {"modal": ByType({"modal": MODAL}), "home": ByType({"home": HOME})}
