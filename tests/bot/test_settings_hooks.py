"""Hooks in the configuration: what they become, and every fault at once with its line."""

from pathlib import Path

import pytest

from bot.settings import Settings, load_settings
from bot.settings_rules import rules_of
from core.errors import ConfigurationError
from fleet.hooks.hook import At, Call, Command, Failure, Statements

NODES = """
[hosts.pool1]
host = "pool1.example.org"
user = "seconder"
run_as = "pgbouncer"
[hosts.unused]
host = "unused.example.org"
[clusters.main]
engine = "postgres"
channel = "ops"
[clusters.main.nodes.db1]
host = "db1.example.org"
data = "/data"
bin = "/bin"
[clusters.main.nodes.db2]
host = "db2.example.org"
data = "/data"
bin = "/bin"
"""
PAUSE = """
[[clusters.main.hooks]]
name = "pause"
at = "pre_promote"
plan = "PgBouncer pauses"
sql = "/hooks/pause.sql"
conninfo = "host=pool1 port=6432 dbname=pgbouncer"
passfile = "/etc/pgpass"
time_limit = "5s"
proof = { sql = "/hooks/state.sql", expect = [{ name = "app", paused = "1" }] }
undo = { sql = "/hooks/resume.sql" }
"""
POINT = """
[[clusters.main.hooks]]
name = "point"
at = "post_promote"
plan = "pool1 leads to {new}"
command = ["/usr/local/sbin/point-to", "{new_host}", "{new_port}"]
on = "pool1"
failure = "warn"
[clusters.main.hooks.proof]
http = { url = "http://{new_host}:8008/", status = [200] }
contains = "{new}"
"""


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "seconder.toml"
    path.write_text(text)
    return load_settings(path)


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    return caught.value.message


def test_hooks_are_read_in_their_order_and_their_parts_are_in_their_places(tmp_path: Path) -> None:
    cluster = loaded(tmp_path, NODES + PAUSE + POINT).clusters["main"]
    pause, point = cluster.hooks
    console, login = "host=pool1 port=6432 dbname=pgbouncer", "/etc/pgpass"
    assert (pause.at, pause.failure, point.failure) == (At.PRE_PROMOTE, Failure.STOP, Failure.WARN)
    assert pause.effect == Statements("/hooks/pause.sql", conninfo=console, passfile=login, seconds=5)
    expect = ({"name": "app", "paused": "1"},)
    assert pause.proof == Statements("/hooks/state.sql", conninfo=console, passfile=login, expect=expect)
    assert pause.undo == Statements("/hooks/resume.sql", conninfo=console, passfile=login)
    assert point.effect == Command(("/usr/local/sbin/point-to", "{new_host}", "{new_port}"), on="pool1")
    assert point.proof == Call("http://{new_host}:8008/", statuses=(200,), contains="{new}")


def test_a_cluster_knows_the_machines_that_its_hooks_name_and_no_others(tmp_path: Path) -> None:
    settings = loaded(tmp_path, NODES + PAUSE + POINT)
    assert [(host.name, host.run_as) for host in settings.clusters["main"].hosts.values()] == [("pool1", "pgbouncer")]
    assert set(settings.hosts) == {"pool1", "unused"}


def test_a_configuration_with_hooks_survives_being_kept(tmp_path: Path) -> None:
    settings = loaded(tmp_path, NODES + PAUSE + POINT)
    assert rules_of(settings.body).policy == settings.policy


def test_every_fault_of_every_hook_comes_at_once_with_its_line(tmp_path: Path) -> None:
    wrong = PAUSE.replace("undo = ", "#").replace("paused = ", "paused = '{news}', p = ") + POINT.replace(
        '"/usr/local/sbin/point-to"', '"point-to"'
    ).replace('name = "point"', 'name = "pause"')
    said = faults(tmp_path, NODES + wrong)
    assert said.startswith("seconder.toml has 4 faults")
    assert "line 20: clusters.main.hooks.0: a pre_promote hook needs an undo" in said
    assert "line 28: clusters.main.hooks.0.proof: a pre_promote hook knows no {news}; there is" in said
    assert "line 32: clusters.main.hooks.1.name: there is a hook pause already" in said
    assert "line 31: clusters.main.hooks.1: 'point-to' is not a program's whole path" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('at = "pre_promote"', 'at = "before"', "line 22: clusters.main.hooks.0.at: Input should be 'pre_promote'"),
        ("proof =", "repeatable = false\n#", "needs a proof, or repeatable = true"),
        (', expect = [{ name = "app", paused = "1" }]', "", "a proof by SQL says what it expects"),
        (
            'sql = "/hooks/pause.sql"',
            'sql = "/hooks/pause.sql"\ncommand = ["/bin/true"]',
            "exactly one of command, sql",
        ),
        ('sql = "/hooks/pause.sql"', "", "exactly one of command, sql, http; here is none"),
        ("dbname=pgbouncer", "dbname=pgbouncer password=x", "conninfo holds a password: name a passfile"),
        ("dbname=pgbouncer", "=", "conninfo is no conninfo"),
        (
            'conninfo = "host=pool1 port=6432 dbname=pgbouncer"',
            "",
            "say where to connect: conninfo, or on = one of db1",
        ),
        ('time_limit = "5s"', 'environment = "/e"', "environment goes with command only"),
        ('time_limit = "5s"', 'time_limit = "2h"', "less than or equal to 3600"),
        (
            'on = "pool1"',
            'on = "pool2"',
            "on = 'pool2' is no place; there is bot, db1, db2, pool1, unused, {new}, {old}",
        ),
        ('on = "pool1"', 'on = "pool1"\nenvironment = "/e"', 'environment goes with on = "bot"'),
        ('on = "pool1"', 'on = "pool1"\nundo = { command = ["/bin/true"] }', "nothing takes a post_promote hook back"),
        ('"{new_port}"', '"{primary}"', "a post_promote hook knows no {primary}"),
        ("leads to {new}", "leads to {new2}", "knows no {new2}"),
        ("http://{new_host}:8008/", "ftp://{new_host}/", "is not http://HOST… or https://HOST…"),
        ("http://{new_host}:8008/", "http://a:b@{new_host}/", "a URL is shown to everybody"),
        ("status = [200] }", 'status = [200] }\non = "db1"', "http is called from the bot's machine"),
        ('failure = "warn"', 'failure = "retry"', "Input should be 'stop' or 'warn'"),
        ("[hosts.unused]", "[hosts.db1]", "hosts.db1: db1 is the name of a node"),
        ("[hosts.unused]", "[hosts.bot]", "hosts.bot: bot is the name of the bot itself"),
    ],
)
def test_a_hook_that_can_not_be_is_a_fault(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = NODES + PAUSE + POINT
    assert old in text
    assert said in faults(tmp_path, text.replace(old, new, 1))
