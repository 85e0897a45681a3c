"""Delayed, cascading and far standbys: no candidates unless named, and each follows whom it should afterwards."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actions import promote, status
from core.outcome import Refusal
from fleet.inventory import Cluster
from fleet.postgres import upstream
from fleet.postgres.candidate import Choice, choose
from fleet.postgres.observe import observe
from fleet.postgres.patience import talk
from fleet.postgres.view import NodeView
from fleet.reach import Reach
from sandbox.cluster import DemoCluster, build
from tests.fixtures.freezing import on
from tests.fixtures.postgres import ENDS, require_bin
from tests.fixtures.site import site_for, until
from tests.fixtures.views import HERE, cluster_view, dead, inventory, primary, sender, standby
from tests.fixtures.walk import planned, walk

MIRROR = replace(inventory(), nodes={**inventory().nodes, "db2": replace(inventory().node("db2"), mirror=True)})
FOUR = inventory("db1", "db2", "db3", "db4")
LATE = standby("db2", apply_delay=3600.0, replay_lsn=HERE - 20 * 1024**2)
UP = standby("db2", replication=(sender("db3"),))


def chosen(*nodes: NodeView, wanted: str | None = None, cluster: Cluster | None = None) -> Choice:
    choice = choose(cluster_view(*nodes), cluster or inventory(), wanted)
    assert isinstance(choice, Choice), choice
    return choice


def code(*nodes: NodeView, wanted: str | None = None, cluster: Cluster | None = None) -> str:
    refused = choose(cluster_view(*nodes), cluster or inventory(), wanted)
    assert isinstance(refused, Refusal), refused
    return refused.code


@pytest.mark.parametrize("old", [primary(), dead("db1")], ids=["switchover", "failover"])
def test_a_mirror_and_a_delayed_one_are_candidates_only_by_name(old: NodeView) -> None:
    for two, cluster, why in (
        (standby("db2"), MIRROR, "db2 is a mirror."),
        (LATE, None, "db2 applies WAL 3600 s late."),
    ):
        choice = chosen(old, two, standby("db3"), cluster=cluster)
        assert (choice.new, choice.others) == ("db3", ("db2",))
        assert why in choice.notes
        assert chosen(old, two, standby("db3"), wanted="db2", cluster=cluster).new == "db2"
    assert code(old, LATE) == "PROMOTE-DELAYED"
    assert code(old, standby("db2"), cluster=MIRROR) == "PROMOTE-MIRROR"


def test_what_promoting_a_delayed_one_costs_is_said_loudly() -> None:
    choice = chosen(primary(), LATE, standby("db3"), wanted="db2")
    assert "db2 IS KEPT 3600 s BEHIND ON PURPOSE: promoted it applies the 20 MB that wait" in " ".join(choice.notes)
    view = cluster_view(primary(), LATE, standby("db3"))
    asked = promote.Asked("main", "db2")
    plan = promote.plan(asked, promote.Found(view, inventory(), choice))
    assert "writes stop until db2 has applied all that waits" in plan.costs


def test_a_cascading_one_is_no_candidate_and_stays_where_it_is() -> None:
    for old in (primary(standbys=("db2",)), dead("db1")):
        choice = chosen(old, UP, standby("db3"))
        assert (choice.new, choice.others) == ("db2", ())
        assert "db3 streams from db2 and stays there." in choice.notes
        assert any(note.startswith("db3 streams from db2, not from the primary.") for note in choice.notes)


def test_a_cascading_one_that_is_named_is_promoted_and_who_fed_it_follows_it() -> None:
    for old in (primary(standbys=("db2",)), dead("db1")):
        choice = chosen(old, UP, standby("db3"), wanted="db3")
        assert (choice.new, choice.others) == ("db3", ("db2",))
        assert "db3 streams from db2: the last of the WAL has to come through it." in choice.notes


def test_a_cascading_one_is_not_promoted_when_whoever_feeds_it_streams_from_nobody() -> None:
    up = replace(UP, receiver=None)
    assert code(primary(standbys=("db2",)), up, standby("db3"), wanted="db3") == "PROMOTE-NOT-STREAMING"
    assert code(primary(standbys=()), UP, standby("db3"), wanted="db3") == "PROMOTE-NOT-STREAMING"


def test_one_whose_upstream_can_not_follow_is_aimed_at_the_next_primary() -> None:
    ahead = standby("db2", replay_paused=True, replication=(sender("db3"),), receive_lsn=HERE + 100)
    choice = chosen(dead("db1"), ahead, standby("db3"), standby("db4"), wanted="db4", cluster=FOUR)
    assert choice.others == ("db3",)


def test_who_follows_the_primary_is_not_cascading_though_another_node_has_a_slot_for_it() -> None:
    choice = chosen(primary(), UP, standby("db3"), wanted="db3")
    assert choice.others == ("db2",)


@pytest.fixture(params=ENDS, ids="PostgreSQL {}".format)
def four(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DemoCluster]:
    """db1 feeds db2 and db4; db4 feeds db3."""
    made = build(tmp_path, nodes=("db1", "db2", "db3", "db4"), bin_dir=require_bin(request.param))
    yield made
    made.remove()


def feeds(site: Reach, up: str, down: str) -> bool:
    view = observe(site)
    return any(row.application_name == down and row.state == "streaming" for row in view.nodes[up].replication)


def cascading(four: DemoCluster) -> Reach:
    """Have db3 stream from db4."""
    site = site_for(four)
    db3, db4 = site.cluster.node("db3"), site.cluster.node("db4")
    with talk(site, db4) as connection:
        upstream.ensure_slot(connection, "db3")
    with talk(site, db3) as connection:
        known = upstream.current_conninfo(connection)
        upstream.aim(connection, upstream.conninfo(known, db4, "db3"), "db3")
        connection.execute("SELECT pg_reload_conf()")
    until(lambda: feeds(site, "db4", "db3") and not feeds(site, "db1", "db3"))
    on(four, "db1", "SELECT pg_drop_replication_slot('db3')")
    return site


@pytest.mark.postgres
@pytest.mark.parametrize("killed", [False, True], ids=["switchover", "failover"])
def test_a_cascading_standby_is_promoted_by_name_and_feeds_who_fed_it(four: DemoCluster, killed: bool) -> None:  # noqa: FBT001
    site = cascading(four)
    on(four, "db1", "INSERT INTO reading VALUES (999997, now(), 'x', 1)")
    if killed:
        until(lambda: len({observe(site).nodes[name].replay_lsn for name in ("db2", "db3", "db4")}) == 1)
        four.kill("db1")
    plan = planned(promote.ACTION, promote.Asked("main", "db3"), site)
    assert any("has to come through it" in note for note in plan.notes)
    walked = walk(promote.ACTION, plan, site)
    assert walked.failed is None, walked.failed
    fed = ("db2", "db4") if killed else ("db1", "db2", "db4")
    until(lambda: all(feeds(site, "db3", name) for name in fed))
    with four.connect("db3") as connection:
        assert connection.execute("SELECT count(*) FROM reading WHERE id = 999997").fetchone() == (1,)
    assert observe(site).nodes["db4"].slots == ()
    site.close()


@pytest.mark.postgres
def test_a_cascading_standby_stays_where_it_is_and_a_delayed_one_can_be_promoted_by_name(four: DemoCluster) -> None:
    site = cascading(four)
    plan = planned(promote.ACTION, promote.Asked("main"), site)
    assert (plan.target, [step.args["node"] for step in plan.steps if step.name == "follow"]) == ("db2", ["db4"])
    assert walk(promote.ACTION, plan, site).failed is None
    on(four, "db2", "INSERT INTO reading VALUES (999999, now(), 'x', 1)")
    until(lambda: {node.timeline for node in observe(site).nodes.values()} == {2} and feeds(site, "db4", "db3"))

    on(four, "db4", "ALTER SYSTEM SET recovery_min_apply_delay = '1h'", "SELECT pg_reload_conf()")
    until(lambda: observe(site).nodes["db4"].apply_delay > 0)
    on(four, "db2", "INSERT INTO reading VALUES (999998, now(), 'x', 1)")
    assert planned(promote.ACTION, promote.Asked("main"), site).target == "db1"
    plan = planned(promote.ACTION, promote.Asked("main", "db4"), site)
    assert any("BEHIND ON PURPOSE" in note for note in plan.notes)
    walked = walk(promote.ACTION, plan, site)
    assert walked.failed is None, walked.failed
    with four.connect("db4") as connection:
        assert connection.execute("SELECT count(*) FROM reading WHERE id >= 999998").fetchone() == (2,)
    until(lambda: all(feeds(site, "db4", name) for name in ("db1", "db2", "db3")))
    until(lambda: status.answer(status.Asked("main"), observe(site)).level == "ok")
    site.close()
