"""Readings that are begun before they are asked for, while something else is waited for: clients wait for all of it."""

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress

from core.errors import SeconderError
from fleet.site import Read, Site

MOMENT = 0.1  # seconds that a look holds while clients wait: a program over SSH may take as long to answer


def early(site: Site, key: Hashable, read: Callable[[], Read]) -> None:
    """Begin a reading. Whoever asks for it by ``site.kept`` waits for its end, or takes it anew.

    What it raises counts for nothing here: that is said by whoever takes it anew.
    """

    def take() -> None:
        with suppress(SeconderError):
            site.kept(key, read, MOMENT)

    threading.Thread(target=take, name="early").start()
