"""A bot in small: takes up what dead ones left, starts what was approved, ends; and dies where it is told to.

``python -m tests.kills.worker STORE FOLDER [REQUEST PLACE]`` is one such bot; 0: nothing is unfinished.

``python -m tests.kills.worker --nursery`` writes 0 once it is ready, reads errands, one JSON line each, has a child do
each of them, and writes its return code (negative: the signal that ended it). A child has everything imported.
"""

import gc
import json
import os
import select
import signal
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from approvals.ending import Ending
from approvals.gate import Gate
from approvals.lease import Book
from audit.store import Store, open_store
from core.clock import SystemClock
from core.outcome import Refusal
from core.plan import Risk
from runs import owner
from runs import store as rows
from runs.journal import Journal
from runs.runner import Runner
from tests.fixtures.house import IN_FORCE, a_plan, actor
from tests.kills.fleet import Fleet
from tests.kills.points import Death, Mortal

LEFT, BUG = 1, 70  # return codes: something is unfinished; something was raised
CLOCK = SystemClock()


@dataclass(frozen=True)
class Errand:
    """What one bot is for. It is killed after ``kill_after`` seconds, if it still lives then.

    ``seen``: it has seen every plan to hold, and need not look when a run begins.
    """

    store: str
    folder: str
    request: str = ""
    at: str = ""
    pause: float = 0.0
    kill_after: float | None = None
    seen: bool = False


def effects_in(folder: Path) -> Path:
    """Give the file that is the fleet."""
    return folder / "effects.jsonl"


def serve(errand: Errand) -> int:
    """Be a bot until nothing is to be done."""
    store, folder = open_store(errand.store), Path(errand.folder)
    death, me = Death(errand.request, errand.at), owner.enter(folder / "owners")
    journal = Mortal(store, Book(IN_FORCE, CLOCK), CLOCK, me.name, death)
    runner = Runner(journal, Fleet(effects_in(folder), store, death, errand.pause, seen=errand.seen))
    _take_up(store, folder, journal, runner)
    for grant in Ending(store, IN_FORCE, CLOCK).claimable():
        runner.start(grant)
    with store.reading() as session:
        left = rows.unfinished(session)
    me.leave()
    store.close()
    return LEFT if left else 0


def _take_up(store: Store, folder: Path, journal: Journal, runner: Runner) -> None:
    with store.reading() as session:
        left = rows.unfinished(session)
    for run in left:
        if owner.lives(folder / "owners", run.owner):
            continue
        claimed = journal.take_over(run)
        if claimed is not None:
            runner.take_up(claimed)


def nursery() -> None:
    """Have a child do each errand that is read."""
    _warm()
    _say(0)
    for line in sys.stdin:
        errand = Errand(**json.loads(line))
        alive, mine = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(alive)
            _be(errand)
        os.close(mine)
        if not select.select([alive], [], [], errand.kill_after)[0]:
            os.kill(child, signal.SIGKILL)  # nobody has waited for it: the number is still its own
        os.close(alive)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _say(code: int) -> None:
    sys.stdout.write(f"{code}\n")
    sys.stdout.flush()


def _be(errand: Errand) -> None:
    code = BUG
    try:
        code = serve(errand)
    except BaseException:  # noqa: BLE001  # a child never goes on where its parent was
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _warm() -> None:
    """Do everything once, so that children need not learn it; no connection is open afterwards."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/warm.db"
        store = open_store(url)
        store.prepare()
        asked = Gate(store, IN_FORCE, CLOCK).open(actor("ana"), a_plan(Risk.CHANGE), origin="t", channel="ops")
        assert not isinstance(asked, Refusal)
        store.close()
        assert serve(Errand(url, folder)) == 0
    gc.collect()
    gc.freeze()


def main() -> None:
    """Be one bot, or the nursery."""
    if sys.argv[1:] == ["--nursery"]:
        nursery()
        return
    store, folder, *death = sys.argv[1:]
    request, at = death or ("", "")
    sys.exit(serve(Errand(store, folder, request, at)))


if __name__ == "__main__":
    main()
