"""What a plan was made with: the code, the templates, the script on hosts and the inventory, as exact facts."""

import hashlib
import inspect
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path

from actions.contract import Action
from core.canonical import canonical, sha256
from core.facts import Fact
from fleet.inventory import Cluster

_ROOT = Path(__file__).resolve().parent.parent
_SHORT = 16  # hex digits: people compare them
_CODE = ("actions/**/*.py", "core/**/*.py", "fleet/**/*.py", "fleet/**/*.sql", "runs/**/*.py")


def facts(action: Action, cluster: Cluster) -> tuple[Fact, ...]:
    """Give the facts that void consent when somebody changes what would run, between asking and starting."""
    return (
        Fact("inventory", cluster.name, sha256(canonical(asdict(cluster)))[:_SHORT]),
        Fact("code", action.spec.name, _of_code(_module(action))),
        Fact("script", "seconder-job", _of_files([_ROOT / "fleet" / "seconder-job"])),
        Fact("templates", "by hand", _of_files([_ROOT / "config" / "templates" / "by_hand.j2"])),
    )


@cache
def _of_code(module: Path | None) -> str:
    """Hash the code once: what was read at the start is what runs, whatever happens to the files."""
    own = sorted(path for pattern in _CODE for path in _ROOT.glob(pattern))
    return _of_files([*own, module] if module else own)


def _module(action: Action) -> Path | None:
    """Give the file of an action; another package may have brought it."""
    file = inspect.getsourcefile(action.look)
    return Path(file) if file else None


def _of_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:_SHORT]
