"""What takes no lock is planned and held beside whatever runs on the cluster."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actions.contract import Action
from approvals.model import Request
from bot.verbs import Held
from bot.wiring import House
from core.grant import Grant
from core.outcome import Refusal
from core.plan import Lock
from runs.model import Run
from tests.fixtures.small import KEEP, actor_of, hold_files, keeping, small_house


def asking(house: House, lock: Lock) -> Request | Refusal:
    """Have ana ask for an action with a lock of some kind."""
    action: Action = replace(keeping(), spec=replace(KEEP, lock=lock))
    road = replace(house.road, catalogue={"keep": action})
    came = road.go(actor_of(house, "ana"), road.read_words("ana", "keep main"), origin="test")
    assert isinstance(came, Request | Refusal)
    return came


def starts(house: House, asked: Request | Refusal) -> Run:
    assert isinstance(asked, Request), asked
    (grant,) = [one for one in house.ending.claimable() if one.request == asked.id]
    assert isinstance(grant, Grant)
    run = house.journal.begin(grant)
    assert isinstance(run, Run), run
    return run


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = small_house(tmp_path / "home")
    yield opened
    opened.close()


def test_while_something_runs_only_what_takes_no_lock_is_planned(house: House) -> None:
    assert starts(house, asking(house, Lock.NODE)).plan.lock is Lock.NODE
    busy = asking(house, Lock.NODE)
    assert isinstance(busy, Refusal)
    assert busy.code == "CLUSTER-BUSY"
    assert starts(house, asking(house, Lock.NONE)).plan.lock is Lock.NONE


def test_a_hold_file_is_laid_beside_a_run_without_a_lock(house: House, tmp_path: Path) -> None:
    starts(house, asking(house, Lock.NONE))
    held = house.verbs.run(actor_of(house, "ana"), "hold main it smells", "test")
    assert isinstance(held, Held)
    assert held.missing == ()
    assert set(hold_files(tmp_path / "home")) == {"db1", "db2"}
