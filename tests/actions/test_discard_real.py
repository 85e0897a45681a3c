"""Folders that a resync left beside a real server: seen by status, deleted only while the node does without them."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from actions import discard, status
from core.errors import StepFailed
from core.outcome import Refusal
from core.plan import Plan
from fleet.postgres import discarding
from fleet.postgres.divergence import Verdict
from fleet.site import Site
from sandbox.cluster import DemoCluster
from sandbox.layout import put
from sandbox.running import wait_for
from tests.fixtures.carry import Carrier
from tests.fixtures.postgres import each_cluster as cluster
from tests.fixtures.trouble import fail_over, in_step, site

pytestmark = pytest.mark.postgres
__all__ = ["cluster", "site"]


def left_over(cluster: DemoCluster, name: str, run: str) -> Path:
    """Leave a stopped node's folder as a resync would."""
    data = cluster.nodes[name].data
    old = data.with_name(f"data.old.{run}")
    subprocess.run(["cp", "-a", data, old], check=True)
    return old


def asking(site: Site, *words: str) -> Plan | Refusal:
    asked = discard.Asked("main", *words)
    found = discard.look(asked, site)
    return discard.refuse(asked, found) or discard.plan(asked, found)


def told(site: Site) -> dict[str, tuple[str, str]]:
    asked = status.Asked("main")
    findings = status.answer(asked, status.look(asked, site)).data["findings"]
    assert isinstance(findings, list)
    return {finding["code"]: (finding["sentence"], finding["hint"]) for finding in findings}


def test_an_old_folder_is_shown_kept_while_needed_and_deleted_once(cluster: DemoCluster, site: Site) -> None:
    cluster.stop("db3")
    old = left_over(cluster, "db3", "run-0copy")
    refused = asking(site, "db3")
    assert isinstance(refused, Refusal)
    assert refused.code == "DISCARD-NODE-UNWELL"
    cluster.start("db3")
    cluster.wait_streaming("db1", 2)
    put(cluster.archive / "00000007.history", "6\t0/1000028\tnone\n")
    seen = told(site)
    assert seen["KEPT-FOLDER"] == (
        "db3 keeps 1 folder of earlier resyncs: data.old.run-0copy.",
        "/db discard main db3",
    )
    assert "(00000007.history): a standby that reads it will not start again." in seen["STRAY-HISTORY"][0]
    wait_for(lambda: isinstance(asking(site, "db3"), Plan), 10, "db3 to keep up")
    made = asking(site, "db3", "run-0copy")
    assert isinstance(made, Plan)
    assert "it holds no WAL that the primary lacks" in made.notes
    carrier = Carrier(discard.ACTION, made, site)
    carrier.killed_in(1, "actions.discard", after=0.05)
    carrier.take_up(1)
    assert not old.exists()
    in_step(cluster, "db1", "db3")
    refused = asking(site, "db3")
    assert isinstance(refused, Refusal)
    assert refused.code == "DISCARD-NOTHING"
    args = {**made.steps[0].args, "folder": str(cluster.nodes["db3"].data)}
    wrong = replace(made, steps=(replace(made.steps[0], args=args),))
    with pytest.raises(StepFailed) as failed:  # whatever a plan says, the effect looks again
        Carrier(discard.ACTION, wrong, site, "run-0wrong").do(1)
    assert failed.value.code == "DISCARD-KEPT"


def test_wal_that_only_the_old_folder_has_is_found(cluster: DemoCluster, site: Site) -> None:
    fail_over(cluster, lost=300)
    old = left_over(cluster, "db1", "run-0lost")
    system, verdict, alone = discarding.holds(site, site.cluster.node("db1"), str(old), "db2")
    assert system
    assert verdict is Verdict.DIVERGED
    assert alone is not None
    assert 1000 < alone < 16 << 20
