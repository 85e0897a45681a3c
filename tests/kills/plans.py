"""The plans of all our actions, as their own tests make them, and one with steps that nobody can look up."""

from dataclasses import replace

from actions import backup, discard, forward, pause, promote, resume
from core.plan import Kind, Plan, Risk
from fleet.postgres.ladder import Rung
from tests.actions import test_backup, test_discard, test_forward, test_pause, test_promote, test_resume, test_resync
from tests.actions.test_resync import CHEAP, FORKED, HEALTHY, OLD, STANDING
from tests.fixtures.house import a_plan, step


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
