"""Answers that only the person who asked can see."""

import logging
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from bot.cards import Message

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """Where an answer goes. The response URL works in every channel; without one the channel is used."""

    client: WebClient
    channel: str
    user: str
    response_url: str = ""

    def privately(self, message: Message) -> None:
        """Show a message to this person only; what can't be delivered is logged, never raised."""
        try:
            if not self._by_url(message) and self.channel:
                self.client.chat_postEphemeral(
                    channel=self.channel, user=self.user, text=message.text, blocks=message.blocks
                )
        except (SlackApiError, SlackClientError, OSError) as error:
            _log.warning("An answer to %s could not be delivered: %s", self.user, error)

    def _by_url(self, message: Message) -> bool:
        if not self.response_url:
            return False
        url = WebhookClient(self.response_url, proxy=self.client.proxy)
        sent = url.send(text=message.text, blocks=message.blocks, response_type="ephemeral", replace_original=False)
        return sent.status_code == 200  # noqa: PLR2004  # HTTP OK
