"""What Slack refuses in views."""

from typing import Any

import pytest

from sandbox.slack.blocks import check_view
from sandbox.slack.shapes import SlackError
from tests.fixtures.slack_hands import modal, text_input

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def test_a_good_view_passes() -> None:
    view = modal(text_input(), {"type": "divider"}, private_metadata="x" * 3000, notify_on_close=True)
    assert check_view(view) == view


BAD_VIEWS = [
    pytest.param(None, "must provide an object [json-pointer:/view]", id="no view"),
    pytest.param({**modal(), "type": "dialog"}, "unsupported type: dialog [json-pointer:/view/type]", id="wrong type"),
    pytest.param(
        modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]", id="long title"
    ),
    pytest.param(
        modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]", id="submit"
    ),
    pytest.param(
        modal(private_metadata="x" * 3001),
        "must be less than 3001 characters [json-pointer:/view/private_metadata]",
        id="private_metadata",
    ),
    pytest.param(
        modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]", id="callback"
    ),
    pytest.param(modal(submit=None), "missing required field: submit [json-pointer:/view]", id="input without submit"),
    pytest.param(
        modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]", id="101"
    ),
    pytest.param(
        modal({"type": "table", "rows": []}), "unsupported type: table [json-pointer:/view/blocks/0/type]", id="a table"
    ),
    pytest.param(
        modal(text_input(), text_input()),
        "`block_id` reason already exists [json-pointer:/view/blocks/1/block_id]",
        id="twice",
    ),
]


@pytest.mark.parametrize(("view", "fault"), BAD_VIEWS)
def test_bad_views_are_refused(view: object, fault: str) -> None:
    with pytest.raises(SlackError) as refused:
        check_view(view)
    assert refused.value.error == "invalid_arguments"
    assert f"[ERROR] {fault}" in refused.value.more["response_metadata"]["messages"]  # type: ignore[index]  # as above
