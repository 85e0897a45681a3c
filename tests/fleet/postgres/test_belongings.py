"""Which files in a data folder are the node's own, and what is brought back into a copy of another node's folder."""

from pathlib import Path

import pytest

from fleet.local import LocalShell
from fleet.postgres import belongings, owned

SHELL = LocalShell()
CONFIG = """\
include 'site.settings'
include_if_exists = '../node.conf'
include_dir 'extra'   # ours
hba_file = '{folder}/hba'
ssl_cert_file='cert.pem'
#include 'off.settings'
data_directory = 'elsewhere'
include 'base'
"""


def folder(path: Path, names: dict[str, str]) -> str:
    path.mkdir()
    for name, text in names.items():
        (path / name).write_text(text.format(folder=path))
    return str(path)


@pytest.mark.parametrize("name", ["postgresql.conf", "pg_hba.conf", "pg_hba.conf.primary", "conf.d", "server.key"])
def test_configuration_its_pairs_and_certificates_are_the_nodes_own(name: str) -> None:
    assert belongings.own(name)


@pytest.mark.parametrize("name", ["PG_VERSION", "base", "pg_wal", "recovery.conf", "standby.signal", "postmaster.opts"])
def test_the_servers_files_are_not(name: str) -> None:
    assert not belongings.own(name)


def test_what_the_configuration_names_is_its_own_too_but_never_the_servers_files() -> None:
    assert belongings.named(CONFIG.format(folder="/srv/db"), "/srv/db") == {
        "site.settings", "extra", "hba", "cert.pem",
    }  # fmt: skip


def test_a_copy_gets_the_nodes_files_and_loses_the_sources(tmp_path: Path) -> None:
    ours = {"postgresql.conf": CONFIG, "site.settings": "a", "hba": "b", "PG_VERSION": "18"}
    here = folder(tmp_path / "here", ours)
    there = folder(
        tmp_path / "there", {"postgresql.conf": "x", "foreign.conf": "y", "server.key": "z", "PG_VERSION": "t"}
    )
    names = owned.restore(SHELL, here, there, belongings.files(SHELL, here))
    assert set(names) == {"postgresql.conf", "site.settings", "hba"}
    left = {path.name: path.read_text() for path in Path(there).iterdir()}
    assert left == {**{name: Path(here, name).read_text() for name in names}, "PG_VERSION": "t"}


def test_without_any_file_of_its_own_the_sources_stay(tmp_path: Path) -> None:
    there = folder(tmp_path / "there", {"postgresql.conf": "x", "foreign.conf": "y"})
    assert owned.restore(SHELL, str(tmp_path / "nowhere"), there, ()) == ()
    assert {path.name for path in Path(there).iterdir()} == {"postgresql.conf", "foreign.conf"}
