"""What a promotion rests on, costs and should be known for: words and facts for the plan."""

from datetime import UTC, datetime, timedelta

from core.facts import Fact
from fleet.inventory import Cluster
from fleet.postgres import byhand, lsn, retained
from fleet.postgres.candidate import LAG_BUDGET, Choice
from fleet.postgres.loss import WAL_BYTES, WAL_SECONDS, Loss
from fleet.postgres.view import ClusterView, NodeView


def facts(view: ClusterView, choice: Choice, loss: Loss | None) -> tuple[Fact, ...]:
    """Give what consent rests on: who is who exactly, and how far the candidate may be behind."""
    old, new = view.nodes[choice.old], view.nodes[choice.new]
    whole = [
        ("system identifier", new.sysid),
        ("timeline", old.timeline if choice.seen else new.timeline),
        ("primary", old.name),
        ("candidate", new.name),
    ]
    given = [Fact(name, view.name, value) for name, value in whole]
    given += [Fact("state", node.name, node.state) for node in view.nodes.values()]
    given += [Fact("version", node.name, node.version) for node in view.nodes.values() if node.reachable]
    if choice.planned:
        given.append(Fact("lag", new.name, view.lag(new.name), LAG_BUDGET, "bytes"))
    elif loss is not None:
        given.append(Fact("loss", new.name, loss.wal_bytes, WAL_BYTES, "bytes"))
        given.append(Fact("loss of time", new.name, loss.seconds, WAL_SECONDS, "s"))
    else:
        given.append(Fact("loss", new.name, "unknown"))
    return tuple(given)


def costs(view: ClusterView, choice: Choice, loss: Loss | None) -> tuple[str, ...]:
    """Say what it costs: data, time, sessions."""
    if loss is not None:
        allowed = f"at most {lsn.size(WAL_BYTES)} and {WAL_SECONDS} s"
        return (f"Loss: {loss.words}; approving allows {allowed}",)
    old, new = view.nodes[choice.old], view.nodes[choice.new]
    if not choice.seen:
        return (f"LOSS UNKNOWN: {old.name} can't be read. {_newest(new)}; what {old.name} committed later is lost",)
    sessions = sorted(old.sessions.items(), key=lambda item: (-item[1], item[0]))
    each = ", ".join(f"{name} {count}" for name, count in sessions[:5])
    count = sum(old.sessions.values())
    cut = f"cuts {count} session{'' if count == 1 else 's'} ({each})" if sessions else "cuts no session"
    kept = {slot.name for slot in new.logical_slots if slot.synced and not slot.temporary and not slot.invalid}
    lost = [slot.name for slot in old.logical_slots if slot.name not in kept]
    gone = (f"logical slots are lost: {', '.join(lost)}",) if lost else ()
    stop = f"writes stop until {new.name} has applied all that waits" if new.apply_delay else "writes stop ≈ 0.3 s"
    return ("loss 0", stop, cut, *gone)


def notes(view: ClusterView, cluster: Cluster, choice: Choice) -> tuple[str, ...]:
    """Say why this node and not another, and what else a person should know."""
    old = view.nodes[choice.old]
    said = list(choice.notes)
    said += [
        f"{choice.old}: transaction of {t.application or t.user} open for {t.age:.0f} s" for t in old.long_transactions
    ]
    said += [f"{choice.old}: prepared transaction {p.gid} goes over to {choice.new}" for p in old.prepared]
    sync = view.nodes[choice.new].settings.get("synchronous_standby_names")
    said += [f"{choice.new} has synchronous_standby_names = {sync}: commits there wait for it"] if sync else []
    if not choice.seen:
        said.append(f"{choice.old} is reached by nobody, and that does not prove that it is off. Seen: {old.error}")
        said.append(f"If it is only cut off, it goes on accepting writes: two primaries, and {choice.old}'s are lost")
        said.append(f"{choice.old} must stay off until its data is a standby's: /db resync {cluster.name} {choice.old}")
    elif not choice.planned:
        hangs = "hangs: its server runs, and answers nobody, not on its own machine either"
        dead = "is dead: no answer to the bot, no process on its machine"
        said.append(f"{choice.old} {hangs if choice.hangs else dead} ({old.error})")
        said.append(f"Starting {choice.old} again instead loses nothing: {byhand.restart(cluster, choice)}")
        said.append(f"{choice.old} stays fenced. Afterwards: /db resync {cluster.name} {choice.old}")
    return tuple(said)


def waiting(view: ClusterView, choice: Choice, loss: Loss | None) -> tuple[str, ...]:
    """Say what waiting costs, and what ends the plan: readings, or nothing."""
    old, new = view.nodes[choice.old], view.nodes[choice.new]
    if not choice.seen:
        ends = f"a change of timeline or of a node's state, or {old.name} within reach again, ends the plan"
        return (f"waiting costs writes: nothing accepts them; if {old.name} is off, it loses nothing more", ends)
    if not choice.planned:
        since = f"{old.name} was seen down at {_clock(old.sampled_at)}"
        if loss is not None and loss.last is not None:
            since += f", its last known commit is of {_clock(loss.last, old.sampled_at)}"
        ends = f"{old.name} up again, or a change of timeline or of a node's state ends the plan"
        return (
            f"waiting costs writes: nothing accepts them; {since}",
            f"the loss does not grow while {old.name} is down; {ends}",
        )
    kept = [retained.sentence(old, slot) for slot in retained.holding(old)]
    lag = view.lag(new.name)
    now = f" (now {lsn.size(lag)})" if lag is not None else ""
    ends = "a change of primary, timeline or of a node's state ends it"
    return (*kept[:2], f"valid while {new.name} lags at most {lsn.size(LAG_BUDGET)}{now}; {ends}")


def _newest(node: NodeView) -> str:
    if node.last_replay_age is None:
        return f"No commit was replayed by {node.name} since it was started"
    newest = node.sampled_at - timedelta(seconds=node.last_replay_age)
    return f"The newest commit on {node.name} is of {_clock(newest, node.sampled_at)}"


def _clock(at: datetime, beside: datetime | None = None) -> str:
    """Write a moment in UTC, with its day when that is another one than ``beside``'s."""
    at = at.astimezone(UTC)
    other = beside is not None and at.date() != beside.astimezone(UTC).date()
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if other else f"{at:%H:%M:%S} UTC"
