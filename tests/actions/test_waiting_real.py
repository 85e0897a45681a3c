"""What waiting costs, read from real servers."""

import re

import pytest

from actions import promote
from core.plan import Plan
from fleet.postgres import rows
from fleet.postgres.observe import observe
from fleet.site import Site
from sandbox.cluster import DemoCluster
from tests.fixtures.postgres import cluster
from tests.fixtures.site import until
from tests.fixtures.trouble import change, planned, site, write
from tests.fixtures.walk import planned as walked_plan

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]

MIB = 1 << 20


def behind(cluster: DemoCluster, site: Site) -> None:
    """Have db3 away while db1 goes on writing, so that its slot keeps WAL within a limit."""
    change(cluster, "db1", "wal_keep_size", "0")
    change(cluster, "db1", "max_slot_wal_keep_size", "512MB")
    cluster.stop("db3")
    write(cluster, "db1", 20_000)
    until(lambda: (observe(site).lag("db2") or 0) == 0)


def switchover(site: Site) -> Plan:
    return walked_plan(promote.ACTION, promote.Asked("main", "db2"), site)


def test_a_slot_that_retains_wal_is_on_the_cards_of_promote_and_resync(
    cluster: DemoCluster, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind(cluster, site)
    back = planned(site, "db3")
    over = switchover(site)
    for made in (over, back):
        held = re.fullmatch(r"slot db3 on db1 holds ([\d.]+) (MB|kB) of at most 512 MB", made.waiting[0])
        assert held, made.waiting  # and no rate: the servers have run for less than a minute
        assert len(made.waiting) == 2
    assert over.waiting[1].startswith("valid while db2 lags at most 16 MB (now 0 B); ")
    assert back.waiting[1] == "a change of primary, timeline, of db3's state or of its way back ends it"

    monkeypatch.setattr(rows, "SHORTEST", 0.1)  # seconds: a test does not wait for a minute
    later = [switchover(site), planned(site, "db3")]
    grows = (
        r".* of at most 512 MB and grows ≈ [\d.]+ [MG]B/h \(average of \d+ (s|min)\): full in ≈ .*, then its WAL goes"
    )
    assert all(re.fullmatch(grows, made.waiting[0]) for made in later), [made.waiting for made in later]
    assert [made.plan_hash for made in later] == [over.plan_hash, back.plan_hash]


def test_a_slot_without_a_limit_is_limited_by_the_disk(cluster: DemoCluster, site: Site) -> None:
    behind(cluster, site)
    change(cluster, "db1", "max_slot_wal_keep_size", "-1")
    until(lambda: observe(site).nodes["db1"].settings["max_slot_wal_keep_size"] == "-1")
    assert re.fullmatch(r"slot db3 on db1 holds \S+ \w+, limited by the disk alone", planned(site, "db3").waiting[0])


def test_the_fact_to_look_up_is_what_the_servers_say(cluster: DemoCluster, site: Site) -> None:
    with cluster.connect("db2") as connection:
        connection.execute("SELECT pg_promote(true, 30)")
    cluster.kill("db1")
    made = planned(site, "db1", rebuild=True)
    assert made.look is not None
    value = next(fact.value for fact in made.facts if (fact.name, fact.subject) == (made.look.fact, made.look.subject))
    assert value == observe(site).nodes["db2"].timeline == 2
    assert "primary db2" in made.look.question


def test_a_dead_primary_is_said_to_take_no_writes_since_its_last_commit(cluster: DemoCluster, site: Site) -> None:
    write(cluster, "db1")
    cluster.kill("db1")
    made = walked_plan(promote.ACTION, promote.Asked("main"), site)
    said = (
        r"waiting costs writes: nothing accepts them; "
        r"db1 was seen down at [\d:]{8} UTC, its last known commit is of [\d: -]+ UTC"
    )
    assert re.fullmatch(said, made.waiting[0]), made.waiting
    assert made.look is not None
    assert "dead primary db1" in made.look.question
