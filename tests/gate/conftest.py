"""Every case runs on both stores."""

import pytest

from audit.store import Store
from tests.fixtures.stores import any_store
from tests.gate.scene import Scene

__all__ = ["any_store"]


@pytest.fixture
def scene(any_store: Store) -> Scene:
    return Scene(any_store)
