import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import LONGEST, Unclear, Words, split, understand
from core.plan import Lock, Risk
from core.spec import Argument, Spec, Takes
from fleet.inventory import Cluster, Node


def node(name: str) -> Node:
    return Node(name, "local", "", "", 5432, "/data", "/bin", "", "seconder", "postgres", "/work")


CLUSTERS = {
    name: Cluster(name, "postgres", "ops", {each: node(each) for each in nodes})
    for name, nodes in {"main": ("db1", "db2"), "mail": ("mx1",)}.items()
}
STATUS = Spec("status", "postgres", "Look.", Risk.READ, Lock.NONE, 30, 1)
RESYNC = Spec(
    "resync",
    "postgres",
    "Mend a standby.",
    Risk.DESTRUCTIVE,
    Lock.CLUSTER,
    600,
    1,
    (
        Argument("node", Takes.NODE, "which", required=True),
        Argument("rebuild", Takes.SWITCH, "copy it all", option=True),
        Argument("from", Takes.NODE, "whence", option=True),
    ),
)
SPECS = (STATUS, RESYNC)


def read(text: str) -> Words:
    return understand(split(text), SPECS, CLUSTERS)


def nearest(text: str) -> str:
    with pytest.raises(Unclear) as caught:
        read(text)
    return caught.value.nearest


def test_a_command_is_understood() -> None:
    words = read("resync main db2 --from db1 --rebuild")
    assert (words.spec, words.cluster.name) == (RESYNC, "main")
    assert words.arguments == {"node": "db2", "from": "db1", "rebuild": True}


def test_quotes_and_dashes_of_a_phone_are_understood() -> None:
    assert read("resync \u201cmain\u201d db2 \u2014rebuild").arguments == {"node": "db2", "rebuild": True}


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("statsu main", "status main"),
        ("status mian", "status main"),
        ("rsync main db2", "resync main db2"),
        ("resync main", "resync main db1"),
        ("resync main db3", "resync main db1"),
        ("resync main db2 --rebild", "resync main db2 --rebuild"),
        ("resync main db2 --from", "resync main db2 --from db1"),
        ("status main db1", "status main"),
        ("resync mail mx1 extra", "resync mail mx1"),
    ],
)
def test_a_mistake_is_answered_with_what_would_be_right(text: str, right: str) -> None:
    found = nearest(text)
    assert found.startswith(right[:-1])
    read(found)


def test_the_spec_writes_its_own_usage() -> None:
    assert RESYNC.usage == "resync CLUSTER NODE [--rebuild] [--from FROM]"


def test_a_novel_is_refused() -> None:
    assert nearest("x" * (LONGEST + 1)) == "help"


@given(st.text(max_size=400))
def test_any_text_is_understood_or_answered(text: str) -> None:
    try:
        words = split(text)
        if words:
            understand(words, SPECS, CLUSTERS)
    except Unclear as unclear:
        answered = unclear
    else:
        return
    assert answered.message


@given(
    st.lists(st.sampled_from(["status", "resync", "main", "mail", "db1", "--rebuild", "--from", "x", ""]), min_size=1)
)
def test_the_nearest_command_comes_nearer_until_it_is_right(words: list[str]) -> None:
    for _ in range(8):
        try:
            understand(words, SPECS, CLUSTERS)
        except Unclear as unclear:
            words = split(unclear.nearest)
        else:
            return
    raise AssertionError(words)
