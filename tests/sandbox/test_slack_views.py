"""Stacks of views: three deep, closed from the top, and what was typed survives a redraw."""

import pytest

from sandbox.slack.ids import Mint
from sandbox.slack.shapes import SlackError, Wrong
from sandbox.slack.views import Stacks
from tests.fixtures.slack_hands import modal, text_input


@pytest.fixture
def stacks() -> Stacks:
    return Stacks(Mint())


def test_three_views_fit_and_a_fourth_does_not(stacks: Stacks) -> None:
    first = stacks.open("U0ANA", modal())
    second, third = stacks.push("U0ANA", modal()), stacks.push("U0ANA", modal())
    assert (second.root, second.previous) == (first.id, first.id)
    assert (third.root, third.previous) == (first.id, second.id)
    with pytest.raises(SlackError) as refused:
        stacks.push("U0ANA", modal())
    assert refused.value.error == "push_limit_reached"


def test_closing_a_view_closes_what_lies_on_it(stacks: Stacks) -> None:
    first = stacks.open("U0ANA", modal())
    second, third = stacks.push("U0ANA", modal()), stacks.push("U0ANA", modal())
    assert stacks.close(second) == [third, second]
    assert stacks.of("U0ANA") == [first]


def test_clearing_closes_all(stacks: Stacks) -> None:
    stacks.open("U0ANA", modal())
    top = stacks.push("U0ANA", modal())
    stacks.close(top, clear=True)
    assert stacks.of("U0ANA") == []


def test_opening_replaces_what_was_open_and_leaves_others_alone(stacks: Stacks) -> None:
    stacks.open("U0ANA", modal())
    other = stacks.open("U0BEN", modal())
    new = stacks.open("U0ANA", modal())
    assert stacks.of("U0ANA") == [new]
    assert stacks.of("U0BEN") == [other]


def test_what_was_typed_stays_where_block_and_action_are_the_same(stacks: Stacks) -> None:
    view = stacks.open("U0ANA", modal(text_input("kept"), text_input("gone")))
    view.fill({"kept": {"text": "one"}, "gone": {"text": "two"}})
    view.show(modal(text_input("kept"), text_input("new")), "h")
    assert view.values == {
        "kept": {"text": {"type": "plain_text_input", "value": "one"}},
        "new": {"text": {"type": "plain_text_input", "value": None}},
    }


def test_every_input_is_in_the_state_even_when_empty(stacks: Stacks) -> None:
    view = stacks.open("U0ANA", modal(text_input("a"), text_input("b")))
    assert set(view.as_slack()["state"]["values"]) == {"a", "b"}
    assert view.as_slack(untouched=True)["state"] == {"values": {}}


def test_a_block_that_does_not_exist_cannot_be_filled_in(stacks: Stacks) -> None:
    view = stacks.open("U0ANA", modal(text_input("reason")))
    with pytest.raises(Wrong, match="Its inputs: reason / text"):
        view.fill({"raeson": {"text": "x"}})


def test_a_view_can_be_found_by_its_own_name(stacks: Stacks) -> None:
    view = stacks.open("U0ANA", modal(external_id="mine"))
    assert stacks.find("", "mine") is view
    with pytest.raises(SlackError):
        stacks.find("V404")
