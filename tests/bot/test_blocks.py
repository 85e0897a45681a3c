"""Pieces of Block Kit: nothing is dropped, nothing is torn, what is shortened says so."""

import copy
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.blocks import button, cut, field, modal, pieces, section, short
from bot.inert import code, inert
from bot.menus import MOST, Option, Question, line, menu, switch
from sandbox.slack.blocks import check_view

LINES = st.lists(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=60), max_size=12)
ASK = Question("b", "a", "Which?", "One of them.")


@given(LINES, st.integers(12, 60))
def test_pieces_drop_nothing(lines: list[str], most: int) -> None:
    text = "\n".join(inert(line) for line in lines)
    found = pieces(text, most)
    assert all(0 < len(piece) <= most and piece.strip() for piece in found)
    assert "".join(found).replace("\n", "").strip() == text.replace("\n", "").strip()


@given(st.text("ab<&>\u200b\\u \U000e0100", max_size=80), st.integers(16, 40))
def test_pieces_tear_no_entity_and_no_escape_apart_and_close_a_code_span(value: str, most: int) -> None:
    found = pieces(f"x {code(value)}", most)
    for piece in found:
        assert piece.count("`") % 2 == 0
        assert not re.search(r"&(?!amp;|lt;|gt;)", piece)
    whole = "".join(found).replace("\n", "").replace("`", "")
    assert whole == f"x {code(value)}".replace("`", "")
    assert sum(len(re.findall(r"\\u[0-9a-f]{4}|\\U[0-9a-f]{8}", piece)) for piece in found) == len(
        re.findall(r"\\u[0-9a-f]{4}|\\U[0-9a-f]{8}", whole)
    )


def test_a_line_longer_than_a_section_goes_on_in_the_next() -> None:
    found = pieces("a\n" + "x" * 7000 + "\nb")
    assert [len(piece) <= 2900 for piece in found] == [True] * len(found)
    assert "".join(found).count("x") == 7000
    assert found[-1].endswith("b\n")


def test_what_is_cut_says_so_and_tears_nothing() -> None:
    shown = cut("&amp;" * 1000)
    assert "cut; the whole text" in shown
    assert not re.search(r"&(?!amp;)", shown)
    assert len(shown) <= 2900
    assert cut(f"`{'x' * 4000}`").count("`") == 2
    assert cut("") == " "


def test_labels_that_are_shortened_say_so() -> None:
    assert short("abc", 3) == "abc"
    assert short("abcd", 3) == "ab…"
    label = button("a", "x" * 100, "v")["text"]
    assert isinstance(label, dict)
    assert str(label["text"]).endswith("…")


def test_slack_makes_no_links_of_its_own() -> None:
    assert section("https://example.org @here")["text"] == {
        "type": "mrkdwn",
        "text": "https://example.org @here",
        "verbatim": True,
    }


def test_menus_keep_slack_s_limits_and_say_what_they_leave_out() -> None:
    many = [Option(f"n{n}", f"node {n} " + "x" * 80, "y" * 80) for n in range(MOST + 30)] + [Option("v" * 151, "long")]
    full = menu(ASK, many, "n3", "Choose")
    view = modal("c", "", "t", "Go", [full, switch(Question("s", "a", "S"), Option("yes", "On"), on=True)])
    check_view(copy.deepcopy(view))
    assert "31 more do not fit" in str(full["hint"])
    assert "'initial_option': {'value': 'n3'" in str(full)
    assert "initial_option" not in str(menu(ASK, many[:3], "gone", "Choose"))


def test_what_was_typed_stands_there_again() -> None:
    view = modal(
        "c", "", "t", "Go", [line(ASK, "said " * 50, 100), field("f", "F", {"type": "checkboxes", "options": []})]
    )
    assert str(view).count("said") == 20


def test_hostile_options_are_inert() -> None:
    option = Option("raw\u202e", "*a*\u202e<b>", ":skull: x").as_slack()
    assert option["value"] == "raw\u202e"
    assert option["text"] == {"type": "plain_text", "text": r"∗a∗\u202e&lt;b&gt;"}  # noqa: RUF001  # they look alike
    assert "∶skull:" in str(option["description"])  # noqa: RUF001  # as above
