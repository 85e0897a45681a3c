"""What came from outside: all of it is seen, none of it acts, and no two values look the same."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.inert import Markup, code, inert, literal, real

WAYS = (inert, literal, code)
BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2065\u2800\u3164\ufe00\ufe0f\uffa0\U0001d173\U000e0041\U000e0100"
HIDDEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
NASTY = st.text(
    st.one_of(
        st.sampled_from(
            "\\uU0123456789abcdef`'*_~:<>&; \n\t\u200b\u202e\ue010\U000e0100\u02cb\u2217\u223c\u2236\u2423abzdb-"
            + BLANKS
        ),
        st.characters(),
    ),
    max_size=40,
)
TOKEN = re.compile(r"&(amp|lt|gt);|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})|(.)", re.DOTALL)
ALIKE = dict(zip("ˋ∗ˍ∼∶␣⏎⇥", "`*_~: \n\t", strict=True))  # noqa: RUF001  # that they look alike is the point


def read_back(shown: str) -> str:
    """Read what is shown as a person would: each sign says which character it stands for."""
    said = ""
    for entity, basic, full, char in TOKEN.findall(shown):
        if basic or full:
            said += chr(int(basic or full, 16))
        else:
            said += {"amp": "&", "lt": "<", "gt": ">"}.get(entity) or ALIKE.get(char, char)
    return said


@given(NASTY)
@pytest.mark.parametrize("way", [inert, literal])
def test_24_what_is_shown_can_be_read_back_so_no_two_values_look_the_same(way: object, value: str) -> None:
    assert callable(way)
    assert read_back(way(value)) == value


@given(NASTY)
def test_a_code_span_can_be_read_back_too(value: str) -> None:
    span = code(value)
    assert span == "(empty)" if not value else read_back(span[1:-1]) == value


@given(NASTY)
@pytest.mark.parametrize("way", WAYS)
def test_24_nothing_hides_and_nothing_acts(way: object, value: str) -> None:
    assert callable(way)
    shown = str(way(value)).removeprefix("`").removesuffix("`") if way is code else str(way(value))
    categories = {unicodedata.category(char) for char in shown if char != " "}
    assert not categories & {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}
    assert not HIDDEN.search(shown)
    assert not re.search(r"[<>`]|&(?!amp;|lt;|gt;)", shown)


@given(NASTY, NASTY)
@example("*", "*")
def test_no_mark_of_slack_s_survives_even_between_two_values(one: str, other: str) -> None:
    shown = f"{inert(one)} {inert(other)}"
    assert not re.search(r"(?<![0-9A-Za-z])[*_~]|[*_~](?![0-9A-Za-z])", shown)
    assert not re.search(r"^&gt;", shown)
    codes = re.findall(r":([\w+'-]+)(?=:)", shown)
    assert all(re.fullmatch(r"\d+Z?", name) and name not in {"100", "1234"} for name in codes)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\u200bb", r"a\u200bb"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("db\U000e0041", r"db\U000e0041"),
        ("\ue0100", r"\ue0100"),
        ("\U000e0100", r"\U000e0100"),
        (r"\u200b", r"\u005cu200b"),
        ("C:\\temp", "C:\\temp"),
        ("a\u00a0b", r"a\u00a0b"),
        ("\u3164", r"\u3164"),
        ("x\u0336", r"x\u0336"),
        ("a\nb\tc", "a⏎b⇥c"),
        ("db2" + " " * 4 + "x", "db2 ␣␣␣x"),
        ("db2 ", "db2␣"),
        ("*x*", "∗x∗"),  # noqa: RUF001
        ("~db1~ db2", "∼db1∼ db2"),  # noqa: RUF001
        ("_x_ slot_db_2", "ˍxˍ slot_db_2"),
        ("> quoted", r"\u003e quoted"),
        ("a > b", "a &gt; b"),
        ("`rm`", "ˋrmˋ"),  # noqa: RUF001
        ("<!channel> <@U0ANA> <https://x|y>", "&lt;!channel&gt; &lt;@U0ANA&gt; &lt;https://x|y&gt;"),
        (":white_check_mark: verified", "∶white_check_mark: verified"),  # noqa: RUF001
        (":+1::skin-tone-2:", "∶+1:∶skin-tone-2:"),  # noqa: RUF001
        ("x:skull", "x∶skull"),  # noqa: RUF001
        ("a:100:b.", "a∶100:b."),  # noqa: RUF001
    ],
)
def test_what_hides_or_acts_is_spelled_out(value: str, shown: str) -> None:
    assert inert(value) == shown


@pytest.mark.parametrize(
    "plain",
    [
        "12:34:56",
        "2026-03-01T03:00:00Z",
        "db1:5432",
        "127.0.0.1:5432, [::1]:5433",
        "note: all is well",
        "db2:/var/lib/archive",
        "seconder_db2",
        "a → b ≤ 16 MiB",
        "Zoë, Čapek, Ðorđe, 東京, مريم",
        "हिन्दी",
        "",
    ],
)
def test_what_people_write_stays_readable(plain: str) -> None:
    assert inert(plain) == plain


def test_a_value_of_any_kind_is_made_inert_and_what_is_inert_stays() -> None:
    assert inert({"a": "<!channel>"}) == "{'a': '&lt;!channel&gt;'}"
    assert inert(Markup("<@U0ANA> *bold*")) == "<@U0ANA> *bold*"
    assert inert(inert("*&*")) == inert("*&*")
    assert [inert(None), inert(5), inert(1.5)] == ["None", "5", "1.5"]


def test_code_is_as_it_is_and_cannot_be_left() -> None:
    assert code("pg_* ~/x :smile: a_b_") == "`pg_* ~/x :smile: a_b_`"
    assert code("x` <!here>") == "`xˋ &lt;!here&gt;`"  # noqa: RUF001
    assert literal("  psql -c 'SELECT 1 > 0'") == "  psql -c 'SELECT 1 &gt; 0'"


@given(st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters="".join(ALIKE)), max_size=40))
def test_a_terminal_gets_the_value_itself(value: str) -> None:
    if "\\" not in inert(value):
        assert real(inert(value)) == value
