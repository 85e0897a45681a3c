"""views.*: one view per trigger, three deep, and the Home tab."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.fixtures.slack_hands import Hands, WireApp, button, card, modal

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def error(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as refused:
        call()
    return str(refused.value.response["error"])


def test_a_view_opens_once_per_trigger_and_says_so(app: WireApp, hands: Hands, client: WebClient) -> None:
    hands.command()
    trigger = app.payloads()[-1]["trigger_id"]
    view = client.views_open(trigger_id=trigger, view=modal())["view"]
    assert view["state"] == {"values": {}}
    assert view["root_view_id"] == view["id"]
    assert hands.wait_for_view("ana")["id"] == view["id"]
    assert error(lambda: client.views_open(trigger_id=trigger, view=modal())) == "exchanged_trigger_id"
    assert error(lambda: client.views_open(trigger_id="1.2.x", view=modal())) == "invalid_trigger_id"
    changed = client.views_update(view_id=view["id"], hash=view["hash"], view=modal(callback_id="new"))["view"]
    assert changed["callback_id"] == "new"
    assert error(lambda: client.views_update(view_id=view["id"], hash=view["hash"], view=modal())) == "hash_conflict"
    assert error(lambda: client.views_update(view_id="V404", view=modal())) == "not_found"


def test_a_bad_view_is_refused_and_leaves_the_trigger_unused(app: WireApp, hands: Hands, client: WebClient) -> None:
    hands.command()
    trigger = app.payloads()[-1]["trigger_id"]
    bad = modal(title={"type": "plain_text", "text": "x" * 25})
    assert error(lambda: client.views_open(trigger_id=trigger, view=bad)) == "invalid_arguments"
    assert client.views_open(trigger_id=trigger, view=modal())["ok"] is True


def test_views_are_pushed_three_deep(app: WireApp, hands: Hands, client: WebClient) -> None:
    def trigger() -> str:
        return str(app.payloads()[-1]["trigger_id"])

    hands.command()
    client.views_open(trigger_id=trigger(), view=modal({"type": "actions", "elements": [button("more", "More")]}))
    for _ in range(2):
        hands.act("click", user="ana", view_id=hands.wait_for_view("ana")["id"], action_id="more")
        body = modal({"type": "actions", "elements": [button("more", "More")]})
        client.views_push(trigger_id=trigger(), view=body)
    hands.act("click", user="ana", view_id=hands.wait_for_view("ana")["id"], action_id="more")
    assert error(lambda: client.views_push(trigger_id=trigger(), view=modal())) == "push_limit_reached"
    assert len(hands.look("views", user="ana")["views"]) == 3


def test_a_home_tab_is_published(app: WireApp, hands: Hands, client: WebClient) -> None:
    hands.act("home", user="ana")
    assert app.payloads()[-1]["event"]["type"] == "app_home_opened"
    client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": card(button("go", "Go"))})
    home = hands.look("home", user="ana")["view"]
    assert home["type"] == "home"
    hands.act("click", user="ana", view_id=home["id"], action_id="go")
    assert app.payloads()[-1]["container"] == {"type": "view", "view_id": home["id"]}
    refused = error(lambda: client.views_publish(user_id="U0ANA", view=modal()))
    assert refused == "invalid_arguments"
