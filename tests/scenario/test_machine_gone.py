"""The primary's whole machine is gone: nobody can fence it, so a person answers for its being off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.cluster import DemoCluster
from tests.fixtures.postgres import cluster
from tests.fixtures.product import until, words
from tests.fixtures.several_bots import SeveralBots
from tests.fixtures.slack_hands import Hands
from tests.fixtures.sshd import Sshd, sshd

__all__ = ["cluster", "sshd"]
pytest_plugins = ["tests.fixtures.slack_standin"]
pytestmark = [pytest.mark.postgres, pytest.mark.sshd]
NOBODY = 1  # a port behind which nobody listens


@pytest.fixture
def team(tmp_path: Path, cluster: DemoCluster, sshd: Sshd, hands: Hands) -> Iterator[SeveralBots]:
    made = SeveralBots(tmp_path, cluster, sshd, hands, f"sqlite:///{tmp_path / 'store.db'}")
    port = f"ssh_port = {sshd.port}"
    made.begin(lambda text: text.replace(port, f"ssh_port = {NOBODY}", 1))  # db1 stands first
    made.connected()
    yield made
    made.end()


def deaf(cluster: DemoCluster) -> bool:
    """Whether no standby has a receiver any more."""
    for name in ("db2", "db3"):
        with cluster.connect(name) as connection:
            if connection.execute("SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'").fetchone():
                return False
    return True


def test_the_second_person_types_that_the_machine_is_off_and_the_standby_takes_over(
    cluster: DemoCluster, team: SeveralBots
) -> None:
    cluster.kill("db1")
    until(lambda: deaf(cluster))
    request = team.ask("ana", "promote main")
    shown = words(team.card(request))
    assert "DATA MAY BE LOST" in shown
    assert "LOSS UNKNOWN: db1 can't be read" in shown
    assert "You will type *db1 IS OFF*" in shown
    team.approve("ben", request, "db2")
    assert "DATA MAY BE LOST" in words(team.card(request))  # that is not what was to be typed: still open
    team.approve("ben", request, "db1 IS OFF")
    ended = team.shows(request, "succeeded")
    assert "db2" in ended
    assert cluster.primary() == "db2"
