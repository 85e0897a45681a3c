from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from slack_sdk import WebClient

from approvals.model import Request, State
from bot.clicks import Clicks, again
from bot.commands import Commands
from bot.modals import Submission
from bot.reply import Reply
from bot.wiring import House
from bot.words import split, understand
from tests.bot.test_texts import request
from tests.bot.test_words import CLUSTERS, RESYNC, SPECS
from tests.fixtures.house import a_plan
from tests.fixtures.small import actor_of, small_house


def test_asking_again_keeps_every_option() -> None:
    asked = {"cluster": "main", "node": "db2", "rebuild": True, "from": "db1"}
    text = again(request(State.EXPIRED, replace(a_plan(), asked=asked)), RESYNC)
    assert text == "resync main db2 --rebuild --from db1"
    words = understand(split(text), SPECS, CLUSTERS)
    assert {"cluster": "main", **words.arguments} == asked


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = small_house(tmp_path)
    yield opened
    opened.close()


def clicks(house: House, deciding: list[tuple[str, int]]) -> Clicks:
    """What deals with clicks; notes each request that is being decided on, and how many votes it has by then."""

    def note(request: str) -> None:
        found = house.gate.find(request)
        deciding.append((request, len(found.votes) if found else 0))

    client = WebClient("", base_url="http://127.0.0.1:9/api/")
    commands = Commands(house.road, house.texts, "/db", lambda _actor: None, lambda: None, house.verbs)
    return Clicks(house.gate, house.stops, commands, house.texts, client, lambda: None, note)


def test_an_approval_is_said_to_come_before_it_is_counted(house: House) -> None:
    plan = a_plan()
    asked = house.gate.open(actor_of(house, "ana"), plan, origin="t", channel="ops")
    assert isinstance(asked, Request)
    said: list[tuple[str, int]] = []
    dealing = clicks(house, said)
    sent = Submission("request.approve", asked.id, "ops", {"target": plan.target})
    dealing.submit(actor_of(house, "ben"), sent, Reply(dealing.client, "", "U0BEN"))
    found = house.gate.find(asked.id)
    assert found is not None
    assert (said, found.state, len(found.votes)) == ([(asked.id, 0)], State.APPROVED, 1)
