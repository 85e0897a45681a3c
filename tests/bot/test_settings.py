from pathlib import Path

import pytest

from approvals.rule import Rule
from bot.environment import read_environment
from bot.settings import load_settings
from core.errors import ConfigurationError
from core.outcome import Refusal
from core.plan import Risk
from fleet.inventory import Managed

GOOD = """
[people.ana]
slack = ["T0SITE/U0ANA", "T0OTHER/U1ANA"]
logins = ["ana"]
groups = ["dba"]
[people.ben]
slack = ["T0SITE/U0BEN"]
groups = ["dba"]
[policy.change]
approvals = 0
propose = ["dba"]
[policy.destructive]
approvals = 1
from = ["dba"]
propose = ["dba"]
expires = "30m"
[policy.action.promote]
approvals = 2
[clusters.main]
engine = "postgres"
channel = "ops"
[clusters.main.policy.destructive]
expires = "10m"
[clusters.main.nodes.db1]
host = "db1.example.org"
user = "seconder"
data = "/data"
bin = "/bin"
"""


def loaded(tmp_path: Path, text: str) -> object:
    path = tmp_path / "seconder.toml"
    path.write_text(text)
    return load_settings(path)


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text)
    return caught.value.message


def test_a_good_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "seconder.toml"
    path.write_text(GOOD)
    settings = load_settings(path)
    dba = frozenset({"dba"})
    assert settings.policy.rule(Risk.DESTRUCTIVE, "promote", "main") == Rule(2, dba, dba, 600)
    assert settings.policy.rule(Risk.DESTRUCTIVE, "resync", "other") == Rule(1, dba, dba, 1800)
    assert settings.roster.by_account("T0OTHER/U1ANA") == settings.roster.by_account("T0SITE/U0ANA")
    assert settings.clusters["main"].node("db1").work == "/var/lib/seconder"


def test_looking_needs_no_policy_but_changing_does(tmp_path: Path) -> None:
    path = tmp_path / "seconder.toml"
    path.write_text("")
    policy = load_settings(path).policy
    assert isinstance(policy.rule(Risk.READ, "status", "main"), Rule)
    assert isinstance(policy.rule(Risk.CHANGE, "backup", "main"), Refusal)


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    wrong = GOOD.replace("approvals = 0", "aprovals = 0").replace('data = "/data"', 'data = "data"')
    said = faults(tmp_path, wrong)
    assert "line 10: policy.change.aprovals" in said
    assert "line 9: policy.change.approvals" in said
    assert "clusters.main.nodes.db1.data" in said
    assert said.startswith("seconder.toml has 3 faults")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approvals = 1", "approvals = 0", "a destructive step needs at least 1"),
        ('from = ["dba"]', 'from = ["dbas"]', "nobody is in the group 'dbas'"),
        ('slack = ["T0SITE/U0BEN"]', 'slack = ["T0SITE/U0ANA"]', "already ana's"),
        ('expires = "30m"', 'expires = "soon"', "a duration such as"),
        ('channel = "ops"', 'channel = "ops"\nbackups = "db9:/x"', "NODE:/folder"),
        ("[policy.action.promote]", '[policy.action.promote]\nfrom = ["dbs"]', "nobody is in the group 'dbs'"),
        ('expires = "10m"', 'expires = "10m"\npropose = ["dbs"]', "nobody is in the group 'dbs'"),
        ("[policy.change]", "[policy.change", "not TOML"),
        ('slack = ["T0SITE/U0BEN"]', 'slack = ["ben@example.org"]', "people.ben.slack"),
        ("[policy.change]", "[windows.w]\ndays = []\n[policy.change]", "never opens"),
        (
            "[policy.change]",
            '[windows.w]\nsince = "2026-02-30T00:00"\nuntil = "2026-03-02T00:00"\n[policy.change]',
            "there is no such moment as 2026-02-30",
        ),
        ("[policy.change]", '[schedules.n]\nrun = "x"\nas = "zoe"\nat = "02:30"\n[policy.change]', "no [people.zoe]"),
        (
            "[policy.change]",
            '[schedules.n]\nrun = "x"\nas = "ana"\nat = "02:30"\ndays = ["1"]\n[policy.change]',
            "schedules.n.days",
        ),
        ("[policy.change]", '[anchors]\nnodes = ["main/db9"]\n[policy.change]', "CLUSTER/NODE"),
        ('channel = "ops"', 'channel = "ops"\nmanager = "patroni"\nmanager_config = "/c"', "go together"),
        ('channel = "ops"', 'channel = "ops"\nmanager_program = "/p"\nmanager_config = "/c"', "go together"),
        ('channel = "ops"', 'channel = "ops"\nmanager = "stolon"', "clusters.main.manager"),
        ('channel = "ops"', 'channel = "ops"\nmanager_program = "/bin/sh -c"', "clusters.main.manager_program"),
    ],
)
def test_a_contradiction_is_a_fault(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in faults(tmp_path, GOOD.replace(old, new))


def test_a_file_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_settings(tmp_path / "none.toml")


def test_every_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "SLACK_APP_TOKEN").write_text("xapp-credential\n")
    (tmp_path / "bot").write_text("xoxb-file\n")
    given = {"SLACK_BOT_TOKEN_FILE": str(tmp_path / "bot"), "CREDENTIALS_DIRECTORY": str(tmp_path)}
    environment = read_environment(given)
    assert (environment.bot_token, environment.app_token) == ("xoxb-file", "xapp-credential")
    assert "xoxb" not in repr(environment)


def test_who_manages_a_cluster_is_read_with_its_program(tmp_path: Path) -> None:
    told = 'manager = "repmgr"\nmanager_program = "/bin/repmgr"\nmanager_config = "/etc/{node}.conf"'
    path = tmp_path / "seconder.toml"
    path.write_text(GOOD.replace('channel = "ops"', f'channel = "ops"\n{told}', 1))
    assert load_settings(path).clusters["main"].managed == Managed("repmgr", "/bin/repmgr", "/etc/{node}.conf")
    path.write_text(GOOD)
    assert load_settings(path).clusters["main"].managed == Managed()
