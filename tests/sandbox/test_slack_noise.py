"""Whatever is sent, the answer is a sentence and never a crash."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.slack_hands import BOT_TOKEN, Hands, button, card, modal

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]

NAMES = st.sampled_from(["ana", "U0BEN", "ops", "dm", "C0OPS", "go", "reason", "text", "/db", "modal", "home", ""])
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.just("type"), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "user",
    "channel",
    "command",
    "text",
    "ts",
    "action_id",
    "label",
    "version",
    "confirm",
    "view_id",
    "values",
    "thread_ts",
    "name",
    "kind",
    "channels",
    "groups",
    "method",
    "times",
    "status",
    "envelopes",
    "value",
    "wait",
]
ACTS = ("command", "click", "submit", "mention", "say", "close-view", "suggest", "shortcut", "users", "channels")
PARAMS = [
    "channel",
    "ts",
    "text",
    "blocks",
    "view",
    "user",
    "trigger_id",
    "metadata",
    "limit",
    "cursor",
    "thread_ts",
    "attachments",
    "users",
    "types",
    "timestamp",
    "name",
    "view_id",
    "user_id",
    "usergroup",
]
METHODS = (
    "chat.postMessage", "chat.update", "chat.delete", "chat.postEphemeral", "views.open", "views.update",
    "views.publish", "users.info", "users.list", "conversations.info", "conversations.list", "conversations.members",
    "conversations.open", "conversations.history", "conversations.replies", "reactions.add", "bots.info",
)  # fmt: skip
BLOCKS = st.lists(st.sampled_from([*card(button("go", "Go")), *modal()["blocks"]]) | VALUES, max_size=3)
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("act", [*ACTS, "faults"])
def test_noise_to_the_driver_gets_a_sentence(hands: Hands, act: str) -> None:
    @FEW
    @given(st.dictionaries(st.sampled_from(FIELDS), VALUES | NAMES, max_size=6))
    def holds(body: Json) -> None:
        answer = hands.ask(f"/sandbox/{act}", body)
        assert answer.status < 500, (body, answer)
        assert answer.status == 200 or (answer.body["ok"] is False and answer.body["error"])

    holds()
    assert hands.look("state", user="ana")["rev"] >= 0


@pytest.mark.parametrize("method", METHODS)
def test_noise_to_the_web_api_gets_a_word(hands: Hands, method: str) -> None:
    @FEW
    @given(st.dictionaries(st.sampled_from(PARAMS), VALUES | NAMES | BLOCKS, max_size=6))
    def holds(params: Json) -> None:
        answer = hands.ask(
            f"/api/{method}", params, authorization=f"Bearer {BOT_TOKEN}", content_type="application/json"
        )
        assert answer.status == 200, (params, answer)
        assert answer.body["ok"] is True or answer.body["error"]

    holds()
    assert hands.look("state", user="ana")["rev"] >= 0
