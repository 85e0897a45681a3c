"""The wire to Slack: Bolt over Socket Mode, where everything is acknowledged and nothing is worked on."""

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from core.errors import SeconderError

_log = logging.getLogger(__name__)
PING = 2  # seconds: the built-in client then notices a silent cut after 11 s instead of 54
LONGEST_ERROR = 1000  # characters under a field
LISTENERS = 32  # Bolt's default of 5 stops acknowledging when 5 handlers are busy
_ANY = re.compile(".*", re.DOTALL)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}

Take = Callable[[str, dict[str, object]], object]
Check = Callable[[dict[str, object]], dict[str, str]]
Sorry = Callable[[str, dict[str, object], SeconderError], None]


class Handler(SocketModeHandler):
    """Keeps the envelope's id, which Bolt drops before listeners see it."""

    def handle(self, client: BaseSocketModeClient, req: SocketModeRequest) -> None:
        """Put the envelope's id into the payload."""
        req.payload["seconder_envelope"] = req.envelope_id
        super().handle(client, req)  # type: ignore[arg-type]  # it narrows what its own base allows


def build_app(client: WebClient, take: Take, check_submission: Check, sorry: Sorry) -> App:
    """Build a Bolt app that catches everything, so that nothing stays unacknowledged.

    ``take`` keeps a payload; ``check_submission`` gives what is wrong with a modal, by block; ``sorry`` tells whoever
    acted that nothing could be kept, so that nothing was done.
    """
    app = App(
        client=client,
        token_verification_enabled=False,
        listener_executor=ThreadPoolExecutor(LISTENERS, thread_name_prefix="ack"),
    )

    def kept(kind: str) -> Callable[[Ack, dict[str, object]], None]:
        def listener(ack: Ack, body: dict[str, object]) -> None:
            try:
                take(kind, body)
            except SeconderError as error:
                _log.error("%s", error)  # known: its words say it all
                if kind == "command":  # the one acknowledgement that can carry words
                    ack(f"⛔ {error.message} Nothing was done. {error.hint}")
                    return
                ack()
                sorry(kind, body, error)
                return
            ack()

        return listener

    def submitted(ack: Ack, body: dict[str, object]) -> None:
        try:
            wrong = check_submission(body)
            if wrong:
                ack(response_action="errors", errors=wrong)
                return
            take("submission", body)
        except SeconderError as error:
            _log.error("%s", error)  # known: its words say it all
            ack(response_action="errors", errors=_under_the_first_field(body, error))
            return
        ack()

    app.command(_ANY)(kept("command"))
    app.action(_ANY)(kept("click"))
    app.view(_ANY)(submitted)
    app.event("app_mention")(kept("mention"))
    for quiet in (app.options(_ANY), app.shortcut(_ANY), app.event(_ANY), app.view_closed(_ANY)):
        quiet(_acknowledge)
    return app


def open_socket(app: App, app_token: str, api_url: str) -> Handler:
    """Give the handler, ready to connect. The client's proxy is off when the API is on this machine."""
    handler = Handler(app, app_token, ping_interval=PING, concurrency=LISTENERS)
    if urlsplit(api_url).hostname in _LOOPBACK:
        handler.client.proxy = None  # the WebSocket client takes HTTP_PROXY and ignores NO_PROXY
    return handler


def _under_the_first_field(body: dict[str, object], error: SeconderError) -> dict[str, str]:
    """Keep the window open with what was typed, and say under its first field why it was not taken."""
    view = body.get("view")
    blocks = view.get("blocks", []) if isinstance(view, dict) else []
    field = next((str(block.get("block_id")) for block in blocks if block.get("type") == "input"), "none")
    return {field: f"{error.message} Nothing was done. {error.hint}"[:LONGEST_ERROR]}


def _acknowledge(ack: Ack) -> None:
    ack()
