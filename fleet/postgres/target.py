"""Where a standby's recovery is to stop: its settings, set for one roll forward and taken away after it.

A standby that stands at its target and is told to resume becomes a primary. So nothing here does that: a target goes
by a restart without it. The delay that the node had before is kept beside, in a setting of our own.
"""

from psycopg import sql

from core.errors import StepFailed
from core.outcome import Evidence
from core.step import StepContext
from fleet.postgres import healing, lsn, owned, replay
from fleet.postgres.patience import Connection, one, talk
from fleet.site import Site

DELAY, KEPT = "recovery_min_apply_delay", "seconder.apply_delay"
TARGETS = tuple(f"recovery_target{kind}" for kind in ("", "_lsn", "_name", "_time", "_xid"))
HOW = {  # paused at the target, not promoted; before it, not behind it; along the primary's own history
    "recovery_target_action": "pause",
    "recovery_target_inclusive": "off",
    "recovery_target_timeline": "latest",
}
_DELAY_NOW = """
    SELECT setting || 'ms' AS now, coalesce(sourcefile, 'auto.conf') LIKE '%auto.conf' AS ours FROM pg_settings
     WHERE name = 'recovery_min_apply_delay'"""


def aim(site: Site, step: StepContext, *, node: str, system: str, setting: str, value: str, replayed: str) -> Evidence:
    """Set a paused standby's target and no delay: both count from its next start. Raises ``StepFailed``.

    It is set while the pause still holds, so that no start in between lets it replay beyond the target.
    """
    del step
    with talk(site, site.cluster.node(node)) as connection:
        seen = replay.asked(connection)
        replay.same(seen, node, system)
        if not seen.held or lsn.show(seen.replayed) != replayed:
            said = f"{node} was paused at {replayed}; now it is {seen.state}, at {lsn.show(seen.replayed)}."
            raise StepFailed(said, "Look what it still has, then ask again.", code="FORWARD-MOVED")
        if seen.delay and seen.kept_delay is None:
            _keep_delay(connection)
        for name in TARGETS:
            _reset(connection, name)
        for name, text in (*HOW.items(), (_known(setting), value)):
            _set(connection, name, text)
    return Evidence(f"{node} will stop right before {value}, from its next start on")


def start(site: Site, step: StepContext, *, node: str, setting: str, value: str) -> Evidence:
    """Start a standby whose target is in place, and only then. Raises ``StepFailed``."""
    here = site.cluster.node(node)
    text = site.shell(here).read(f"{here.data}/{owned.AUTO}") or ""
    wanted = {**HOW, setting: value}
    wrong = [name for name, right in wanted.items() if owned.value(text, name) != right]
    if wrong:
        said = f"{', '.join(wrong)} of {node} is not what was agreed to: started, it would replay too far."
        raise StepFailed(said, f"Correct {here.data}/{owned.AUTO} before any start.", code="FORWARD-NO-TARGET")
    return healing.start(site, step, node=node)


def clear(site: Site, step: StepContext, *, node: str, system: str) -> Evidence:
    """Take the target out of a standby's settings and give its delay back: both count from its next start."""
    del step
    here = site.cluster.node(node)
    kept = _kept(site.shell(here).read(f"{here.data}/{owned.AUTO}") or "")
    with talk(site, here) as connection:
        seen = replay.asked(connection)
        replay.same(seen, node, system)
        for name in (*TARGETS, *HOW):
            _reset(connection, name)
        if kept is not None:
            _give_back(connection, kept)
    return Evidence(f"{node} has no recovery target from its next start on")


def _keep_delay(connection: Connection) -> None:
    """Write down the delay if it is set where we write, else nothing: it then comes back by itself."""
    row = one(connection, _DELAY_NOW)
    kept = str(row["now"]) if row["ours"] else ""
    connection.execute("SELECT set_config(%s, %s, false)", (KEPT, kept))  # else the server does not know the name
    _set(connection, KEPT, kept)
    _set(connection, DELAY, "0")


def _kept(text: str) -> str | None:
    """Give the delay that was written down, also when no start has made it known to the server yet."""
    there = any(line.startswith(KEPT) for line in text.splitlines())
    return owned.value(text, KEPT) if there else None


def _give_back(connection: Connection, kept: str) -> None:
    if kept:
        _set(connection, DELAY, kept)
    else:
        _reset(connection, DELAY)
    connection.execute("SELECT set_config(%s, '', false)", (KEPT,))
    _reset(connection, KEPT)


def _known(setting: str) -> str:
    if setting not in TARGETS:
        raise StepFailed(f"{setting} is no recovery target.", "This is a bug in that action.")
    return setting


def _set(connection: Connection, name: str, value: str) -> None:
    connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.SQL(name), sql.Literal(value)))


def _reset(connection: Connection, name: str) -> None:
    connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.SQL(name)))
