"""Whether a standby could become the primary now, and because of what not."""

import json

import pytest

from actions import promote, ready
from actions.contract import Answer
from bot.cards import assemble
from bot.texts import Texts
from core.outcome import Refusal
from fleet.postgres.candidate import choose
from fleet.postgres.loss import Loss
from fleet.postgres.view import ClusterView
from tests.fixtures.views import HERE, cluster_view, dead, inventory, primary, silent, standby

ASKED = promote.Asked("main")


def found(
    view: ClusterView, node: str | None = None, hosts: Refusal | None = None, loss: Loss | None = None
) -> promote.Found:
    cluster = inventory(*view.nodes)
    return promote.Found(view, cluster, choose(view, cluster, node), hosts, loss)


def worded(answered: Answer) -> str:
    message = assemble(Texts().parts("ready.j2", answered.data), "answer")
    return message.text + json.dumps(message.blocks, ensure_ascii=False)


def test_a_healthy_cluster_could_switch_and_the_answer_says_to_whom_and_at_what_cost() -> None:
    answered = ready.answer(ASKED, found(cluster_view()))
    assert (answered.level, answered.data["could"], answered.data["node"]) == ("ok", True, "db2")
    assert "main could switch from db1 to db2 now: yes." in worded(answered)
    assert "Loss 0" in worded(answered)


def test_what_is_in_the_way_is_said_with_what_to_do() -> None:
    view = cluster_view(primary(), standby("db2", replay_paused=True))
    answered = ready.answer(promote.Asked("main", "db2"), found(view, "db2"))
    assert (answered.level, answered.data["could"]) == ("warn", False)
    assert "Replay is paused on db2." in worded(answered)
    assert "/db resume main db2" in worded(answered)
    assert "PROMOTE-PAUSED" in worded(answered)


def test_the_host_s_own_words_count_too() -> None:
    no = Refusal("PROMOTE-LOGIN", "db1 could not log in on db2.", "Add a line to pg_hba.conf.")
    answered = ready.answer(ASKED, found(cluster_view(), hosts=no))
    assert "db1 could not log in on db2." in worded(answered)


DEAD = cluster_view(dead("db1"), standby("db2"))


def test_a_dead_primary_that_a_standby_could_follow_is_a_warning_with_the_loss() -> None:
    answered = ready.answer(ASKED, found(DEAD, loss=Loss(4_299_161, 12, 2, HERE, HERE - 4_299_161)))
    assert (answered.level, answered.data["could"], answered.data["primary"]) == ("warn", True, None)
    assert "main could fail over to db2 now: yes." in worded(answered)
    assert "12 transactions, 4.1 MB of WAL, 2 s" in worded(answered)
    assert "*nobody* accepts writes" in worded(answered)


def test_without_a_primary_and_without_a_way_out_it_is_critical() -> None:
    for view, loss in ((cluster_view(silent("db1"), standby("db2")), None), (DEAD, Loss(2**40, 9, 9, HERE, 0))):
        answered = ready.answer(ASKED, found(view, loss=loss))
        assert (answered.level, answered.data["could"], answered.data["primary"]) == ("crit", False, None)
        assert "main could not fail over" in worded(answered)


@pytest.mark.parametrize("view", [cluster_view(), cluster_view(primary(), silent("db2"))])
def test_the_answer_is_plain_data(view: ClusterView) -> None:
    data = ready.answer(ASKED, found(view)).data
    assert json.loads(json.dumps(data)) == data
