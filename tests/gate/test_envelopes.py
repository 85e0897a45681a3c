"""Must-pass cases 12, 21, 23 and 26: what Slack says twice, two names of one thing, long plans, a cut record."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from approvals.model import Request
from audit.chain import Head
from audit.ledger import head
from audit.verify import verify_store
from bot.cards import card_fits
from bot.inbox import Inbox, Payload
from bot.settings import load_settings
from bot.texts import Texts
from core.errors import ConfigurationError
from core.plan import Kind, Step
from tests.bot.test_settings import GOOD
from tests.gate.scene import Scene, a_plan

CLICK = {"type": "block_actions", "trigger_id": "13345224609.738474920.8088930838d88f008e0"}


@pytest.mark.parametrize(
    "again",
    [
        {**CLICK, "seconder_envelope": "e-1"},
        {**CLICK, "seconder_envelope": "e-2"},
        {**CLICK, "seconder_envelope": "e-1", "retry_attempt": 1},
    ],
    ids=["the same envelope", "in another envelope", "as a retry"],
)
def test_12_what_slack_says_again_is_worked_on_once(scene: Scene, again: Payload) -> None:
    worked: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        inbox = Inbox(scene.store, scene.clock, pool, lambda kind, _body: worked.append(kind))
        assert inbox.take("click", {**CLICK, "seconder_envelope": "e-1"})
        assert not inbox.take("click", again)
    with ThreadPoolExecutor(1) as pool:  # after a restart, and five minutes later
        scene.clock.forward(300)
        later = Inbox(scene.store, scene.clock, pool, lambda kind, _body: worked.append(kind))
        assert not later.take("click", again)
        later.take_up()
    assert worked == ["click"]


def test_12_what_comes_out_of_order_finds_the_request_as_it_is(scene: Scene) -> None:
    request = scene.asked("ana")
    scene.gate.withdraw(scene.actor("ana"), request)
    came = scene.approves("ben", request)  # pressed before, delivered after
    assert not isinstance(came, Request)
    assert came.code == "TOO-LATE"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[clusters.main]\nengine = "postgres"\n', "not TOML"),
        ('[clusters.all]\nengine = "postgres"\nchannel = "ops"\n[clusters.all.nodes.db1]\nhost = "x"\n', "means every"),
        (
            """[clusters.copy]
engine = "postgres"
channel = "ops"
[clusters.copy.nodes.db9]
host = "db1.example.org"
""",
            "already main/db1",
        ),
    ],
    ids=["the same name twice", "the name of everything", "another name for the same server"],
)
def test_21_a_cluster_has_one_name_and_a_server_one_cluster(tmp_path: Path, more: str, said: str) -> None:
    path = tmp_path / "seconder.toml"
    path.write_text(GOOD + more + 'user = "seconder"\ndata = "/data"\nbin = "/bin"\n')
    with pytest.raises(ConfigurationError, match=said):
        load_settings(path)


def test_23_a_card_that_shows_less_than_the_plan_is_not_enough_to_approve(scene: Scene) -> None:
    many = tuple(Step(f"s{n}", {}, f"do the {n}th thing to every table", Kind.PROBE, 5) for n in range(200))
    long, short = scene.asked("ana", replace(a_plan(), steps=many)), scene.asked("ana")
    fits = {request: card_fits(Texts(), found) for request in (long, short) if (found := scene.gate.find(request))}
    assert fits == {long: False, short: True}


def cut(scene: Scene, statement: str) -> None:
    """What somebody does who has the database and takes the guard away first."""
    postgres = urlsplit(scene.store.url).scheme != "sqlite"
    if postgres:
        guard = ["ALTER TABLE audit_event DISABLE TRIGGER USER"]
    else:
        guard = [f"DROP TRIGGER audit_event_{name}" for name in ("no_update", "no_delete", "link")]
    if postgres:
        with scene.store.engine.begin() as connection:
            for line in ("BEGIN", *guard, statement):
                connection.execute(text(line))
    else:
        with sqlite3.connect(scene.store.url.removeprefix("sqlite:///")) as plain:
            for line in (*guard, statement):
                plain.execute(line)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE audit_event SET actor = 'dan' WHERE seq = 2", "column"),
        ("DELETE FROM audit_event WHERE seq = 2", "gap"),
        ("DELETE FROM audit_event WHERE seq > 3", "truncated"),
    ],
)
def test_26_what_is_done_to_the_record_shows(scene: Scene, statement: str, kind: str) -> None:
    for _ in range(3):
        scene.approves("ben", scene.asked("ana"))
    with scene.store.reading() as session:
        anchor: Head = head(session)
    assert verify_store(scene.store.url, [anchor]).bad is None
    cut(scene, statement)
    bad = verify_store(scene.store.url, [anchor]).bad
    assert bad is not None
    assert bad.kind == kind
