"""The window in which something is asked for by choosing instead of typing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot import modals, proposing
from bot.blocks import Block
from bot.commands import Commands, text_of
from bot.proposing import CALLBACK, TELLING, Chosen
from bot.texts import Texts
from core.errors import Unreachable
from core.plan import Risk
from core.spec import Spec

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proposals:
    """Opens the window, draws it again after a choice, and reads it. What it gives are the words of a command."""

    client: WebClient
    texts: Texts
    commands: Commands

    def open(self, body: Mapping[str, object], text: str) -> bool:
        """Open it for `/db` alone, or for an action's name alone; False when the words are to be read as they are.

        Raises Unreachable when it can't be opened for an action: its name alone must not start what nobody looked at.
        """
        word = text.strip().lower()
        fixed = next((spec for spec in self._specs() if spec.name == word and spec.risk is not Risk.READ), None)
        if word and fixed is None:
            return False
        chosen = Chosen(action=fixed.name, fixed=True) if fixed else Chosen()
        view = self._view(chosen, text_of(body, "channel_id"))
        try:
            self.client.views_open(trigger_id=text_of(body, "trigger_id"), view=view)
        except (SlackApiError, SlackClientError, OSError) as error:
            _log.warning("Slack did not open a window: %s", error)
            if fixed is None:
                return False
            said = f"Slack did not open the window for {fixed.name}, and nothing was asked for."
            raise Unreachable(said, f"Type it with the cluster: {fixed.name} CLUSTER.") from error
        return True

    def chose(self, body: Mapping[str, object]) -> bool:
        """Draw the window again for what was chosen in it; False when the click was in no such window."""
        view, actions = body.get("view"), body.get("actions")
        if not isinstance(view, Mapping) or view.get("callback_id") != CALLBACK or not isinstance(actions, list):
            return False
        if actions and actions[0].get("action_id") in TELLING:
            again = self._view(proposing.changed(view, actions[0]), modals.read(view).channel)
            try:
                self.client.views_update(view_id=str(view.get("id")), view=again)
            except (SlackApiError, SlackClientError, OSError) as error:  # closed by now; or the next choice mends it
                _log.warning("Slack did not redraw a window: %s", error)
        return True

    def missing(self, view: Mapping[str, object]) -> dict[str, str]:
        """Say what is not chosen yet, by block."""
        return proposing.missing(proposing.chosen(view), self._specs())

    def words(self, view: Mapping[str, object]) -> str:
        """Give the words of the command that was put together."""
        return proposing.words(proposing.chosen(view), self._specs())

    def _view(self, chosen: Chosen, channel: str) -> Block:
        return proposing.view(self.texts, self._specs(), self.commands.road.sites.clusters, chosen, channel)

    def _specs(self) -> Sequence[Spec]:
        return [action.spec for action in self.commands.road.catalogue.values()]
