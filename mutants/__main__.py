"""`python -m mutants`: changes approvals/ in a copy, one small fault at a time; counts those that go unnoticed."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOM = "approvals"
WANTED = 90.0  # per cent
_AT_ONCE = min(4, os.cpu_count() or 2)
# What the tests of one mutant ended with. What stands nowhere here (a crash, an interruption) kills nothing.
_KILLED, _LATE, _SURVIVED, _UNTESTED = {1, 3}, {24, -24, 36, 152, 255}, {0}, {5, 33}
_SETTINGS = """
[tool.mutmut]
source_paths = ["approvals"]
pytest_add_cli_args_test_selection = [
    "tests/approvals", "tests/gate", "tests/runs/test_runner.py", "tests/bot/test_stops.py",
]
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
        argv = [sys.executable, "-m", "mutmut", "run", "--max-children", str(_AT_ONCE)]
        with (Path(folder) / "log").open("w+") as log:
            ended = subprocess.run(argv, cwd=copy, stdout=log, stderr=log, check=False)
            codes = _codes(copy)
            if not codes or None in codes.values():
                log.seek(0)
                lines = [line for line in re.split(r"[\r\n]+", log.read()) if "\N{PARTY POPPER}" not in line]
                untried = sum(1 for code in codes.values() if code is None)
                sys.stderr.write("\n".join(lines[-40:]))
                sys.stderr.write(f"\nmutmut ended with {ended.returncode}; {untried} of {len(codes)} mutants untried\n")
                return 1
        return _told(codes, copy)


def _codes(copy: Path) -> dict[str, int | None]:
    """Give what the tests of each mutant ended with."""
    found: dict[str, int | None] = {}
    for path in sorted((copy / "mutants" / ROOM).rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def _told(codes: dict[str, int | None], copy: Path) -> int:
    words = {name: _word(code) for name, code in sorted(codes.items())}
    left = [name for name, word in words.items() if word not in {"killed", "late"}]
    with ThreadPoolExecutor(_AT_ONCE) as shown:
        for name, fault in zip(left, shown.map(partial(_fault, copy), left), strict=True):
            sys.stdout.write(f"{words[name]}  {fault}  {name}\n")
    killed, counts = len(codes) - len(left), [*words.values()]
    share = 100 * killed / len(codes)
    sys.stdout.write(
        f"mutants: {killed} of {len(codes)} killed ({share:.1f} %), {counts.count('late')} of these by time-out; "
        f"{counts.count('survived')} survived, {counts.count('untested')} untested, {counts.count('unclear')} unclear; "
        f"{ROOM}/\n"
    )
    return 0 if share >= WANTED else 1


def _word(code: int | None) -> str:
    known = {"killed": _KILLED, "late": _LATE, "survived": _SURVIVED, "untested": _UNTESTED}
    return next((word for word, meant in known.items() if code in meant), "unclear")


def _fault(copy: Path, name: str) -> str:
    """Give file, line and the changed line of a mutant."""
    shown = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", name], cwd=copy, capture_output=True, text=True, check=False
    )
    file = re.search(r"^--- (\S+)", shown.stdout, flags=re.MULTILINE)
    old, new = (
        re.findall(rf"^{sign}(?!{sign}{sign})\s*(.*)", shown.stdout, flags=re.MULTILINE) for sign in ("-", r"\+")
    )
    where = f"{file[1]}:{_line(copy / file[1], name, old[0])}" if file and old else ROOM
    return f"{where}  {' / '.join(new)[:160]}"


def _line(path: Path, name: str, old: str) -> int:
    """Give the line of the file on which the mutant's function has the old text."""
    function = re.sub(r"^(x_|.*ǁ)|__mutmut_\d+$", "", name.rpartition(".")[2])
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for number, line in enumerate(text.splitlines()[: node.end_lineno], start=1):
                if number >= node.lineno and line.strip() == old.strip():
                    return number
    return 0


if __name__ == "__main__":
    sys.exit(main())
