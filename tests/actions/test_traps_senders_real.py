"""Whoever hangs on the primary holds up its stop: all of them are looked at before anything is done (finding 1.5)."""

from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from actions import promote, ready, status
from fleet.postgres import view as seen
from fleet.postgres.observe import observe
from fleet.postgres.view import Sender
from fleet.reach import Reach
from sandbox.cluster import DemoCluster
from tests.fixtures.clients import hanging_on
from tests.fixtures.freezing import frozen, on, receiver_of
from tests.fixtures.postgres import each_shared_cluster as shared_cluster
from tests.fixtures.site import streaming, until
from tests.fixtures.walk import planned, refusal

__all__ = ["shared_cluster"]

pytestmark = pytest.mark.postgres

TO_DB2 = promote.Asked("main", "db2")


@pytest.fixture
def site(shared_cluster: DemoCluster) -> Iterator[Reach]:
    yield from streaming(shared_cluster)


def write(cluster: DemoCluster) -> None:
    on(cluster, "db1", "INSERT INTO reading SELECT max(id) + 1, now(), 'x', 1 FROM reading")


def senders(site: Reach, name: str) -> list[Sender]:
    return [row for row in observe(site).nodes["db1"].replication if name in {row.application_name, row.slot}]


def sender_of(cluster: DemoCluster, slot: str) -> psutil.Process:
    with cluster.connect("db1") as connection:
        query = "SELECT active_pid FROM pg_replication_slots WHERE slot_name = %s"
        row = connection.execute(query, (slot,)).fetchone()
    assert row is not None
    return psutil.Process(row[0])


def refused_because_of(cluster: DemoCluster, site: Reach, who: str) -> None:
    """Wait until it shows, then see that promote, ready and status all name it, and that nothing was changed."""

    def shows() -> bool:
        write(cluster)
        return any(row.stuck for row in senders(site, who))

    until(shows)
    looked = promote.look(TO_DB2, site)
    refused = promote.refuse(TO_DB2, looked)
    assert refused is not None
    assert refused.code == "PROMOTE-STUCK-WALSENDER"
    assert who in refused.message
    assert ready.answer(TO_DB2, looked).data["could"] is False
    write(cluster)  # the others answer at once
    found = status.answer(status.Asked("main"), observe(site)).data["findings"]
    assert isinstance(found, list)
    assert [item["sentence"] for item in found if item["code"] == "STUCK-WALSENDER"] == [
        f"{who} has stopped answering db1."
    ]
    view = observe(site)
    assert [node.name for node in view.primaries] == ["db1"]
    assert view.nodes["db2"].slots == ()


@pytest.mark.parametrize("what", ["its receiver", "its sender"])
def test_a_frozen_candidate_is_refused_before_anything_is_done(
    shared_cluster: DemoCluster, site: Reach, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "SILENT_WITH_WAL", 1.0)  # seconds
    monkeypatch.setattr(seen, "SILENT", 2.0)  # of a sender that hangs itself nothing else is to be seen
    found = {"its receiver": receiver_of, "its sender": sender_of}[what](shared_cluster, "db2")
    with frozen(found):
        refused_because_of(shared_cluster, site, "db2")
    until(lambda: promote.refuse(TO_DB2, promote.look(TO_DB2, site)) is None)


def test_a_frozen_pg_receivewal_counts_and_one_that_is_well_does_not(
    shared_cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "SILENT_WITH_WAL", 0.5)  # seconds
    monkeypatch.setattr(seen, "SILENT", 2.5)
    with hanging_on(shared_cluster, "db1", "pg_receivewal", "--status-interval=2") as process:

        def owes() -> bool:
            """It says what it wrote only now and then: that is no reason to take it for frozen."""
            write(shared_cluster)
            rows = senders(site, "pg_receivewal")
            return bool(rows) and rows[0].state == "streaming" and (rows[0].reply_age or 0) > 0.6

        until(owes)
        assert planned(promote.ACTION, TO_DB2, site).target == "db2"
        with frozen(process):
            refused_because_of(shared_cluster, site, "pg_receivewal")
    until(lambda: not senders(site, "pg_receivewal"))


def test_a_base_backup_is_not_cut_off(shared_cluster: DemoCluster, site: Reach) -> None:
    with ExitStack() as during:
        during.enter_context(hanging_on(shared_cluster, "db1", "pg_basebackup", "-c", "fast", "--max-rate=32k"))
        until(lambda: any(row.state == "backup" for row in senders(site, "pg_basebackup")))
        refused = refusal(promote.ACTION, TO_DB2, site)
    assert refused.code == "PROMOTE-BACKUP-RUNNING"
    until(lambda: promote.refuse(TO_DB2, promote.look(TO_DB2, site)) is None)
