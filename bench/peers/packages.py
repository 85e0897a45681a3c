"""`python -m bench.peers.packages` (make peers): Patroni from a hashed lock of its own, apart from Seconder's."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.peers.absent import Absent
from sandbox.servers import must, run, server_user

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-peers.txt"
FOLDER = ROOT / ".venv" / "peers"
_READY = FOLDER / ".ready"
_BUILDER = "setuptools"  # of a package that has no wheel; it is in the lock as well, so nothing comes unchecked


def install() -> None:
    """Put what the lock names into a folder of its own; nothing to do when it lies there already."""
    if _is_ready():
        return
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    lock = FOLDER / "builder.txt"
    lock.write_text(re.sub(rf"(?ms)^(?!{_BUILDER}==)\w.*?(?=^\w|\Z)", "", LOCK.read_text("utf-8")), "utf-8")
    for wanted in (lock, LOCK):
        _pip(wanted)
    _READY.write_text(_mark())


def _pip(lock: Path) -> None:
    words = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--require-hashes", "--upgrade"]
    argv = [sys.executable, "-m", "pip", *words, "--target", str(FOLDER), "-r", str(lock)]
    done = subprocess.run(
        argv, env={**os.environ, "PYTHONPATH": str(FOLDER)}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Absent(f"pip could not fetch what {lock.name} names: {done.stderr.strip()[-600:]}")


def python_command(servers: Path) -> tuple[list[str], dict[str, str]]:
    """Give a Python that the servers' user can run, and the environment in which it finds Patroni.

    The packages are copied into ``servers`` when that user can't read the checkout. Raises ``Absent``.
    """
    if not _is_ready():
        raise Absent("Patroni is not installed here: make peers")
    packages = FOLDER
    if run(["test", "-r", FOLDER / "patroni" / "__init__.py"]).returncode != 0:
        packages = servers / "peers"
        shutil.copytree(FOLDER, packages, ignore=shutil.ignore_patterns("bin", "tests", "setuptools"))
        must(["test", "-r", _given(packages) / "patroni" / "__init__.py"])
    for python in _interpreters():
        asked = run([python, "-c", "import sys; print(*sys.version_info[:2])"])
        if asked.returncode == 0 and asked.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return [python], {"PYTHONPATH": str(packages)}
    raise Absent(f"{server_user().name} can't run any Python {sys.version_info[0]}.{sys.version_info[1]} here")


def _given(folder: Path) -> Path:
    user = server_user()
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    return folder


def _interpreters() -> Iterator[str]:
    yield f"{sys.base_prefix}/bin/python3"
    for name in (f"python{sys.version_info[0]}.{sys.version_info[1]}", "python3"):
        yield from filter(None, (shutil.which(name, path="/usr/local/bin:/usr/bin"),))


def _is_ready() -> bool:
    return _READY.exists() and _READY.read_text() == _mark()


def _mark() -> str:
    return f"{sys.implementation.cache_tag}\n{hashlib.sha256(LOCK.read_bytes()).hexdigest()}"


if __name__ == "__main__":
    try:
        install()
    except Absent as missing:
        sys.exit(str(missing))
