"""A WAL file is filled before a stop ends it, and only where a stop does."""

from pathlib import Path

import psycopg
import pytest

from fleet.postgres import brim, lsn
from fleet.postgres.patience import one, talk
from fleet.reach import Reach
from sandbox.cluster import DemoCluster, build
from sandbox.layout import SUPERUSER
from tests.fixtures.postgres import each_shared_cluster, require_bin
from tests.fixtures.site import site_for, until

__all__ = ["each_shared_cluster"]

_USED = "SELECT mod(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), %s)::bigint AS used"
_AHEAD = "SELECT count(*) AS n FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name > %s"


@pytest.mark.postgres
def test_a_file_is_filled_to_where_the_next_one_is_made_ahead(each_shared_cluster: DemoCluster) -> None:
    site = site_for(each_shared_cluster)
    with talk(site, site.cluster.node("db1"), seconds=60) as connection:
        connection.execute("SELECT pg_switch_wal()")
        assert 0 < brim.fill(connection) <= lsn.SEGMENT
        assert one(connection, _USED, (lsn.SEGMENT,))["used"] >= lsn.SEGMENT * 3 / 4
        connection.execute("CHECKPOINT")
        name = one(connection, "SELECT pg_walfile_name(pg_current_wal_lsn()) AS name")["name"]
        assert one(connection, _AHEAD, (name,))["n"] >= 1
        assert brim.fill(connection) == 0
    site.close()


@pytest.mark.postgres
def test_without_archiving_nothing_is_written(tmp_path: Path) -> None:
    cluster = build(tmp_path, nodes=("db1",), bin_dir=require_bin(), archive=False)
    site = Reach(site_for(cluster).cluster, Path("/nonexistent"))
    try:
        with talk(site, site.cluster.node("db1")) as connection:
            assert brim.fill(connection) == 0
    finally:
        site.close()
        cluster.remove()


@pytest.mark.postgres
def test_so_many_connections_are_kept_ahead_as_were_asked_for_last(each_shared_cluster: DemoCluster) -> None:
    site = site_for(each_shared_cluster)
    node = site.cluster.node("db3")
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'seconder'"
    with each_shared_cluster.connect("db3", SUPERUSER) as other:

        def kept(count: int) -> set[object]:
            site.ahead(node, count)
            until(lambda: len(other.execute(query).fetchall()) == count)
            return {row[0] for row in other.execute(query)}

        assert kept(1) < kept(3)
        assert kept(3) == kept(3)
        assert kept(0) == set()
    site.close()


@pytest.mark.postgres
def test_a_connection_that_was_opened_ahead_is_taken_once_and_only_while_it_lives(
    each_shared_cluster: DemoCluster,
) -> None:
    site = site_for(each_shared_cluster)
    node = site.cluster.node("db2")
    site.ahead(node, 2)
    with each_shared_cluster.connect("db2", SUPERUSER) as other:
        pids = [row[0] for row in other.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'seconder'")]
        assert len(pids) == 2
        with site.connect(node) as first:
            assert first.info.backend_pid in pids
            (left,) = set(pids) - {first.info.backend_pid}
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (left,))
    with site.connect(node) as fresh:
        assert fresh.info.backend_pid not in pids
        assert fresh.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    site.close()
