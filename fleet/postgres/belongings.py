"""Which files in a data folder belong to the node and not to the cluster: they outlive a rewind and a full copy."""

import re

from fleet.postgres import datadir
from fleet.shell import Shell

CONFIG = ("postgresql.conf", "postgresql.auto.conf")
_KEPT = frozenset({"conf.d", "server.crt", "server.key", "root.crt", "root.crl", ".pgpass"})
_GONE = frozenset({"recovery.conf"})  # 12 and later don't start while it lies there
_SERVERS = re.compile(r"base|global|pg_(?!hba|ident).*|PG_VERSION|backup_.*|.*\.signal|postmaster\..*|current_logfiles")
_NAMES = re.compile(
    r"^\s*(?:include(?:_if_exists|_dir)?|hba_file|ident_file|ssl_\w+_file)(?:\s*=\s*|\s+)'?([^'#\s]+)",
    re.MULTILINE,
)


def files(shell: Shell, folder: str) -> tuple[str, ...]:
    """List a data folder's own files: configuration with its pairs, certificates, and what the configuration names.

    A pair is a file such as ``pg_hba.conf.primary``, which somebody puts in place after a promotion.
    """
    there = datadir.names(shell, folder)
    texts = [shell.read(f"{folder}/{name}") or "" for name in CONFIG if name in there]
    wanted = {name for text in texts for name in named(text, folder)}
    return tuple(name for name in there if name in wanted or own(name))


def own(name: str) -> bool:
    """Say whether a file of this name belongs to the node, whatever its configuration says."""
    return name not in _GONE and (name in _KEPT or name.endswith(".conf") or ".conf." in name)


def named(text: str, folder: str) -> set[str]:
    """Give the names in a data folder that a configuration file points at; what lies elsewhere nobody overwrites."""
    found = (path.removeprefix(f"{folder.rstrip('/')}/").rstrip("/") for path in _NAMES.findall(text))
    return {name for name in found if "/" not in name and name not in {".", ".."} and not _SERVERS.fullmatch(name)}
