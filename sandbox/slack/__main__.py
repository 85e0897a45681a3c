"""`python -m sandbox.slack --port N`: the stand-in alone."""

import argparse
import sys

from sandbox.slack.server import StandIn


def main() -> int:
    """Serve until a signal. Exit code 2 when the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description="A Slack for tests and newcomers.")
    parser.add_argument("--port", type=int, default=8700, help="0 picks a free one")
    port = parser.parse_args().port
    try:
        standin = StandIn(port)
    except OSError as error:
        print(f"Port {port} can't be had: {error.strerror}. Try --port 0.", file=sys.stderr)  # noqa: T201
        return 2
    print(f"A stand-in for Slack, for tests and newcomers: {standin.url}", flush=True)  # noqa: T201
    standin.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
