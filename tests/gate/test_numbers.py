"""The thirty cases that a gate must pass are all here, by number."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CASES = range(1, 31)


def test_every_must_pass_case_has_a_test_that_bears_its_number() -> None:
    held: set[int] = set()
    for path in TESTS.rglob("test_*.py"):
        for first, to, second in re.findall(r"def test_(\d\d)(_to)?(?:_(\d\d))?_", path.read_text(encoding="utf-8")):
            numbers = range(int(first), int(second) + 1) if to and second else {int(first), int(second or first)}
            held |= set(numbers)
    assert set(CASES) - held == set()
