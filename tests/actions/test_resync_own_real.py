"""What belongs to one node and not to the cluster outlives a full copy; a stray archive does not outlive a resync."""

import pytest

from actions import resume
from actions.resync import ACTION
from fleet.site import Site
from sandbox.cluster import DemoCluster
from sandbox.layout import put
from sandbox.running import wait_for
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.trouble import in_step, planned, refused, site, way, write

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]


def make_own(cluster: DemoCluster) -> dict[str, str]:
    """Give db3 files that only it has, and db1 some that db3 must not get."""
    here, there = cluster.nodes["db3"].data, cluster.nodes["db1"].data
    config = (here / "postgresql.conf").read_text() + "include 'site.settings'\nwork_mem = '7MB'\n"
    hba = (here / "pg_hba.conf").read_text() + "# the primary's entries, off\n"
    own = {"postgresql.conf": config, "pg_hba.conf": hba, "site.settings": "temp_buffers = '9MB'\n"}
    own |= {"pg_hba.conf.primary": hba + "# on\n", "root.crt": "ours\n"}
    for name, text in own.items():
        put(here / name, text)
    for name in ("foreign.conf", "server.key", "root.crt"):
        put(there / name, "theirs\n")
    return own


def test_a_nodes_own_files_come_back_after_a_full_copy_which_was_read_back(cluster: DemoCluster, site: Site) -> None:
    file = cluster.nodes["db3"].data / "postgresql.conf"
    before = file.read_text()
    put(file, before + "max_connections = 50\n")  # it would not start again, and that is said before it is stopped
    said = refused(site, "db3", rebuild=True)
    assert said.code == "RESYNC-SETTINGS"
    assert "max_connections is 50 there, 100 on db1" in said.message
    put(file, before)
    own = make_own(cluster)
    made = planned(site, "db3", rebuild=True, rate="200M")
    assert any("200 MB/s that were asked for" in cost for cost in made.costs)
    carrier = Carrier(ACTION, made, site)
    carrier.all()
    in_step(cluster, "db1", "db3")
    data = cluster.nodes["db3"].data
    assert {name: (data / name).read_text() for name in own} == own
    assert not (data / "foreign.conf").exists()
    assert not (data / "server.key").exists()
    with cluster.connect("db3") as connection:
        shown = [connection.execute(f"SHOW {name}").fetchone() for name in ("work_mem", "temp_buffers", "port")]
    assert shown == [("7MB",), ("9MB",), (str(cluster.nodes["db3"].port),)]
    assert "read every file" in carrier.evidence["verify"].text
    assert any(" of " in note and "MB" in note for _done, _total, note in carrier.progress)


def test_a_stray_history_that_would_end_every_start_is_moved_aside(cluster: DemoCluster, site: Site) -> None:
    cluster.stop("db2")
    put(cluster.archive / "00000002.history", "1\t0/1000028\tno recovery target specified\n")
    write(cluster, "db1")
    made = planned(site, "db2")
    assert made.steps[0].name == "set_aside"
    assert any("1 file of timelines that the primary never was on" in note for note in made.notes)
    carrier = Carrier(ACTION, made, site)
    carrier.all()
    in_step(cluster, "db1", "db2")
    aside = cluster.archive / "stray.run-0test"
    assert [file.name for file in aside.iterdir()] == ["00000002.history"]
    carrier.back(1)
    assert (cluster.archive / "00000002.history").exists()
    assert not aside.exists()


def test_a_mirror_follows_a_standby_and_is_brought_back_when_that_one_dies(cluster: DemoCluster, site: Site) -> None:
    made = planned(site, "db3", follow="db2")
    assert way(made) == "repair"
    assert [step.name for step in made.steps] == ["slot", "aim", "prove", "unslot"]
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db3")
    assert refused(site, "db3").code == "RESYNC-NOT-NEEDED"
    with cluster.connect("db2") as connection:
        assert connection.execute("SELECT active FROM pg_replication_slots WHERE slot_name = 'db3'").fetchone() == (
            True,
        )
    with cluster.connect("db1") as connection:
        slots = connection.execute("SELECT slot_name FROM pg_replication_slots ORDER BY 1").fetchall()
    assert slots == [("db2",)]  # its own there would pin WAL for ever
    with cluster.connect("db3") as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
    again = resume.Asked("main", "db3")
    made = resume.plan(again, resume.look(again, site))
    assert "from db2" in Carrier(resume.ACTION, made, site, "run-0pause").all()["prove"].text
    cluster.stop("db2")
    with cluster.connect("db3") as connection:
        wait_for(lambda: connection.execute("SELECT 1 FROM pg_stat_wal_receiver").fetchone() is None, 10, "its end")
    write(cluster, "db1")
    made = planned(site, "db3")
    assert way(made) == "repair"
    Carrier(ACTION, made, site).all()
    in_step(cluster, "db1", "db3")
