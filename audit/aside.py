"""Sets a store's file aside once all of it is elsewhere: nothing is deleted, and nothing begins anew in its place."""

from contextlib import suppress
from pathlib import Path

from audit.embedded import MOVED
from audit.store import Store, sqlite_path
from core.clock import Clock

_BESIDE = ("", "-wal", "-shm")  # the file, and what SQLite keeps beside it while somebody has it open
_TOLD = (
    MOVED
    + """ On {at} it was moved to
{to}
and the file that it was is {aside} now.
Set SECONDER_STORE to the new address. As long as this text lies here, no bot begins an empty store in its place.
"""
)


def set_aside(store: Store, clock: Clock, to: str) -> Path:
    """Let go of the file, rename it, and leave a text in its place, which SQLite refuses to open."""
    store.close()
    path, now = sqlite_path(store.url), clock.now()
    aside = path.with_name(f"{path.name}.moved-{now:%Y%m%dT%H%M%SZ}")
    for suffix in _BESIDE:
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    path.write_text(_TOLD.format(at=f"{now:%Y-%m-%d %H:%M:%S} UTC", to=to, aside=aside.name), encoding="utf-8")
    return aside
