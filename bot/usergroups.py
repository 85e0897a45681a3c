"""Who is in the user groups of Slack that feed groups of the roster, for a minute at most: then nobody is."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.blocks import short

_log = logging.getLogger(__name__)
FRESH = 60.0  # seconds that an answer is believed
ASK_AFTER = 20.0  # seconds after which it is asked for anew: three answers a minute, of Slack's twenty (tier 2)
PAUSE = 5.0  # seconds until a feed that failed is asked again, if Slack names no other time
_NO_SUCH = "no_such_subteam"  # unknown, or disabled
_WORDS = 100  # characters of an error that are kept

Feeds = Mapping[str, str]


@dataclass(frozen=True)
class _Known:
    """One source as it is known: accounts, or None; ``at`` is when that was asked; ``next_at`` is when to ask again."""

    accounts: frozenset[str] | None = None
    at: float = 0.0
    next_at: float = 0.0
    trouble: str = ""


@dataclass(frozen=True)
class _Failed:
    """Slack gave no members. ``gone``: it said that there is no such group. ``silent``: it did not answer at all."""

    why: str
    pause: float = PAUSE
    gone: bool = False
    silent: bool = False


class UserGroups:
    """Keeps the members of user groups. Only ids count: the names of groups and people in Slack never do."""

    def __init__(
        self, client: WebClient, feeds: Feeds | Callable[[], Feeds], now: Callable[[], float] = time.monotonic
    ) -> None:
        """Keep what feeds which group: ``{group: "TEAM/S…"}``, or where to look that up each time. Asks nothing yet."""
        self._client, self._now = client, now
        self._feeds: Callable[[], Feeds] = feeds if callable(feeds) else lambda: feeds
        self._known: dict[str, _Known] = {}  # by source: a group that gets another source begins with nothing
        self._guard, self._turn = threading.Lock(), threading.Lock()

    def refresh(self) -> None:
        """Ask Slack for every feed whose answer is older than 20 s. A failure is logged, and keeps the old answer.

        Never raises, unless ``feeds`` does. When Slack is silent the others wait for the next time: so this takes no
        longer than one call that fails.
        """
        with self._turn:
            for source in self._due():
                asked_at, answer = self._now(), self._ask(source)
                self._keep(source, asked_at, answer)
                if isinstance(answer, _Failed) and answer.silent:
                    return

    def members(self, group: str) -> frozenset[str] | None:
        """Give a group's accounts (``TEAM/USER``); None when nobody may act by it: unknown, or older than 60 s."""
        known = self._of(group)
        return None if self._now() - known.at > FRESH else known.accounts

    def fed(self) -> frozenset[str]:
        """Give the names of the groups that are fed."""
        return frozenset(self._feeds())

    def trouble(self, group: str) -> str:
        """Say what came last instead of a group's members; empty when they came, or nobody was asked yet."""
        return self._of(group).trouble

    def _of(self, group: str) -> _Known:
        source = self._feeds().get(group, "")
        with self._guard:
            return self._known.get(source, _Known())

    def _due(self) -> list[str]:
        """List the sources to ask, the one that waits longest first, so that one that hangs holds up no other."""
        now, sources = self._now(), set(self._feeds().values())
        with self._guard:
            due = [(self._known[each].next_at if each in self._known else now, each) for each in sources]
        return [source for at, source in sorted(due) if at <= now]

    def _keep(self, source: str, asked_at: float, answer: frozenset[str] | _Failed) -> None:
        with self._guard:
            before = self._known.get(source, _Known())
            if isinstance(answer, _Failed):
                accounts = None if answer.gone else before.accounts
                made = _Known(accounts, before.at, self._now() + answer.pause, answer.why)
            else:
                made = _Known(answer, asked_at, asked_at + ASK_AFTER)
            self._known[source] = made
        if made.trouble and made.trouble != before.trouble:
            _log.warning(
                "The user group %s: %s. Nobody acts by an answer older than %.0f s.", source, made.trouble, FRESH
            )

    def _ask(self, source: str) -> frozenset[str] | _Failed:
        team, _, name = source.partition("/")
        try:
            return _accounts(team, self._client.usergroups_users_list(usergroup=name)["users"])
        except SlackApiError as no:
            return _refused(no)
        except (SlackClientError, HTTPException, OSError):
            return _Failed("Slack is not reached", silent=True)
        except Exception:  # noqa: BLE001  # whatever came instead of an answer, it lets nobody in and stops nothing
            return _Failed("Slack's answer can't be read")


def _accounts(team: str, users: object) -> frozenset[str]:
    if not isinstance(users, list) or not all(isinstance(user, str) and user for user in users):
        raise TypeError("members are a list of ids")
    return frozenset(f"{team}/{user}" for user in users)


def _refused(no: SlackApiError) -> _Failed:
    said = no.response.data if isinstance(no.response.data, dict) else {}
    error = str(said.get("error") or no.response.status_code)
    wait = next((str(value) for name, value in no.response.headers.items() if name.lower() == "retry-after"), "")
    pause = max(PAUSE, float(wait)) if wait.isdecimal() else PAUSE
    return _Failed(f"Slack says {short(error, _WORDS)}", pause, gone=error == _NO_SUCH)
