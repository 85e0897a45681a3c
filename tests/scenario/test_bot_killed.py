"""A bot that dies at any moment of a switchover: the next one ends it, or says on the card what people do now."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.fixtures.operating import ENDED, Operation, operation
from tests.fixtures.poller import watching
from tests.fixtures.product import demo_in, until

pytestmark = pytest.mark.postgres
SOAK = bool(os.environ.get("SECONDER_SOAK"))  # read at once: tests see an environment without it
KILLS = 100 if SOAK else 10
STEPS = ("checking", "prepare", "stop", "gate", "promote", "prove", "follow", "rejoin", "tidy")
LATER = 0.15  # seconds after a step's beginning within which its bot dies
AGAIN = 2.0  # seconds after its successor's start within which that one dies too, every third time


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    with demo_in(tmp_path_factory.mktemp("killed") / "home") as demo:
        nodes = {name: node["dsn"] for name, node in demo.facts["nodes"].items()}
        with watching(nodes) as poller:
            yield operation(demo, poller)
