"""The demo: bring it up, keep it up, end it in good order."""

import os
import shlex
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sandbox.bringup import bring_up
from sandbox.configuration import CHANNEL
from sandbox.home import hold
from sandbox.say import say
from sandbox.stop import Stop, Stopped
from sandbox.trouble import to_try
from sandbox.world import BOT_ARGV, World

DEFAULT_PORT = 8700
DONE, NO, USAGE = 0, 1, 2
_TICK_S = 0.2

Tour = Callable[[World, Stop], int]


@dataclass(frozen=True)
class Options:
    """How the demo is wanted. ``tour`` plays the main job and gives the exit code; the demo ends with it."""

    home: Path
    port: int = DEFAULT_PORT
    tour: Tour | None = None
    bot: Sequence[str] = BOT_ARGV


def default_home() -> Path:
    """Give $SECONDER_HOME, or ``.seconder`` in the checkout (outside of one: in the working folder)."""
    checkout = Path(__file__).resolve().parent.parent
    base = checkout if (checkout / "pyproject.toml").exists() else Path.cwd()
    return Path(os.environ.get("SECONDER_HOME") or base / ".seconder").absolute()


def chosen_bot() -> Sequence[str]:
    """Give the bot's command line: ours, or what $SECONDER_DEMO_BOT says."""
    words = os.environ.get("SECONDER_DEMO_BOT")
    return tuple(shlex.split(words)) if words else BOT_ARGV


def run(options: Options, stop: Stop) -> int:
    """Run the demo until somebody asks for the end, or the tour is over; give the exit code.

    Raises ``SandboxError`` when it can't come up; nothing is left running in any case.
    """
    try:
        with hold(options.home) as home, ExitStack() as undo:
            home.end_leftovers()
            home.begin_anew()
            world = bring_up(home, options.port, options.bot, stop, undo)
            told = world.tell({})
            if options.tour is not None:
                return options.tour(world, stop)
            _welcome(world)
            _keep(world, stop, told)
            say("Ending …")
    except Stopped:
        if options.tour is not None:
            return NO
    say(f"Everything has ended. What was is kept in {options.home} until the next start.")
    return DONE


def _welcome(world: World) -> None:
    nodes: list[dict[str, object]] = [{"name": name, "role": role, "alive": True} for name, role in world.roles.items()]
    say(f"\n  {world.url}\n\nTry, as ana in #{CHANNEL}:")
    for command in to_try(nodes):
        say(f"  {command}")
    say("What changes the primary waits for ben: choose him on the page and approve. Ctrl-C ends everything.\n")


def _keep(world: World, stop: Stop, told: dict[str, object]) -> None:
    complained = False
    while not stop.wait(_TICK_S):
        world.tend()
        told = world.tell(told)
        if world.bot.gave_up and not complained:
            say(f"The bot keeps ending. The end of its log, {world.bot.log}:\n{world.bot.last_words()}")
        complained = world.bot.gave_up
