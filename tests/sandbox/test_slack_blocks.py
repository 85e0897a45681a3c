"""What Slack refuses in messages and views, limit by limit."""

from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from sandbox.slack.blocks import check_blocks
from sandbox.slack.shapes import SlackError
from tests.fixtures.slack_hands import button, card, text_input

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(text: str = "hello", **more: object) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def option(number: int) -> Json:
    return {"text": plain(f"option {number}"), "value": str(number)}


def select(count: int) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option(n) for n in range(count)]}


def table(rows: int, columns: int) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


CONFIRM = {"title": plain("Sure?"), "text": plain("x" * 301), "confirm": plain("Yes"), "deny": plain("No")}

GOOD = [
    pytest.param([section()], id="a section"),
    pytest.param([section("x" * 3000)], id="a section of 3000"),
    pytest.param([{"type": "section", "fields": [mrkdwn("a"), plain("b")]}], id="fields alone"),
    pytest.param([{"type": "header", "text": plain("x" * 150)}], id="a header of 150"),
    pytest.param([{"type": "divider"}], id="a divider"),
    pytest.param(card(button("a", "A", style="danger"), button("b", "B", style="primary", value="v")), id="buttons"),
    pytest.param([actions(select(100))], id="a select of 100"),
    pytest.param([section(accessory=select(2))], id="a select beside a section"),
    pytest.param([section(accessory={"type": "image", "image_url": "http://x/y.png", "alt_text": "y"})], id="an image"),
    pytest.param([{"type": "context", "elements": [mrkdwn("a"), plain("b")]}], id="a context"),
    pytest.param([table(100, 20)], id="a table of 100 by 20"),
    pytest.param([{"type": "markdown", "text": "x" * 12_000}], id="markdown of 12000"),
    pytest.param(
        [{"type": "container", "title": plain("Details"), "child_blocks": [section()], "is_collapsible": True}],
        id="a container",
    ),
    pytest.param([section()] * 50, id="50 blocks"),
]


@pytest.mark.parametrize("blocks", GOOD)
def test_good_blocks_pass(blocks: list[Json]) -> None:
    assert check_blocks(blocks) == blocks


BAD = [
    pytest.param([{"type": "modal"}], "unsupported type: modal [json-pointer:/blocks/0/type]", id="unknown type"),
    pytest.param([{}], "missing required field: type [json-pointer:/blocks/0]", id="no type"),
    pytest.param(["x"], "must provide an object [json-pointer:/blocks/0]", id="no object"),
    pytest.param({"type": "section"}, "must provide an array [json-pointer:/blocks]", id="no list"),
    pytest.param(
        [{"type": "divider"}, section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/1/text/text]",
        id="a section of 3001",
    ),
    pytest.param([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]", id="no text"),
    pytest.param(
        [{"type": "section"}], "missing required field: text or fields [json-pointer:/blocks/0]", id="empty section"
    ),
    pytest.param(
        [{"type": "section", "fields": [mrkdwn("a")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
        id="11 fields",
    ),
    pytest.param(
        [{"type": "section", "fields": [mrkdwn("x" * 2001)]}],
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
        id="a field of 2001",
    ),
    pytest.param(
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        id="a header of 151",
    ),
    pytest.param(
        [{"type": "header", "text": mrkdwn("*x*")}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
        id="mrkdwn in a header",
    ),
    pytest.param(
        [actions({**button("a", "A"), "text": mrkdwn("A")})],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
        id="mrkdwn on a button",
    ),
    pytest.param(
        [actions(button("a", "x" * 76))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        id="a button of 76",
    ),
    pytest.param(
        [actions(button("a", "A", value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        id="a value of 2001",
    ),
    pytest.param(
        [actions(button("a", "A", style="warning"))],
        "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
        id="a style of its own",
    ),
    pytest.param(
        [actions(button("a", "A", confirm=CONFIRM))],
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
        id="a confirm dialog of 301",
    ),
    pytest.param(
        [actions(button("a", "A", colour="red"))],
        "invalid additional property: colour [json-pointer:/blocks/0/elements/0]",
        id="a property of its own",
    ),
    pytest.param([actions()], "no less than 1 items allowed [json-pointer:/blocks/0/elements]", id="no buttons"),
    pytest.param(
        [actions(*(button(str(n), "A") for n in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        id="26 buttons",
    ),
    pytest.param(
        [actions(button("a", "A"), button("a", "B"))],
        "`action_id` a already exists for another action [json-pointer:/blocks/0/elements/1/action_id]",
        id="one action_id twice",
    ),
    pytest.param(
        [section(block_id="b"), section(block_id="b")],
        "`block_id` b already exists [json-pointer:/blocks/1/block_id]",
        id="one block_id twice",
    ),
    pytest.param(
        [section(block_id="x" * 256)],
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
        id="a block_id of 256",
    ),
    pytest.param(
        [actions(select(101))],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
        id="101 options",
    ),
    pytest.param(
        [actions({"type": "overflow", "options": [option(n) for n in range(6)]})],
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
        id="an overflow of 6",
    ),
    pytest.param(
        [{"type": "context", "elements": [mrkdwn("a")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
        id="a context of 11",
    ),
    pytest.param(
        [{"type": "image", "image_url": "http://x/y.png"}],
        "missing required field: alt_text [json-pointer:/blocks/0]",
        id="an image without words",
    ),
    pytest.param([table(101, 1)], "no more than 100 items allowed [json-pointer:/blocks/0/rows]", id="101 rows"),
    pytest.param([table(1, 21)], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]", id="21 columns"),
    pytest.param([table(1, 1), table(1, 1)], "only one table allowed [json-pointer:/blocks]", id="two tables"),
    pytest.param([text_input()], "unsupported type: input [json-pointer:/blocks/0/type]", id="an input in a message"),
    pytest.param([{"type": "alert", "text": plain("x")}], "unsupported type: alert [json-pointer:/blocks/0/type]",
                 id="an alert in a message"),
    pytest.param([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]", id="51 blocks"),
    pytest.param(
        [{"type": "container", "title": plain("D"), "child_blocks": [section()] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/child_blocks]",
        id="11 children",
    ),
    pytest.param(
        [{"type": "markdown", "text": "x" * 12_001}],
        "must be less than 12001 characters [json-pointer:/blocks/0/text]",
        id="markdown of 12001",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("blocks", "fault"), BAD)
def test_bad_blocks_are_refused_in_slacks_shape(blocks: object, fault: str) -> None:
    with pytest.raises(SlackError) as refused:
        check_blocks(blocks)
    assert refused.value.error == "invalid_blocks"
    assert fault in refused.value.more["errors"]  # type: ignore[operator]  # a list, in an answer that may hold anything
    assert refused.value.more["response_metadata"] == {
        "messages": [f"[ERROR] {line}" for line in refused.value.more["errors"]]  # type: ignore[attr-defined]  # as above
    }


def test_too_many_characters_over_all_blocks_are_refused_by_their_own_word() -> None:
    with pytest.raises(SlackError) as refused:
        check_blocks([section("x" * 3000)] * 5)
    assert refused.value.error == "msg_blocks_too_long"
    assert check_blocks([section("x" * 2600)] * 5)


@pytest.mark.parametrize("blocks", GOOD)
def test_what_passes_here_passes_the_sdks_own_models_too(blocks: list[Json]) -> None:
    known = [block for block in blocks if block["type"] != "data_table"]
    for block in Block.parse_all(known):
        block.validate_json()
