from dataclasses import replace

from core.outcome import Refusal
from fleet.postgres.candidate import Choice, choose
from fleet.postgres.controldata import Control
from fleet.postgres.lost_primary import last_primary
from fleet.postgres.view import NodeView
from tests.fixtures.views import HERE, cluster_view, dead, inventory, sender, silent, standby

DEAF = {"receiver": None}


def code(*nodes: NodeView) -> str:
    refused = last_primary(cluster_view(*nodes))
    assert isinstance(refused, Refusal), refused
    assert refused.hint
    return refused.code


def test_whom_nobody_reaches_was_the_primary_when_everybody_else_is_a_standby_that_hears_nothing() -> None:
    nodes = (silent("db1"), standby("db2", **DEAF), standby("db3", **DEAF))
    found = last_primary(cluster_view(*nodes))
    assert isinstance(found, NodeView)
    assert found.name == "db1"
    choice = choose(cluster_view(*nodes), inventory(), None)
    assert isinstance(choice, Choice)
    assert (choice.old, choice.new, choice.planned, choice.seen, choice.others) == (
        "db1", "db2", False, False, ("db3",)
    )  # fmt: skip


def test_a_primary_that_any_standby_still_hears_is_alive_whatever_the_bot_sees() -> None:
    assert code(silent("db1"), standby("db2", **DEAF), standby("db3")) == "PROMOTE-PRIMARY-ALIVE"


def test_a_standby_that_streams_from_another_standby_hears_nothing_of_the_primary() -> None:
    feeding = standby("db2", receiver=None, replication=(sender("db3"),))
    found = last_primary(cluster_view(silent("db1"), feeding, standby("db3")))
    assert isinstance(found, NodeView)
    assert found.name == "db1"


def test_of_two_that_nobody_reaches_none_is_taken_for_the_primary() -> None:
    assert code(silent("db1"), silent("db2"), standby("db3", **DEAF)) == "PROMOTE-CANNOT-FENCE"


def test_beside_a_dead_one_that_may_have_been_the_primary_nobody_can_tell() -> None:
    assert code(silent("db1"), dead("db2"), standby("db3", **DEAF)) == "PROMOTE-CANNOT-FENCE"


def test_a_dead_one_behind_its_fence_is_no_suspect() -> None:
    fenced = dead("db2", "shut down", fenced=True)
    found = last_primary(cluster_view(silent("db1"), fenced, standby("db3", **DEAF)))
    assert isinstance(found, NodeView)
    assert found.name == "db1"


def test_one_that_hangs_on_its_machine_is_killed_before_anybody_is_promoted() -> None:
    hangs = replace(silent("db1"), control=Control("76", "in production", 1, HERE, HERE))
    assert code(hangs, standby("db2", **DEAF), standby("db3")) == "PROMOTE-PRIMARY-ALIVE"
    choice = choose(cluster_view(hangs, standby("db2", **DEAF), standby("db3", **DEAF)), inventory(), None)
    assert isinstance(choice, Choice)
    assert (choice.old, choice.planned, choice.seen, choice.hangs) == ("db1", False, True, True)
