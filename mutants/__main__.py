"""`python -m mutants`: changes approvals/ in a copy, one small fault at a time; counts those that go unnoticed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOM = "approvals"
WANTED = 90.0  # per cent
_KILLED, _SURVIVED, _UNTESTED = {1, 3}, {0}, {33, 5}  # what pytest ended with, for one mutant
_SETTINGS = """
[tool.mutmut]
source_paths = ["approvals"]
tests_dir = ["tests/approvals", "tests/gate", "tests/runs/test_runner.py", "tests/bot/test_stops.py"]
also_copy = ["core", "audit", "fleet", "runs", "actions", "bot", "sandbox", "config", "tests"]
pytest_add_cli_args = [
    "-m", "not postgres and not rounds", "-p", "no:randomly", "-W", "default", "--no-header",
    "--ignore=tests/gate/test_machine.py", "--ignore=tests/gate/test_numbers.py",
    "--ignore=tests/gate/test_entry_points.py",
]
"""  # left out: what takes long, and what reads the source


def main() -> int:
    """Copy, run, count; 0 when enough of the faults are noticed."""
    with tempfile.TemporaryDirectory(prefix="seconder-mutants-") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "*_cache", "__pycache__"))
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)
        shutil.rmtree(copy / "mutants")  # the tool's own folder has this name
        children = str(min(4, os.cpu_count() or 2))
        argv = [sys.executable, "-m", "mutmut", "run", "--max-children", children]
        with (Path(folder) / "log").open("w+") as log:
            ended = subprocess.run(argv, cwd=copy, stdout=log, stderr=log, check=False)
            codes = _codes(copy)
            if not codes or None in codes.values():
                log.seek(0)
                sys.stderr.write(log.read()[-4000:] + f"\nmutmut ended with {ended.returncode}\n")
                return 1
        return _told(codes, copy)


def _codes(copy: Path) -> dict[str, int | None]:
    """Give what the tests of each mutant ended with."""
    found: dict[str, int | None] = {}
    for path in sorted((copy / "mutants" / ROOM).rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _told(codes: dict[str, int | None], copy: Path) -> int:
    survived = sorted(name for name, code in codes.items() if code in _SURVIVED)
    untested = sorted(name for name, code in codes.items() if code in _UNTESTED)
    for name in (*survived, *untested):
        sys.stdout.write(f"{'survived' if name in survived else 'untested'}  {name}  {_fault(copy, name)}\n")
    killed = len(codes) - len(survived) - len(untested)
    share = 100 * killed / len(codes)
    hung = sum(1 for code in codes.values() if code not in _KILLED | _SURVIVED | _UNTESTED)
    sys.stdout.write(
        f"mutants: {killed} of {len(codes)} killed ({share:.1f} %), {hung} of these by not ending in time; "
        f"{len(survived)} survived, {len(untested)} untested; {ROOM}/\n"
    )
    return 0 if share >= WANTED else 1


def _fault(copy: Path, name: str) -> str:
    """Give the changed line of a mutant."""
    shown = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", name], cwd=copy, capture_output=True, text=True, check=False
    )
    lines = re.findall(r"^\+(?!\+\+)\s*(.*)", shown.stdout, flags=re.MULTILINE)
    return " / ".join(lines)[:160]


if __name__ == "__main__":
    sys.exit(main())
