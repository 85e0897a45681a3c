"""What an input holds, empty and filled in."""

from typing import Any

import pytest

from sandbox.slack.inputs import REQUIRED, complaint, filled, opened
from sandbox.slack.shapes import Wrong

Json = dict[str, Any]
RED = {"text": {"type": "plain_text", "text": "Red"}, "value": "red"}
BLUE = {"text": {"type": "plain_text", "text": "Blue"}, "value": "blue"}
TEXT = {"type": "plain_text_input", "action_id": "a"}
SELECT = {"type": "static_select", "action_id": "a", "options": [RED, BLUE]}
GROUPED = {"type": "static_select", "action_id": "a", "option_groups": [{"label": {}, "options": [RED]}]}
BOXES = {"type": "checkboxes", "action_id": "a", "options": [RED, BLUE]}


@pytest.mark.parametrize(
    ("element", "state"),
    [
        pytest.param(TEXT, {"type": "plain_text_input", "value": None}, id="text"),
        pytest.param(
            {**TEXT, "initial_value": "x"}, {"type": "plain_text_input", "value": "x"}, id="text with a start"
        ),
        pytest.param(SELECT, {"type": "static_select", "selected_option": None}, id="select"),
        pytest.param(BOXES, {"type": "checkboxes", "selected_options": []}, id="boxes"),
        pytest.param({"type": "users_select"}, {"type": "users_select", "selected_user": None}, id="user"),
        pytest.param({"type": "button"}, {}, id="a button holds nothing"),
    ],
)
def test_an_untouched_input_holds_what_it_opened_with(element: Json, state: Json) -> None:
    assert opened(element) == state


@pytest.mark.parametrize(
    ("element", "typed", "held"),
    [
        pytest.param(TEXT, "why", {"value": "why"}, id="text"),
        pytest.param(TEXT, "", {"value": None}, id="empty text is null"),
        pytest.param(SELECT, "blue", {"selected_option": BLUE}, id="option by value"),
        pytest.param(SELECT, BLUE, {"selected_option": BLUE}, id="option given whole"),
        pytest.param(GROUPED, "red", {"selected_option": RED}, id="option of a group"),
        pytest.param(BOXES, ["red", "blue"], {"selected_options": [RED, BLUE]}, id="several options"),
        pytest.param(BOXES, [], {"selected_options": []}, id="no option"),
        pytest.param({"type": "datepicker"}, "2026-01-02", {"selected_date": "2026-01-02"}, id="date"),
    ],
)
def test_a_filled_input_holds_what_was_typed(element: Json, typed: object, held: Json) -> None:
    assert filled(element, typed) == {"type": element["type"], **held}


def test_an_option_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(Wrong, match="no option 'green'"):
        filled(SELECT, "green")


def test_a_button_cannot_be_filled_in() -> None:
    with pytest.raises(Wrong, match="can't be filled in"):
        filled({"type": "button", "action_id": "go"}, "x")


@pytest.mark.parametrize(
    ("element", "typed", "optional", "said"),
    [
        pytest.param(TEXT, "", False, REQUIRED, id="required and empty"),
        pytest.param(TEXT, "", True, None, id="optional and empty"),
        pytest.param(TEXT, "x", False, None, id="required and there"),
        pytest.param(BOXES, [], False, REQUIRED, id="no box ticked"),
        pytest.param({**TEXT, "max_length": 3}, "long", False, "Must be 3 characters or fewer.", id="too long"),
        pytest.param({**TEXT, "min_length": 3}, "x", False, "Must be at least 3 characters.", id="too short"),
    ],
)
def test_slacks_client_does_not_send_what_is_incomplete(
    element: Json,
    typed: object,
    optional: bool,  # noqa: FBT001  # a column of the table
    said: str | None,
) -> None:
    assert complaint(element, filled(element, typed), optional=optional) == said
