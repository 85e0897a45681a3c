"""The plans of all our actions, as their own tests make them, and one with steps that nobody can look up."""

from dataclasses import replace

from actions import backup, discard, forward, pause, promote, resume, resync
from core.plan import Kind, Plan, Risk
from fleet.postgres.controldata import Control
from fleet.postgres.ladder import Rung
from fleet.postgres.view import ClusterView, NodeView, Slot
from tests.actions import (
    test_backup,
    test_discard,
    test_forward,
    test_pause,
    test_promote,
    test_promote_hooks,
    test_resume,
    test_resync,
)
from tests.actions.test_resync import CHEAP, FORKED, HEALTHY, OLD, STANDING
from tests.fixtures.house import a_plan, step
from tests.fixtures.views import HERE, cluster_view, dead, silent, standby


def _promotion(old: NodeView) -> Plan:
    deaf = (standby("db2", receiver=None), standby("db3", receiver=None))
    loss = test_promote.LITTLE if old.control else None
    return promote.plan(test_promote.ASKED, test_promote.found(cluster_view(old, *deaf), loss))


def _handed_over() -> Plan:
    deaf = (standby("db2", receiver=None), standby("db3", receiver=None))
    return promote.plan(test_promote.ASKED, test_promote.handed(cluster_view(dead("db1"), *deaf), test_promote.LITTLE))


HANGS = replace(silent("db1"), control=Control("76", "in production", 1, HERE, HERE))


def _strays() -> Plan:
    seen = replace(HEALTHY, standing=CHEAP[Rung.REPAIR], strays={"/archive": ("00000009.history",)}, known=(1, 2))
    slot = Slot("db3", "physical", active=False, wal_status="reserved", retained=0)
    nodes = {**test_resync.VIEW.nodes, "db1": replace(test_resync.VIEW.nodes["db3"], name="db1", slots=(slot,))}
    case = replace(
        test_resync.found(replace(seen, followed="db1"), STANDING),
        hooks=test_promote_hooks.AFTER,
        view=ClusterView("main", nodes),
    )
    return resync.plan(STANDING, case)


def _resync(rung: Rung, *, wrote: bool = False) -> Plan:
    seen = replace(HEALTHY, standing=CHEAP[rung], end=replace(HEALTHY.end, wrote=wrote), archive="/archive")
    return test_resync.planned(seen, STANDING)


OPAQUE = replace(
    a_plan(
        Risk.DESTRUCTIVE,
        (step("first", Kind.PROBE, undo=True), step("second", Kind.OPAQUE), step("third", Kind.OPAQUE, ponr=True)),
    ),
    version=promote.SPEC.version,
)
PLANS = {
    "backup": backup.plan(test_backup.ASKED, test_backup.FOUND),
    "switchover": test_promote.switch(),
    "failover": test_promote.failover(test_promote.LITTLE),
    "failover from one that hangs": _promotion(HANGS),
    "failover from one that nobody reaches": _promotion(silent("db1")),
    "switchover with hooks": test_promote_hooks.planned(*test_promote_hooks.HOOKS[:2]),
    "switchover by Patroni": promote.plan(test_promote.ASKED, test_promote.handed(cluster_view())),
    "failover by Patroni": _handed_over(),
    "repair with strays and hooks": _strays(),
    "pause": pause.plan(test_pause.ASKED, test_pause.FOUND),
    "resume": resume.plan(test_resume.ASKED, test_resume.FOUND),
    "forward": forward.plan(test_forward.ASKED, test_forward.FOUND),
    "resume at a target": resume.plan(test_resume.ASKED, test_resume.AT_TARGET),
    "repair": _resync(Rung.REPAIR),
    "feed": _resync(Rung.FEED, wrote=True),
    "rewind": test_resync.planned(FORKED, OLD),
    "discard": discard.plan(test_discard.ASKED, test_discard.FOUND),
    "copy": test_resync.planned(HEALTHY, replace(STANDING, rebuild=True)),
    "opaque": OPAQUE,
}
