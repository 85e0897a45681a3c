"""docs/safety.md names a test for each protection: none of them may be a name only."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs/safety.md").read_text())))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[f"{file}::{name}" for file, name in NAMED])
def test_what_the_safety_page_names_is_there(file: str, name: str) -> None:
    path = ROOT / file
    assert path.is_file()
    assert not name or f"def {name}(" in path.read_text()
