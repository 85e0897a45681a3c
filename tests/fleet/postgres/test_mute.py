"""A standby that takes no queries: judged from outside, no candidate, in nobody's way, aimed at the next primary."""

from collections.abc import Iterator

import pytest

from actions import promote, resync, status
from bot.cards import assemble
from bot.texts import Texts
from fleet.postgres.candidate import Choice, choose
from fleet.postgres.observe import observe
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site_for, until
from tests.fixtures.views import STREAMS, cluster_view, dead, inventory, mute, primary, standby
from tests.fixtures.walk import planned, refusal, walk

__all__ = ["cluster"]


def chosen(*nodes: object, wanted: str | None = None) -> object:
    view = cluster_view(*nodes)  # type: ignore[arg-type]
    return choose(view, inventory(*view.nodes), wanted)


def test_it_is_no_candidate_but_follows_whoever_is_promoted() -> None:
    for old in (primary(), dead("db1")):
        choice = chosen(old, standby("db2"), mute("db3"))
        assert isinstance(choice, Choice)
        assert (choice.new, choice.others) == ("db2", ("db3",))
        assert "db3 takes no queries: nothing about it could be proven." in choice.notes
        assert any("through its postgresql.auto.conf and a reload" in note for note in choice.notes)
        refused = chosen(old, standby("db2"), mute("db3"), wanted="db3")
        assert getattr(refused, "code", "") == "PROMOTE-MUTE"


def test_whom_nobody_knows_how_to_aim_is_left_to_a_person_and_that_is_said() -> None:
    for receiver in (None, STREAMS.__class__("streaming", "", None, "", None, None)):
        choice = chosen(primary(), standby("db2"), mute("db3", receiver=receiver))
        assert isinstance(choice, Choice)
        assert choice.others == ()
        assert any("aim it at db2 by hand" in note for note in choice.notes)


@pytest.fixture
def site(cluster: DemoCluster) -> Iterator[Reach]:
    on(cluster, "db3", "ALTER SYSTEM SET hot_standby = off")
    cluster.stop("db3")
    cluster.start("db3")
    reach = site_for(cluster)
    until(lambda: (row := observe(reach).sender("db3")) is not None and row.state == "streaming")
    yield reach
    reach.close()


@pytest.mark.postgres
def test_it_is_seen_as_a_standby_and_follows_a_switchover_without_a_single_query(
    cluster: DemoCluster, site: Reach
) -> None:
    on(cluster, "db1", "INSERT INTO reading VALUES (999999, now(), 'x', 1)")
    until(lambda: observe(site).nodes["db3"].has_lsn is not None)
    until(lambda: observe(site).lag("db3") == 0)
    view = observe(site)
    db3 = view.nodes["db3"]
    assert (db3.state, db3.reachable, db3.timeline, db3.streaming) == ("standby", False, 1, True)
    answered = status.answer(status.Asked("main"), view)
    assert answered.level == "ok", answered.data["findings"]
    card = assemble(Texts().parts("status.j2", answered.data), "answer")
    assert "*db3* standby · takes no queries · timeline 1 · lag 0 B" in str(card.blocks)
    assert refusal(promote.ACTION, promote.Asked("main", "db3"), site).code == "PROMOTE-MUTE"
    assert refusal(resync.ACTION, resync.asked("main", "db3"), site).code == "RESYNC-MUTE"

    walked = walk(promote.ACTION, planned(promote.ACTION, promote.Asked("main"), site), site)
    assert walked.failed is None, walked.failed
    assert "db3, which takes no queries, is fed timeline 2 by db2" in walked.evidence["follow"].text
    on(cluster, "db2", "INSERT INTO reading VALUES (999998, now(), 'x', 1)")
    until(lambda: observe(site).nodes["db3"].timeline == 2)
    until(lambda: status.answer(status.Asked("main"), observe(site)).level == "ok")
    view = observe(site)
    assert {slot.name for slot in view.nodes["db1"].slots} == set()
    assert {slot.name for slot in view.nodes["db2"].slots if slot.active} == {"db1", "db3"}
    cluster.stop("db3")
    assert observe(site).nodes["db3"].state == "down"
