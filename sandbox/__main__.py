"""`python -m sandbox`: the demo."""

import argparse
import sys
from pathlib import Path

from sandbox.demo import DEFAULT_PORT, DONE, NO, USAGE, Options, chosen_bot, default_home, run
from sandbox.errors import SandboxError
from sandbox.home import Busy, hold
from sandbox.say import say
from sandbox.stop import Stop
from sandbox.tour import failed, tour


def main(arguments: list[str] | None = None) -> int:
    """Run the demo, or the tour. Exit codes: 0 done, 1 no, 2 usage, or another demo holds the folder."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A real cluster, a Slack stand-in, the bot.")
    parser.add_argument("--tour", action="store_true", help="play the main job, say whether all of it held, and end")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the page; a taken one picks another")
    parser.add_argument(
        "--clean", action="store_true", help="end what is left of a demo, delete its files, and no more"
    )
    given = parser.parse_args(arguments)
    stop = Stop()
    stop.listen()
    home = default_home()
    try:
        if given.clean:
            return _clean(home)
        return run(Options(home, given.port, tour if given.tour else None, chosen_bot()), stop)
    except SandboxError as no:
        sys.stderr.write(f"{no}\n")
        if given.tour:
            say(failed(str(no)))
        return USAGE if isinstance(no, Busy) else NO


def _clean(home: Path) -> int:
    if home.is_dir():
        with hold(home) as held:
            held.end_leftovers()
            held.delete()
        say(f"{home} is clean.")
    return DONE


if __name__ == "__main__":
    raise SystemExit(main())
