"""What the demo says on its terminal."""

import os
import sys
from pathlib import Path


def say(words: str) -> None:
    """Print a line at once. That nobody reads any more is no reason to stop."""
    try:
        sys.stdout.write(words + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # for the rest of our life
