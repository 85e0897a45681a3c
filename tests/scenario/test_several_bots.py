"""Two bots share a store on a server: each thing is said once and done once, also when one of them freezes."""

import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from audit.verify import verify_store
from sandbox.cluster import DemoCluster
from tests.fixtures.postgres import cluster
from tests.fixtures.product import until
from tests.fixtures.several_bots import Bot, SeveralBots
from tests.fixtures.slack_hands import Hands
from tests.fixtures.sshd import Sshd, sshd
from tests.fixtures.stores import _named, _on_server

__all__ = ["cluster", "sshd"]
pytest_plugins = ["tests.fixtures.slack_standin"]
pytestmark = [pytest.mark.postgres, pytest.mark.sshd]
TAKE_OVER = 90.0  # seconds: 30 without a sign of life, a look every 2, and the rest of the run


@pytest.fixture
def team(tmp_path: Path, cluster: DemoCluster, sshd: Sshd, hands: Hands, server_url: str) -> Iterator[SeveralBots]:
    name = f"store_{uuid4().hex[:12]}"
    _on_server(server_url, f"CREATE DATABASE {name}")
    made = SeveralBots(tmp_path, cluster, sshd, hands, _named(server_url, name))
    made.begin()
    made.connected()
    made.begin()
    made.connected()
    yield made
    made.end()
    _on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def asked(team: SeveralBots, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(team.store.replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def owner(team: SeveralBots) -> Bot:
    """The bot that carries out the run which is under way."""
    name = until(lambda: asked(team, "SELECT owner FROM run WHERE ended_at IS NULL"))[0][0]
    pid = int(str(name).split(":")[-2])
    (found,) = [bot for bot in team.bots if bot.process.pid == pid]
    return found


def timeline(cluster: DemoCluster, node: str) -> int:
    with psycopg.connect(cluster.nodes[node].dsn(), autocommit=True) as connection:
        row = connection.execute("SELECT timeline_id FROM pg_control_checkpoint()").fetchone()
    assert row is not None
    return int(row[0])


def test_two_bots_do_and_say_each_thing_once_and_a_frozen_one_is_followed_and_fenced(
    team: SeveralBots, cluster: DemoCluster
) -> None:
    request = team.ask("ana", "backup main")
    team.shows(request, "succeeded")
    assert asked(team, "SELECT count(*) FROM run") == [(1,)]

    request = team.ask("ana", "promote main db2")
    team.approve("ben", request, "db2")
    frozen = owner(team)
    until(lambda: asked(team, "SELECT 1 FROM step WHERE state = 'started'"))
    frozen.signal(signal.SIGSTOP)
    team.shows(request, "succeeded", TAKE_OVER)
    frozen.signal(signal.SIGCONT)
    until(lambda: "taken over by another bot" in frozen.log)
    assert (cluster.primary(), timeline(cluster, "db2")) == ("db2", 2)

    cards = [str(one["metadata"]["event_payload"]["request"]) for one in team.cards()]
    assert len(cards) == len(set(cards)) == 2
    assert asked(team, f"SELECT epoch, outcome FROM run WHERE request = '{request}'") == [(2, "succeeded")]
    again = (
        "SELECT step, count(*) FROM audit_event WHERE action = 'step.outcome' AND outcome = 'success' GROUP BY 1, run"
    )
    assert {count for _, count in asked(team, again)} == {1}
    ends = [one for one in team.hands.messages() if one["thread_ts"] and "ana" in one["text"].lower()]
    assert len({one["text"] for one in ends}) == len(ends)
    assert verify_store(team.store).ok


def test_a_bot_with_another_configuration_does_not_serve_beside_them(team: SeveralBots) -> None:
    odd = team.begin(lambda text: text.replace('expires = "30m"', 'expires = "20m"'))
    assert odd.process.wait(30) == 2
    assert "serves this store with another configuration" in odd.log
    checked = team.program(team.bots[0], "check")
    assert "owns the record, and could take its guard away" in checked
    assert str(make_url(team.store).password) not in checked + odd.log
