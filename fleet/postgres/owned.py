"""The files that belong to one node, not to the cluster: kept aside, put back, aimed at an upstream.

pg_rewind and pg_basebackup put the source's postgresql.conf and postgresql.auto.conf over the target's: its port, its
slot, its primary_conninfo.
"""

import re
from collections.abc import Mapping

from core.errors import StepFailed
from fleet.inventory import Node
from fleet.postgres import belongings, datadir
from fleet.shell import Shell

AUTO = "postgresql.auto.conf"
_COPY = 60.0  # seconds for a handful of small files
_LINE = re.compile(r"^\s*([A-Za-z_.]+)\s*=?\s*(.*)$")
_TEXT = re.compile(r"^'((?:[^'\\]|''|\\.)*)'")
_ESCAPED = re.compile(r"''|\\(.)")
_CONFIG = re.compile(r'config_file=([^"\s]+)')
_STALE = ("recovery_target", "promote_trigger_file")


def with_settings(text: str, settings: Mapping[str, str]) -> str:
    """Set settings in the text of a configuration file: once each, and no recovery target of former days left."""
    kept = [line for line in text.splitlines() if not _sets(line, settings)]
    lines = [f"{name} = {quoted(value)}" for name, value in settings.items()]
    return "\n".join([*kept, *lines]) + "\n"


def value(text: str, name: str) -> str:
    """Give a setting's value as a configuration file has it, the last one counting; empty when it isn't there."""
    found = ""
    for line in text.splitlines():
        match = _LINE.match(line)
        if match and match[1] == name:
            inside = _TEXT.match(match[2])
            found = _ESCAPED.sub(_plain, inside[1]) if inside else match[2].partition("#")[0].strip()
    return found


def quoted(text: str) -> str:
    """Quote a value for a configuration file."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def save(shell: Shell, node: Node, run: str) -> str:
    """Copy a node's own files aside, once per run, and give the folder. Raises ``StepFailed``."""
    folder = f"{node.work}/saved/{run}"
    if datadir.exists(shell, folder):
        return folder  # the first copy counts: a later one might hold the source's files
    _must(shell, ["mkdir", "-p", f"{folder}.new"])
    for name in belongings.files(shell, node.data):
        _must(shell, ["cp", "-a", f"{node.data}/{name}", f"{folder}.new/"])
    _must(shell, ["mv", "-T", "-n", f"{folder}.new", folder])
    return folder


def restore(shell: Shell, folder: str, data: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Put a node's own files from a folder into a data folder, over what lies there; their names.

    What else of this kind lies there came from the source and goes, unless the node has no files of its own.
    """
    foreign = set(belongings.files(shell, data)) - set(names) if names else set()
    for name in sorted(foreign):
        _must(shell, ["rm", "-rf", f"{data}/{name}"])
    for name in names:
        _must(shell, ["rm", "-rf", f"{data}/{name}"])
        _must(shell, ["cp", "-a", f"{folder}/{name}", f"{data}/"])
    return names


def config_file(shell: Shell, node: Node) -> str:
    """Give the configuration file of a node that has it outside its data folder (Debian does), else nothing."""
    if datadir.exists(shell, f"{node.data}/postgresql.conf"):
        return ""
    found = _CONFIG.search(shell.read(f"{node.data}/postmaster.opts") or "")
    return found[1] if found else ""


def set_in(shell: Shell, data: str, settings: Mapping[str, str]) -> None:
    """Set settings in a stopped server's postgresql.auto.conf."""
    text = shell.read(f"{data}/{AUTO}") or ""
    shell.write(f"{data}/{AUTO}", with_settings(text, settings))


def _plain(escaped: re.Match[str]) -> str:
    return str(escaped[1]) if escaped[1] else "'"


def _sets(line: str, settings: Mapping[str, str]) -> bool:
    match = _LINE.match(line)
    return match is not None and (match[1] in settings or match[1].startswith(_STALE))


def _must(shell: Shell, argv: list[str]) -> None:
    ran = shell.run(argv, timeout=_COPY)
    if not ran.ok:
        said = (ran.err.strip() or f"code {ran.code}").splitlines()[-1]
        raise StepFailed(f"{argv[0]} failed: {said}", "Look at the folder and its disk.", code="OWN-FILES")
