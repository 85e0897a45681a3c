"""`python -m sandbox.slack --port N`: the stand-in alone, until INT, TERM or HUP."""

import argparse
import signal
import sys

from sandbox.slack.scopes import DEFAULT_SCOPES
from sandbox.slack.server import PortTaken, StandIn

_PORT = 8700
_DONE, _USAGE = 0, 2
_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def main(argv: list[str] | None = None) -> int:
    """Serve until a signal. Exit code 2 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description="A Slack for tests and newcomers.")
    parser.add_argument("--port", type=int, default=_PORT, help=f"0 picks a free one; default {_PORT}")
    parser.add_argument("--scopes", default=",".join(DEFAULT_SCOPES), help="what the bot's token may do")
    chosen = parser.parse_args(argv)
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # threads inherit it: the signal waits for sigwait
    try:
        stand_in = StandIn(chosen.port, scopes=filter(None, chosen.scopes.split(",")))
    except PortTaken as taken:
        sys.stderr.write(f"{taken} Try another --port; --port 0 picks a free one.\n")
        return _USAGE
    with stand_in:
        sys.stdout.write(f"A stand-in for Slack, not Slack: {stand_in.url}\n")
        sys.stdout.flush()
        signal.sigwait(_SIGNALS)
    return _DONE


if __name__ == "__main__":
    sys.exit(main())
