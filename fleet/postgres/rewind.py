"""Rewinding a diverged node with pg_rewind, whose word about divergence is not taken."""

import time

from core.errors import StepFailed
from core.outcome import Evidence, Probe
from core.step import StepContext
from fleet import jobs
from fleet.inventory import Node
from fleet.jobs import Phase
from fleet.postgres import control, copying, datadir, healing, login, owned
from fleet.shell import Ran, Shell
from fleet.site import Site

_QUICK = 15.0  # seconds
_CHECKPOINT = 600.0  # seconds
_NO_NEED = "no rewind required"
_BEGUN = "rewinding from last common checkpoint"
_GAPS = ("could not find previous WAL record", "could not open file", "could not find common ancestor")


def unfinished(shell: Shell, node: Node) -> bool:
    """Say whether a rewind of this folder began and did not end well: never start it or rewind it again."""
    job = (shell.read(_mark(node)) or "").strip()
    if not job:
        return False
    state = jobs.poll(shell, node.work, job)
    return not (state.phase is Phase.DONE and state.code == 0)


def saved(shell: Shell, node: Node) -> str:
    """Give the folder with a node's own files from before an unfinished rewind; else nothing.

    Its data folder may hold the source's by now.
    """
    job = (shell.read(_mark(node)) or "").strip()
    folder = f"{node.work}/saved/{job.partition('.')[0]}"
    return folder if job and unfinished(shell, node) and datadir.exists(shell, folder) else ""


def part(shell: Shell, node: Node, run: str) -> None:
    """Let the mark of an unfinished rewind go with the folder that a run moves aside."""
    shell.run(["mv", "-n", _mark(node), f"{_mark(node)}.{run}"], timeout=_QUICK)


def rejoin(shell: Shell, node: Node, run: str) -> None:
    """Bring the mark back together with its folder."""
    shell.run(["mv", "-n", f"{_mark(node)}.{run}", _mark(node)], timeout=_QUICK)


def save(site: Site, step: StepContext, *, node: str, primary: str, system: str, timeline: int) -> Evidence:
    """Keep the node's own configuration and control file aside: pg_rewind puts the source's over them."""
    healing.still(site, node=node, primary=primary, system=system, timeline=timeline)
    here = site.cluster.node(node)
    folder = owned.save(site.shell(here), here, step.run)
    return Evidence(f"{node}'s own configuration is kept in {folder}", {"folder": folder})


def rewind(site: Site, step: StepContext, *, node: str, primary: str, system: str, timeline: int) -> Evidence:
    """Rewind a stopped node to the primary. Raises ``StepFailed``; the node is not to be started then."""
    here, there = site.cluster.node(node), site.cluster.node(primary)
    shell = site.shell(here)
    if jobs.poll(shell, here.work, step.job).phase is Phase.NONE:
        healing.still(site, node=node, primary=primary, system=system, timeline=timeline)
        healing.must_be_gone(shell, here)
        healing.bury(shell, here)
        healing.checkpoint(site, there)  # up to 15 it would say "no rewind required" before
        control.unfence(shell, here)  # its single-user recovery refuses standby mode; -R puts the file back
    try:
        ran = _run(shell, here, there, step)
    finally:
        _fence_again(shell, here, step)
    _judge(shell, here, ran)
    shell.run(["rm", "-f", _mark(here)], timeout=_QUICK)
    return Evidence(f"{node} was rewound to {primary}: {_summary(ran)}")


def rewound(site: Site, step: StepContext, *, node: str, **_args: object) -> Probe:
    """Look how the job ended, waiting for it if it still runs; code 0 alone is not believed."""
    here = site.cluster.node(node)
    shell = site.shell(here)
    deadline = time.monotonic() + step.deadline
    for job in reversed(_jobs(step)):
        while (state := jobs.poll(shell, here.work, job)).phase is Phase.RUNNING:
            if time.monotonic() > deadline:
                return Probe.UNKNOWN
            time.sleep(1)
        if state.phase is Phase.LOST:
            return Probe.UNKNOWN
        if state.phase is Phase.DONE and state.code == 0:
            return Probe.NOT_DONE if _NO_NEED in jobs.tail(shell, here.work, job, 50) else Probe.DONE
    return Probe.NOT_DONE


def _run(shell: Shell, here: Node, there: Node, step: StepContext) -> Ran:
    """Run pg_rewind; if the node lacks WAL from before the fork, once more with what the archive has."""
    words = argv(shell, here, there)
    job, again = _jobs(step)
    shell.write(_mark(here), f"{job}\n")
    ran = copying.run(shell, here, words, step, stoppable=False)
    if not ran.ok and any(gap in ran.err for gap in _GAPS) and _BEGUN not in ran.err:
        shell.write(_mark(here), f"{again}\n")
        ran = copying.run(shell, here, [*words, "-c"], step, stoppable=False, job=again)
    return ran


def argv(shell: Shell, here: Node, there: Node) -> list[str]:
    """Give pg_rewind's words. The source must accept writes; its own statement_timeout does not count."""
    environment = [
        *login.environment(shell, here),
        "PGTARGETSESSIONATTRS=read-write",
        "PGOPTIONS=-cstatement_timeout=0",
    ]
    host = f"[{there.address}]" if ":" in there.address else there.address
    source = f"postgresql://{there.database_user}@{host}:{there.port}/{there.database}"
    config = owned.config_file(shell, here)
    outside = ["--config-file", config] if config else []
    return [
        *environment,
        control.program(here, "pg_rewind"),
        "-D",
        here.data,
        "--source-server",
        source,
        "-R",
        "-P",
        *outside,
    ]


def _judge(shell: Shell, here: Node, ran: Ran) -> None:
    hint = f"{here.name} stays down and fenced. Copy it whole: /db resync … {here.name} --rebuild"
    if not ran.ok:
        if _BEGUN not in ran.err:  # it changed nothing yet
            shell.run(["rm", "-f", _mark(here)], timeout=_QUICK)
        raise StepFailed(f"pg_rewind failed: {copying.last_words(ran)}.", hint, code="REWIND-FAILED")
    if _NO_NEED in ran.out + ran.err:
        shell.run(["rm", "-f", _mark(here)], timeout=_QUICK)
        said = "pg_rewind says that nothing diverged, but the WAL says it did."
        raise StepFailed(said, hint, code="REWIND-LIED")


def _fence_again(shell: Shell, here: Node, step: StepContext) -> None:
    """Put standby.signal back once nothing rewinds any more; while it runs, pg_rewind -R will do so."""
    if all(jobs.poll(shell, here.work, job).phase is not Phase.RUNNING for job in _jobs(step)):
        control.fence(shell, here)


def _jobs(step: StepContext) -> tuple[str, str]:
    return step.job, f"{step.job}.archive"


def _mark(node: Node) -> str:
    """Give the file that names the rewind under way; not in the data folder, where pg_rewind would delete it."""
    return f"{node.work}/rewinding-{node.name}"


def _summary(ran: Ran) -> str:
    lines = [line.removeprefix("pg_rewind: ") for line in (ran.out + ran.err).splitlines()]
    said = [line for line in lines if line.startswith(("servers diverged", _BEGUN))]
    return "; ".join(said) or "done"
