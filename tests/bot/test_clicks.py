from dataclasses import replace

from approvals.model import State
from bot.clicks import again
from bot.words import split, understand
from tests.bot.test_texts import request
from tests.bot.test_words import CLUSTERS, RESYNC, SPECS
from tests.fixtures.house import a_plan


def test_asking_again_keeps_every_option() -> None:
    asked = {"cluster": "main", "node": "db2", "rebuild": True, "from": "db1"}
    text = again(request(State.EXPIRED, replace(a_plan(), asked=asked)), RESYNC)
    assert text == "resync main db2 --rebuild --from db1"
    words = understand(split(text), SPECS, CLUSTERS)
    assert {"cluster": "main", **words.arguments} == asked
