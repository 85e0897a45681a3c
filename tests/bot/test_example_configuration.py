"""The example that operators copy loads as it is, and shows every key that there is."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from approvals.eligible import enough_people
from approvals.rule import Rule
from bot.settings import Settings, load_settings
from bot.settings_file import File
from bot.settings_words import Table
from core.plan import Risk

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "seconder.example.toml"
TABLES = [table for table in Table.__subclasses__() if table is not File]
KEYS = [(table, name) for table in TABLES for name in table.model_fields]


@pytest.fixture
def settings() -> Settings:
    return load_settings(EXAMPLE)


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    """The example with every setting that it leaves out put in: "#key = …" and "#[table]"."""
    path = tmp_path / "seconder.toml"
    path.write_text(re.sub(r"^#(?=[a-z\[])", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    return path


def test_the_example_has_no_fault(settings: Settings) -> None:
    assert set(settings.roster.people) == {"ana", "ben", "cy"}
    assert list(settings.clusters["main"].nodes) == ["db1", "db2"]
    assert settings.digest is not None


def test_everything_that_it_leaves_out_may_be_put_in(uncommented: Path) -> None:
    rule = load_settings(uncommented).policy.rule(Risk.DESTRUCTIVE, "promote", "main")
    assert isinstance(rule, Rule)
    assert (rule.approvals, rule.expires) == (2, 600)


def test_whoever_may_ask_finds_somebody_who_may_approve(settings: Settings) -> None:
    rule = settings.policy.rule(Risk.DESTRUCTIVE, "promote", "main")
    assert isinstance(rule, Rule)
    assert rule.approvals == 1
    assert [enough_people(rule, name, settings.roster) for name in ("ana", "ben")] == [None, None]


def test_a_node_that_leaves_keys_out_is_as_the_one_that_shows_their_defaults(settings: Settings) -> None:
    shown, short = settings.clusters["main"].nodes.values()
    differing = {key for key, value in vars(shown).items() if value != getattr(short, key)}
    assert differing == {"name", "host"}


@pytest.mark.parametrize(("table", "name"), KEYS, ids=[f"{table.__name__}.{name}" for table, name in KEYS])
def test_every_key_is_shown(uncommented: Path, table: type[Table], name: str) -> None:
    shown = set().union(*(part.model_fields_set for part in _parts(_read(uncommented)) if type(part) is table))
    assert name in shown


def _read(path: Path) -> File:
    return File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


def _parts(value: object) -> Iterator[Table]:
    """Every table inside a value, itself too."""
    if isinstance(value, Table):
        yield value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name))
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _parts(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _parts(each)
