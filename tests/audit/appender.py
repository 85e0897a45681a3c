"""A process of four threads that append, take some of it back, and say on their output what was committed.

Called with a store's URL, a name for the process, how many entries each thread has to commit, and a seed.
"""

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from audit import ledger
from audit.ledger import Event
from audit.store import Store, StoreUnavailable, open_store
from core.clock import SystemClock

THREADS = 4


class TakenBackError(Exception):
    """The caller changed its mind, or its own work went wrong after the entry was written."""


def write(store: Store, actor: str, number: int, *, keep: bool) -> None:
    with store.transaction() as session:
        for _ in range(1 if keep else 2):
            event = Event("step.intent", "intent", actor, target=str(number), detail={"kept": keep})
            ledger.append(session, SystemClock(), event)
        if not keep:
            raise TakenBackError


def insist(store: Store, actor: str, number: int, *, keep: bool) -> None:
    """Write, however often the store says that others hold it: of sixteen over one file somebody may wait too long."""
    while True:
        try:
            return write(store, actor, number, keep=keep)
        except StoreUnavailable as busy:
            if "locked" not in busy.message:
                raise


def work(store: Store, actor: str, count: int, rng: random.Random, said: threading.Lock) -> None:
    for number in range(count):
        while rng.random() < 1 / 4:
            try:
                insist(store, actor, number, keep=False)
            except TakenBackError:
                continue
        insist(store, actor, number, keep=True)
        with said:
            sys.stdout.write(f"{actor} {number}\n")
            sys.stdout.flush()


def main(url: str, name: str, count: str, seed: str) -> None:
    store, said = open_store(url), threading.Lock()
    with ThreadPoolExecutor(THREADS) as pool:
        done = [
            pool.submit(work, store, f"{name}.{thread}", int(count), random.Random(f"{seed}.{thread}"), said)
            for thread in range(THREADS)
        ]
        for one in done:
            one.result()
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
