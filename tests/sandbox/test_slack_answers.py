"""Response URLs: what an app says back later."""

from typing import Any

from slack_sdk import WebClient
from slack_sdk.webhook import WebhookClient

from tests.fixtures.slack_hands import Hands, WireApp, button, card

pytest_plugins = ["tests.fixtures.slack_standin"]
Json = dict[str, Any]


def test_a_response_url_answers_five_times_even_where_the_bot_is_not(app: WireApp, hands: Hands) -> None:
    hands.command(channel="random")
    webhook = WebhookClient(app.payloads()[-1]["response_url"])
    webhook.proxy = None
    assert webhook.send(text="only ana").status_code == 200
    assert webhook.send(text="all", response_type="in_channel").status_code == 200
    assert webhook.send_dict({"blocks": [{"type": "modal"}]}).status_code == 400
    for number in range(2):
        assert webhook.send(text=str(number)).status_code == 200
    late = webhook.send(text="a sixth")
    assert (late.status_code, late.body) == (404, '{"ok":false,"error":"expired_url"}')
    assert [each["text"] for each in hands.messages("random", user="ana")] == ["only ana", "all", "0", "1"]
    assert [each["text"] for each in hands.messages("random", user="ben")] == ["all"]


def test_a_response_url_replaces_or_deletes_the_ephemeral_that_was_clicked(
    app: WireApp, hands: Hands, client: WebClient
) -> None:
    ts = client.chat_postEphemeral(channel="ops", user="U0ANA", text="menu", blocks=card(button("go", "Go")))[
        "message_ts"
    ]
    hands.act("click", user="ana", channel="ops", ts=ts, action_id="go")
    payload = app.payloads()[-1]
    assert payload["container"]["is_ephemeral"] is True
    assert "message" not in payload
    webhook = WebhookClient(payload["response_url"])
    webhook.proxy = None
    webhook.send(text="chosen", replace_original=True)
    shown = hands.messages(user="ana")
    assert [(each["ts"], each["text"], each["version"]) for each in shown] == [(ts, "chosen", 2)]
    webhook.send(delete_original=True)
    assert hands.messages(user="ana") == []
