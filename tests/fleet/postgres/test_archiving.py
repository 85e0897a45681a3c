"""Before a promotion it is proven that the candidate could archive; after it that it does, and nothing is missing."""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from actions import promote, ready
from core.outcome import Refusal
from core.plan import Kind, Step
from fleet.inventory import Cluster, Machine, Node
from fleet.postgres import archived
from fleet.postgres.archiving import PROBE, places, unlike
from fleet.postgres.view import Archiver
from fleet.reach import Reach
from fleet.shell import Shell
from fleet.site import MARK, Read
from sandbox.cluster import DemoCluster
from tests.fixtures.freezing import on
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.site import site, until
from tests.fixtures.views import inventory, primary, standby
from tests.fixtures.walk import do, planned, refusal, walk

__all__ = ["cluster", "site"]

TO_DB2 = promote.Asked("main", "db2")
GOOD = Archiver("on", "", None, "", None, failing=False, ready=0)


@pytest.mark.parametrize(
    ("mine", "code"),
    [
        (GOOD, None),
        (None, None),
        (replace(GOOD, mode="off"), "PROMOTE-NO-ARCHIVE"),
        (replace(GOOD, command=False), "PROMOTE-NO-ARCHIVE"),
        (replace(GOOD, mode="always", failing=True), "PROMOTE-ARCHIVER-FAILING"),
        (replace(GOOD, failing=True), None),  # from when it was the primary
    ],
)
def test_who_would_archive_less_than_the_primary_is_no_candidate(mine: Archiver | None, code: str | None) -> None:
    refused = unlike(primary(), standby("db2", archiver=mine))
    assert (refused.code if refused else None) == code
    assert unlike(primary(archiver=replace(GOOD, mode="off")), standby("db2", archiver=mine)) is None


def test_a_folder_that_two_nodes_share_is_one_destination() -> None:
    elsewhere = inventory(archive=("db2:/archive", "db3:/archive/", "db9:/archive"))
    far = replace(elsewhere, nodes={**elsewhere.nodes, "db3": replace(elsewhere.node("db3"), host="db3.example.org")})
    assert list(map(str, places(replace(elsewhere, archive=("db2:/archive", "db3:/archive"))))) == ["db2:/archive"]
    assert list(map(str, places(far))) == ["db2:/archive", "db3:/archive"]


@dataclass(frozen=True)
class Apart:
    """The same cluster, as if the archive were on another machine than db1."""

    reach: Reach

    @property
    def cluster(self) -> Cluster:
        nodes = self.reach.cluster.nodes
        return replace(self.reach.cluster, nodes={**nodes, "db1": replace(nodes["db1"], host="db1.example.org")})

    def shell(self, node: Machine) -> Shell:
        return self.reach.shell(self.reach.cluster.node(node.name))

    def connect(self, node: Node, *, timeout: float = 3.0, name: str = MARK) -> psycopg.Connection[dict[str, object]]:
        return self.reach.connect(self.reach.cluster.node(node.name), timeout=timeout, name=name)

    def kept(self, key: Hashable, read: Callable[[], Read], seconds: float = math.inf) -> Read:
        return self.reach.kept(key, read, seconds)

    def ahead(self, node: Node, count: int) -> None:
        self.reach.ahead(self.reach.cluster.node(node.name), count)


def could_not(site: Reach) -> Refusal:
    """What a promotion is refused with; "could it be promoted" says the same."""
    refused = refusal(promote.ACTION, TO_DB2, site)
    said = ready.answer(TO_DB2, promote.look(TO_DB2, site)).data["why"]
    assert said == vars(refused)
    return refused


def waits(cluster: DemoCluster, name: str) -> list[str]:
    with cluster.connect(name) as connection:
        found = connection.execute("SELECT name FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'").fetchall()
    return [str(row[0]).removesuffix(".ready") for row in found]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.postgres
def test_the_candidate_writes_to_the_archive_before_and_what_the_old_one_left_is_brought_after(
    cluster: DemoCluster, site: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.archive.chmod(0o500)
    assert could_not(site).code == "PROMOTE-ARCHIVE"
    cluster.archive.chmod(0o700)
    on(cluster, "db2", "ALTER SYSTEM SET archive_command = ''", "SELECT pg_reload_conf()")
    until(lambda: "its WAL would pile up" in could_not(site).message)
    on(cluster, "db2", "ALTER SYSTEM RESET archive_command", "SELECT pg_reload_conf()")

    def archiver_dies(step: Step) -> None:
        if step.name == "stop":
            on(cluster, "db1", "ALTER SYSTEM SET archive_command = 'false'", "SELECT pg_reload_conf()")
            on(cluster, "db1", "INSERT INTO reading VALUES (999999, now(), 'x', 1)", "SELECT pg_switch_wal()")

    until(lambda: promote.refuse(TO_DB2, promote.look(TO_DB2, site)) is None)
    plan = planned(promote.ACTION, TO_DB2, site)
    walked = walk(promote.ACTION, plan, site, before=archiver_dies)
    assert walked.failed is None, walked.failed
    left, said = waits(cluster, "db1"), walked.evidence["archive"].text
    assert left
    assert f"of db2 is archived, lies in db2:{cluster.archive}" in said
    assert f"{len(left)} WAL files that db1 had no time to archive were brought" in said
    assert set(left) <= names(cluster.archive)
    assert not [name for name in names(cluster.archive) if name.startswith((PROBE, ".seconder"))]

    last = cluster.archive / left[-1]
    whole = last.read_bytes()
    last.unlink()
    step = Step("archive", {"node": "db2", "old": "db1"}, "", Kind.IDEMPOTENT, 60)
    assert "1 WAL files that db1 had no time" in archived.archive(Apart(site), node="db2", old="db1").text  # from db2's
    assert last.read_bytes() == whole
    last.write_bytes(b"other")
    monkeypatch.setattr(archived, "ARRIVES", 1.0)
    on(cluster, "db2", "ALTER SYSTEM SET archive_command = 'false'", "SELECT pg_reload_conf()")
    worst = do(promote.ACTION, step.name, step.args, site).text
    assert "THE ARCHIVER OF db2 DOES NOT GET ON" in worst
    assert f"HAS ANOTHER {left[-1]} THAN db1: nothing was overwritten" in worst
    assert last.read_bytes() == b"other"
    on(cluster, "db2", "ALTER SYSTEM SET archive_mode = 'off'")
    cluster.stop("db2")
    cluster.start("db2")
    assert "NO WAL OF db2 IS ARCHIVED: archive_mode is off" in archived.archive(site, node="db2", old="").text
