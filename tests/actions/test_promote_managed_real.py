from pathlib import Path

import pytest

from actions import promote, ready, resync, status
from core.errors import StepFailed
from core.outcome import Probe
from fleet.inventory import Managed
from fleet.postgres import handover
from fleet.postgres.observe import observe
from sandbox.writer import lost
from tests.fixtures.freezing import on
from tests.fixtures.peers import Guest, with_patroni, with_repmgr
from tests.fixtures.walk import do, planned, probe, refusal, walk
from tests.fixtures.writing import writing

__all__ = ["with_patroni", "with_repmgr"]

pytestmark = pytest.mark.postgres

NOBODY = Managed()


@pytest.fixture(params=["with_patroni", "with_repmgr"])
def guest(request: pytest.FixtureRequest) -> Guest:
    found: Guest = request.getfixturevalue(request.param)
    return found


def test_who_manages_a_cluster_is_seen_and_a_switchover_by_hand_refused(guest: Guest) -> None:
    old, new = guest.other()
    site = guest.site(NOBODY)
    view = observe(site)
    assert view.manager is not None
    assert view.manager.kind == guest.told.kind
    handover.answers(guest.site())
    refused = refusal(promote.ACTION, promote.Asked("main", new), site)
    assert refused.code == "PROMOTE-MANAGED"
    assert "switchover" in refused.hint
    again = refusal(resync.ACTION, resync.Asked("main", new, rebuild=True), site)
    assert again.code == "RESYNC-MANAGED"
    said = status.answer(status.Asked("main"), view)
    assert any("MANAGED" in str(finding) for finding in said.data["findings"])  # type: ignore[attr-defined]
    assert guest.peer.leader() == old


def test_a_switchover_is_handed_over_and_its_end_proven(guest: Guest, tmp_path: Path) -> None:
    old, new = guest.other()
    site = guest.site()
    asked = promote.Asked("main", new)
    found = promote.look(asked, site)
    assert ready.answer(asked, found).level == "ok"
    with writing(guest.peer.cluster, tmp_path):
        plan = planned(promote.ACTION, asked, site)
        assert plan.plan_hash == promote.plan(asked, found).plan_hash
        assert [step.name for step in plan.steps] == ["rehearse", "hand_over", "prove", "streams", "streams"]
        assert probe(promote.ACTION, plan.steps[1], site) is Probe.NOT_DONE
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None, walked.failed
    assert guest.peer.leader() == new
    assert probe(promote.ACTION, plan.steps[1], site) is Probe.DONE
    view = observe(site)
    assert {node.name for node in view.standbys if node.streaming} == set(view.nodes) - {new}
    assert lost(guest.peer.cluster.nodes[new].dsn(), tmp_path / "writer.log") == 0
    assert old != new


def test_a_manager_that_says_no_ends_the_run_before_anything_is_done(with_patroni: Guest) -> None:
    old, new = with_patroni.other()
    site = with_patroni.site()
    plan = planned(promote.ACTION, promote.Asked("main", new), site)
    peer = with_patroni.peer
    peer.programs.call([with_patroni.told.program, "-c", with_patroni.told.config, "pause", "--wait"])
    try:
        assert refusal(promote.ACTION, promote.Asked("main", new), site).code == "PROMOTE-MAINTENANCE"
        with pytest.raises(StepFailed) as failed:
            do(promote.ACTION, "rehearse", plan.steps[0].args, site)
        assert failed.value.code == "PROMOTE-MAINTENANCE"
    finally:
        peer.programs.call([with_patroni.told.program, "-c", with_patroni.told.config, "resume", "--wait"])
    assert peer.leader() == old


def test_repmgr_says_in_the_rehearsal_what_is_in_its_way(with_repmgr: Guest) -> None:
    old, _new = with_repmgr.other()
    with pytest.raises(StepFailed) as failed:
        do(promote.ACTION, "rehearse", {"node": old, "old": old, "planned": True}, with_repmgr.site())
    assert failed.value.code == "REPMGR-REHEARSAL"
    assert "switchover must be executed from the standby" in failed.value.message


def crash(guest: Guest, node: str) -> None:
    """Kill a server in a file of WAL that was written to: an empty one is what pg_waldump can't begin with."""
    on(guest.peer.cluster, node, "SELECT pg_switch_wal()", "CREATE TABLE IF NOT EXISTS crashed (at timestamptz)")
    guest.peer.cluster.stop(node, "immediate")


def test_with_a_dead_primary_the_loss_is_measured_and_repmgr_promotes(with_repmgr: Guest) -> None:
    old, _new = with_repmgr.other()
    peer, site = with_repmgr.peer, with_repmgr.site()
    crash(with_repmgr, old)
    try:
        plan = planned(promote.ACTION, promote.Asked("main"), site)
        assert [step.name for step in plan.steps][:4] == ["confirm", "weigh", "rehearse", "hand_over"]
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None, walked.failed
        assert peer.leader() == plan.target
        assert observe(site).nodes[old].state == "down"
    finally:
        config = with_repmgr.told.config
        leads = Path(config.replace("{node}", str(peer.leader()))).read_text()
        conninfo = next(line for line in leads.splitlines() if line.startswith("conninfo="))[10:-1]
        words = ["-f", config.replace("{node}", old), "node", "rejoin", "-d", conninfo, "--force-rewind"]
        peer.programs.call([with_repmgr.told.program, *words])
    peer.settle()


def test_in_maintenance_patroni_fails_over_when_it_is_asked(with_patroni: Guest) -> None:
    old, _new = with_patroni.other()
    peer, site, told = with_patroni.peer, with_patroni.site(), with_patroni.told
    peer.programs.call([told.program, "-c", told.config, "pause", "--wait"])
    try:
        crash(with_patroni, old)
        plan = planned(promote.ACTION, promote.Asked("main"), site)
        walked = walk(promote.ACTION, plan, site)
        assert walked.failed is None, walked.failed
        assert peer.leader() == plan.target
    finally:
        peer.programs.call([told.program, "-c", told.config, "resume", "--wait"])
    peer.settle()
