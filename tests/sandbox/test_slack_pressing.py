"""Finding a button, and what pressing it says."""

from typing import Any

import pytest

from sandbox.slack.messages import with_ids
from sandbox.slack.pressing import find, pressed
from sandbox.slack.shapes import Wrong
from tests.fixtures.slack_hands import button, card

Json = dict[str, Any]
CARD = with_ids(
    card(button("request.approve", "Approve switch to db2…", value="42"), button("request.reject", "Reject…"))
)
OPTION = {"text": {"type": "plain_text", "text": "Withdraw"}, "value": "w"}
MENU = with_ids([{"type": "actions", "elements": [{"type": "overflow", "action_id": "more", "options": [OPTION]}]}])


@pytest.mark.parametrize(
    ("action_id", "label"),
    [
        pytest.param("request.approve", "", id="by action_id"),
        pytest.param("", "Approve switch to db2…", id="by its whole text"),
        pytest.param("", "approve SWITCH", id="by a part of it"),
        pytest.param("request.approve", "Approve", id="by both"),
    ],
)
def test_a_button_is_found(action_id: str, label: str) -> None:
    assert find(CARD, action_id, label)[1]["action_id"] == "request.approve"


def test_what_is_not_there_is_answered_with_what_is() -> None:
    with pytest.raises(Wrong, match=r"no request\.settle.*request\.approve \(Approve switch to db2…\)"):
        find(CARD, "request.settle")
    with pytest.raises(Wrong):
        find(CARD, "request.approve", "Reject")


def test_a_whole_label_beats_a_part_of_another() -> None:
    blocks = with_ids(card(button("a", "Approve all"), button("b", "Approve")))
    assert find(blocks, "", "Approve")[1]["action_id"] == "b"


def test_buttons_inside_of_containers_and_beside_sections_are_found() -> None:
    inside: Json = {"type": "container", "title": {}, "child_blocks": card(button("deep", "Deep"))}
    beside: Json = {"type": "section", "text": {}, "accessory": button("side", "Side")}
    blocks = with_ids([inside, beside])
    assert find(blocks, "deep")[0]["block_id"] == "buttons"
    assert find(blocks, "side")[1]["text"]["text"] == "Side"


def test_a_press_carries_value_text_block_and_time() -> None:
    block, element = find(CARD, "request.approve")
    action = pressed(block, element, "1.000002", None, "")
    assert action == {
        "type": "button",
        "action_id": "request.approve",
        "block_id": "buttons",
        "action_ts": "1.000002",
        "value": "42",
        "text": {"type": "plain_text", "text": "Approve switch to db2…"},
    }


def test_an_entry_of_an_overflow_menu_is_chosen_by_its_text_or_value() -> None:
    for value, label in ((None, "Withdraw"), ("w", "")):
        block, element = find(MENU, "more", label)
        assert pressed(block, element, "1.2", value, label)["selected_option"] == OPTION


def test_a_menu_without_a_choice_is_refused() -> None:
    with pytest.raises(Wrong, match="say which value"):
        pressed(*find(MENU, "more"), "1.2", None, "")


def test_blocks_and_elements_without_a_name_get_one_and_the_senders_blocks_stay_as_they_were() -> None:
    sent: list[Json] = [{"type": "actions", "elements": [{"type": "button", "text": {}}]}]
    stored = with_ids(sent)
    assert stored[0]["block_id"]
    assert stored[0]["elements"][0]["action_id"]
    assert "block_id" not in sent[0]
