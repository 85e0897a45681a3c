from dataclasses import replace
from typing import Any

import pytest

from core.outcome import Refusal
from fleet.inventory import Cluster
from fleet.postgres.candidate import Choice, choose
from fleet.postgres.controldata import Control
from fleet.postgres.view import NodeView
from tests.fixtures.views import HERE, SETTINGS, cluster_view, dead, inventory, primary, silent, standby

MIB = 1024**2


def chosen(*nodes: NodeView, wanted: str | None = None, cluster: Cluster | None = None) -> Choice:
    choice = choose(cluster_view(*nodes), cluster or inventory(), wanted)
    assert isinstance(choice, Choice), choice
    return choice


def code(*nodes: NodeView, wanted: str | None = None) -> str:
    refused = choose(cluster_view(*nodes), inventory(), wanted)
    assert isinstance(refused, Refusal), refused
    assert refused.hint
    return refused.code


def test_a_healthy_cluster_hands_over_to_the_one_that_was_named() -> None:
    choice = chosen(wanted="db3")
    assert (choice.old, choice.new, choice.planned, choice.others) == ("db1", "db3", True, ("db2",))


def test_unnamed_the_choice_does_not_depend_on_bytes_of_lag() -> None:
    for lag in (0, 100, 5000):
        assert (
            chosen(primary(), standby("db2", receive_lsn=HERE - lag, replay_lsn=HERE - lag), standby("db3")).new
            == "db2"
        )


def test_priority_decides_before_the_name() -> None:
    cluster = inventory()
    preferred = replace(cluster, nodes={**cluster.nodes, "db3": replace(cluster.nodes["db3"], priority=200)})
    assert chosen(cluster=preferred).new == "db3"


def test_who_was_not_chosen_is_named_with_its_reason() -> None:
    choice = chosen(primary(), standby("db2", replay_paused=True), standby("db3"))
    assert choice.new == "db3"
    assert choice.notes == ("Replay is paused on db2.",)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"replay_paused": True, "settings": {**SETTINGS, "max_connections": "50"}}, "PROMOTE-SETTINGS"),
        ({"replay_paused": True}, "PROMOTE-PAUSED"),
        ({"apply_delay": 3600.0, "replay_paused": True}, "PROMOTE-PAUSED"),
        ({"apply_delay": 3600.0, "replay_lsn": HERE - 300 * MIB}, "PROMOTE-DELAYED-FAR"),
        ({"apply_delay": 3600.0, "receive_lsn": HERE - 17 * MIB, "replay_lsn": HERE - 17 * MIB}, "PROMOTE-LAG"),
        ({"timeline": 2}, "PROMOTE-OTHER-TIMELINE"),
        ({"receiver": None}, "PROMOTE-NOT-STREAMING"),
        ({"receive_lsn": HERE - 17 * MIB, "replay_lsn": HERE - 17 * MIB}, "PROMOTE-LAG"),
        ({"replay_lsn": HERE - 17 * MIB}, "PROMOTE-LAG"),
        ({"settings": {**SETTINGS, "max_connections": "50"}}, "PROMOTE-SETTINGS"),
        ({"settings": {**SETTINGS, "max_connections": "200"}}, "PROMOTE-SETTINGS"),
        ({"settings": {**SETTINGS, "max_replication_slots": "1"}}, "PROMOTE-NO-ROOM"),
        ({"sysid": "77"}, "PROMOTE-OTHER-SYSTEM"),
    ],
)
def test_an_unfit_standby_is_refused(changes: dict[str, Any], expected: str) -> None:
    assert code(primary(), standby("db2", **changes), standby("db3"), wanted="db2") == expected


def test_the_primary_itself_and_strangers_are_refused() -> None:
    assert code(wanted="db1") == "PROMOTE-ALREADY-PRIMARY"
    assert code(wanted="db9") == "PROMOTE-NO-SUCH-NODE"


def test_priority_zero_is_never_promoted() -> None:
    cluster = inventory()
    never = replace(cluster, nodes={**cluster.nodes, "db2": replace(cluster.nodes["db2"], priority=0)})
    refused = choose(cluster_view(), never, "db2")
    assert isinstance(refused, Refusal)
    assert refused.code == "PROMOTE-NEVER"


def test_two_primaries_stop_everything() -> None:
    assert code(primary(), primary("db2", timeline=2), standby("db3"), wanted="db3") == "PROMOTE-SPLIT-BRAIN"


def test_a_standby_alone_is_no_candidate_for_itself() -> None:
    assert code(primary(standbys=())) == "PROMOTE-NO-CANDIDATE"
    assert code(primary(), silent("db2"), wanted="db2") == "PROMOTE-CANDIDATE-DOWN"


def test_a_dead_primary_is_replaced_by_whoever_has_most() -> None:
    behind = standby("db2", receive_lsn=HERE - 100, replay_lsn=HERE - 100)
    choice = chosen(dead("db1"), behind, standby("db3"))
    assert (choice.old, choice.new, choice.planned, choice.others) == ("db1", "db3", False, ("db2",))


def test_less_wal_is_refused_while_somebody_has_more() -> None:
    behind = standby("db2", receive_lsn=HERE - 100, replay_lsn=HERE - 100)
    assert code(dead("db1"), behind, standby("db3"), wanted="db2") == "PROMOTE-NOT-MOST-ADVANCED"


def test_one_that_is_ahead_but_unfit_is_not_asked_to_follow() -> None:
    behind = standby("db2", receive_lsn=HERE - 100, replay_lsn=HERE - 100)
    choice = chosen(dead("db1"), behind, standby("db3", replay_paused=True))
    assert (choice.new, choice.others) == ("db2", ())
    assert any("db3 has more WAL" in note for note in choice.notes)


def test_silence_is_not_death() -> None:
    frozen = silent("db1", Control("76", "in production", 1, HERE, HERE))
    assert code(frozen, standby("db2"), standby("db3")) == "PROMOTE-PRIMARY-ALIVE"


def test_a_silent_standby_does_not_stand_in_the_way_of_a_failover() -> None:
    frozen = silent("db3", Control("76", "in archive recovery", 1, HERE, HERE))
    choice = chosen(dead("db1"), standby("db2"), frozen)
    assert (choice.new, choice.others) == ("db2", ())


def test_without_a_former_primary_nobody_is_promoted() -> None:
    assert code(dead("db1", "shut down in recovery"), standby("db2"), standby("db3")) == "PROMOTE-NO-PRIMARY"


def test_of_two_dead_ones_the_later_timeline_was_the_primary() -> None:
    assert chosen(dead("db1"), dead("db2", timeline=2), standby("db3", timeline=2)).old == "db2"
    assert code(dead("db1"), dead("db2"), standby("db3")) == "PROMOTE-WHO-WAS-PRIMARY"
    assert chosen(dead("db1", fenced=True), dead("db2"), standby("db3")).old == "db2"


def test_a_switchover_that_broke_off_behind_the_fence_can_be_finished() -> None:
    choice = chosen(dead("db1", "shut down", fenced=True), standby("db2"), standby("db3"))
    assert (choice.old, choice.planned) == ("db1", False)
