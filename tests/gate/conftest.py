"""Every case runs on both stores."""

import pytest

from audit.store import Store
from tests.gate.scene import Scene


@pytest.fixture
def scene(any_store: Store) -> Scene:
    return Scene(any_store)
