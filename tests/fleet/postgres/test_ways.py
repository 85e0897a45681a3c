"""What each way back does, in which order, and what can be taken back."""

from dataclasses import replace

import pytest

from core.plan import Kind
from fleet.postgres.ladder import Rung
from fleet.postgres.ways import Way, steps

WAY = Way(
    rung=Rung.REWIND,
    node="db1",
    primary="db2",
    system="7",
    timeline=2,
    slot="db1",
    source="db2",
    restart=True,
    running=False,
)


def names(way: Way) -> list[str]:
    return [step.name for step in steps(way)]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        (replace(WAY, rung=Rung.WAIT), []),
        (replace(WAY, rung=Rung.UNPAUSE), []),
        (replace(WAY, rung=Rung.REPAIR, restart=False), ["slot", "aim", "prove"]),
        (replace(WAY, rung=Rung.REPAIR), ["stop", "slot", "settle", "start", "prove"]),
        (replace(WAY, rung=Rung.REPAIR, slots=("db3",)), ["stop", "slot", "settle", "start", "prove", "tidy"]),
        (replace(WAY, rung=Rung.FEED, restart=False, archive="/a"), ["slot", "aim", "prove"]),
        (WAY, ["stop", "save", "rewind", "slot", "settle", "start", "prove"]),
        (replace(WAY, rung=Rung.COPY), ["stop", "slot", "copy", "verify", "settle", "swap", "start", "prove"]),
        (replace(WAY, rung=Rung.COPY, there=False), ["slot", "copy", "verify", "settle", "swap", "start", "prove"]),
        (
            replace(WAY, rung=Rung.REPAIR, strays=("/a",), known=(1, 2)),
            ["set_aside", "stop", "slot", "settle", "start", "prove"],
        ),
    ],
)
def test_the_order_of_each_way(way: Way, expected: list[str]) -> None:
    assert names(way) == expected


def test_only_a_rewind_has_a_point_of_no_return_and_it_lies_before_the_rewind() -> None:
    for rung in Rung:
        past = [step.name for step in steps(replace(WAY, rung=rung)) if step.ponr]
        assert past == (["rewind"] if rung is Rung.REWIND else [])


def test_every_step_of_a_copy_that_moves_something_can_be_taken_back() -> None:
    undone = {step.name: step.undo.name for step in steps(replace(WAY, rung=Rung.COPY, running=True)) if step.undo}
    assert undone == {"stop": "start", "copy": "discard", "swap": "swap_back", "start": "halt"}


def test_a_node_that_was_down_is_not_started_by_going_back() -> None:
    assert steps(WAY)[0].undo is None


def test_no_step_is_opaque() -> None:
    for rung in Rung:
        assert all(step.kind is not Kind.OPAQUE for step in steps(replace(WAY, rung=rung)))


def test_only_feeding_tells_a_step_of_an_archive() -> None:
    fed = steps(replace(WAY, rung=Rung.FEED, restart=False, archive="/archive"))[1]
    assert fed.args["archive"] == "/archive"
    assert "archive" not in steps(replace(WAY, rung=Rung.REPAIR, restart=False))[1].args
