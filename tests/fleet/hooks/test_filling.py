"""Whatever a name holds, one word of a hook stays one word, and nothing is filled twice."""

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from fleet.hooks.filling import fill, fill_effect, promotion, resync, words_for
from fleet.hooks.hook import At, Call, Command, Statements, from_args, to_args
from tests.fixtures.views import inventory

WORDS = promotion(inventory(), "db1", "db2")
HOSTILE = st.one_of(
    st.sampled_from(
        [
            "{new}",
            "$(reboot)",
            "; reboot",
            "' --",
            '"',
            "\\",
            "a b",
            "a\nb",
            "{old}{new}",
            "x' port='1",
            "../..",
            "#?&@:",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
)


@given(HOSTILE, HOSTILE)
def test_a_command_has_as_many_words_as_were_written_and_each_holds_its_value_as_it_is(old: str, new: str) -> None:
    words = {**WORDS, "old": old, "new_host": new}
    filled = fill_effect(Command(("/bin/x", "{old}", "--to={new_host}:{new_port}", "${}", "{1}")), words)
    assert isinstance(filled, Command)
    assert filled.argv == ("/bin/x", old, f"--to={new}:5433", "${}", "{1}")


@given(HOSTILE)
def test_a_value_stays_one_value_of_a_conninfo(new: str) -> None:
    filled = fill_effect(Statements("/x", conninfo="host={new_host} port=1 dbname=x"), {**WORDS, "new_host": new})
    assert isinstance(filled, Statements)
    assert conninfo_to_dict(filled.conninfo) == {"host": new, "port": "1", "dbname": "x"}


@given(HOSTILE)
def test_a_value_stays_in_its_place_of_a_url(new: str) -> None:
    filled = fill_effect(Call("http://proxy/vip/{new_host}?to={new_host}"), {**WORDS, "new_host": new})
    assert isinstance(filled, Call)
    url = urlsplit(filled.url)
    assert (url.netloc, unquote(url.path), unquote(url.query)) == ("proxy", f"/vip/{new}", f"to={new}")


@given(HOSTILE)
def test_what_a_step_is_told_survives_the_store(word: str) -> None:
    for effect in (Command(("/bin/x", word)), Statements("/x", expect=({"a": word},)), Call("http://x", body=word)):
        args = to_args(effect)
        assert args is not None
        assert from_args({key: list(v) if isinstance(v, tuple) else v for key, v in args.items()}) == effect


def test_each_moment_has_its_own_words() -> None:
    assert set(WORDS) == set(words_for(At.PRE_PROMOTE))
    assert set(resync(inventory(), "db1", "db2")) == set(words_for(At.POST_RESYNC))
    assert fill("{new} at {new_host}:{new_port} of {cluster}", WORDS) == "db2 at 127.0.0.1:5433 of main"
    with pytest.raises(KeyError):
        fill("{node}", WORDS)
