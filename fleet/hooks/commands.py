"""A hook's program: on the bot's machine as a child, elsewhere as a job that starts at most once."""

from dataclasses import replace
from pathlib import Path

from core.errors import StepFailed
from core.step import StepContext
from fleet import jobs
from fleet.argv import KILL_AFTER, limited
from fleet.errors import ShellError, TimedOut
from fleet.hooks.hook import BOT, Command
from fleet.inventory import Machine
from fleet.local import LocalShell
from fleet.shell import Ran, Shell
from fleet.site import Site

_QUICK = 15.0  # seconds for a look at a file
_NOT_RUN = (126, 127)  # what every shell says of a program that it can't start
_LIMIT = 124  # what timeout(1) ends with when it had to
_LINES, _SHOWN = 3, 200  # lines and characters of what a program complains of


def execute(site: Site, step: StepContext, command: Command, job: str) -> str:
    """Run a program to its end. Raises ``StepFailed`` unless it ends with code 0."""
    step.mine()
    _same(site, command)
    where = machine(site, command)
    if where is None:
        ran = _here(command).run(command.argv, timeout=command.seconds)
    else:
        ran = _there(site.shell(where), where, step, command, job)
    return _accepted(command, ran)


def look(site: Site, command: Command) -> str:
    """Run a program that only looks: again at each call, wherever it is. Raises ``StepFailed`` as ``execute``."""
    _same(site, command)
    return _accepted(command, shell_of(site, command).run(command.argv, timeout=command.seconds))


def digest(site: Site, command: Command) -> str:
    """Give the SHA-256 of the program, where it runs, as who runs it. Raises ``StepFailed``, ``Unreachable``."""
    ran = shell_of(site, command).run(["sha256sum", "--", command.argv[0]], timeout=_QUICK)
    if not ran.ok:
        said = ran.err.strip().removeprefix("sha256sum: ") or f"code {ran.code}"
        hint = "Is it there, and may that user read it?"
        raise StepFailed(f"{command.argv[0]} on {command.on} can't be read: {said}.", hint, code="HOOK-FILE")
    return ran.out.split()[0].lstrip("\\")


def runnable(site: Site, command: Command) -> bool:
    """Say whether the program may be run by its user."""
    return shell_of(site, command).run(["test", "-x", command.argv[0]], timeout=_QUICK).ok


def machine(site: Site, command: Command) -> Machine | None:
    """Give where a program runs, with its user; None for the bot's own machine. Raises ``StepFailed``."""
    if command.on == BOT:
        return None
    found = site.cluster.nodes.get(command.on) or site.cluster.hosts.get(command.on)
    if found is None:
        raise StepFailed(f"There is no machine {command.on}.", "See [hosts.NAME].", code="HOOK-PLACE")
    return replace(found, run_as=command.run_as) if command.run_as else found


def shell_of(site: Site, command: Command) -> Shell:
    """Give the shell that a program runs through."""
    where = machine(site, command)
    return _here(command) if where is None else site.shell(where)


def _here(command: Command) -> LocalShell:
    return LocalShell(command.run_as, _environment(command.environment) if command.environment else None)


def _environment(path: str) -> dict[str, str]:
    """Read KEY=VALUE lines, as systemd's EnvironmentFile but without its quotes."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StepFailed(f"{path} can't be read: {error}.", "Check its owner and mode.", code="HOOK-FILE") from error
    pairs = (line.partition("=") for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return {key.strip(): value for key, _, value in pairs}


def _there(shell: Shell, where: Machine, step: StepContext, command: Command, job: str) -> Ran:
    """Run it as a job with its limit around it: it ends with all that it started, even when the bot is gone."""
    words, patience = limited(command.argv, command.seconds), command.seconds + 2 * KILL_AFTER
    ran = jobs.run(shell, where.work, job, step.epoch, words, timeout=patience)
    if ran.code == _LIMIT:
        said = f"{command.argv[0]} did not end within {command.seconds} s and was stopped."
        raise TimedOut(said, "Look what it has done so far.")
    return ran


def _same(site: Site, command: Command) -> None:
    """See that the program is the one that was agreed to."""
    if digest(site, command) != command.sha256:
        said = f"{command.argv[0]} on {command.on} is not the program that was agreed to."
        raise StepFailed(said, "Ask again, so that people see the one that is there now.", code="HOOK-CHANGED")


def _accepted(command: Command, ran: Ran) -> str:
    """Judge how it ended. What it printed is shown nowhere: it may hold a password. What it complained of is."""
    if ran.code in _NOT_RUN or ran.err.startswith("seconder-job: "):
        raise ShellError(
            f"{command.argv[0]} was not run on {command.on}: {ran.err.strip()[:_SHOWN]}.", code="HOOK-FILE"
        )
    if not ran.ok:
        words = " / ".join(line.strip() for line in ran.err.splitlines()[-_LINES:])[:_SHOWN]
        raise StepFailed(f"{command.argv[0]} ended with code {ran.code}: {words or 'no complaint'}.", code="HOOK")
    if command.contains not in ran.out:
        raise StepFailed(f"{command.argv[0]} did not print {command.contains!r}.", code="HOOK")
    return f"it printed {command.contains!r}" if command.contains else ""
