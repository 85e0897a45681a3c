"""What the driver shows: messages, open views, calls, and all that one person sees."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sandbox.slack.asked import Asked
from sandbox.slack.messages import Channel
from sandbox.slack.people import TEAM, TEAM_NAME, User
from sandbox.slack.scene import Scene
from sandbox.slack.shapes import Json, SlackError, Wrong
from sandbox.slack.web_api import WebApi

Found = TypeVar("Found")


class Looking:
    """The looks, by the last part of their path."""

    def __init__(self, scene: Scene, api: WebApi) -> None:
        """Keep the scene and the calls."""
        self._scene, self._space, self._api = scene, scene.space, api
        self.looks = {
            "messages": self.messages,
            "views": self.views,
            "home": self.home,
            "calls": self.calls,
            "envelopes": self.envelopes,
            "state": self.state,
        }

    async def messages(self, asked: Asked) -> Json:
        """List a channel, oldest first: ``since`` a ts; ``user`` adds what only they see.

        ``wait`` (seconds) waits until there is something to list; with ``rev`` until something changed after it.
        """
        user = self._user(asked) if asked.maybe("user") else None
        channel = self._channel(asked, user)
        since, rev = asked.text("since", ""), asked.number("rev")

        def listed() -> list[Json]:
            return [
                message.as_seen()
                for message in channel.messages.values()
                if message.seen_by(user.id if user else None) and message.ts > since
            ]

        if rev is not None:
            await self._wait(asked, lambda: self._space.changes.rev > rev)
            found = listed()
        else:
            found = await self._wait(asked, listed)
        return {"ok": True, "rev": self._space.changes.rev, "messages": found}

    async def views(self, asked: Asked) -> Json:
        """List somebody's open views, the top one last; ``wait`` (seconds) waits for one."""
        user = self._user(asked)
        views = await self._wait(asked, lambda: [view.as_seen() for view in self._space.views.of(user.id)])
        return {"ok": True, "rev": self._space.changes.rev, "views": views}

    async def home(self, asked: Asked) -> Json:
        """Give what the app published on somebody's Home tab."""
        home = self._space.views.homes.get(self._user(asked).id)
        return {"ok": True, "view": home.as_seen() if home else None}

    async def calls(self, asked: Asked) -> Json:
        """List the Web API calls as they came, oldest first; ``method`` for one kind."""
        method = asked.maybe("method")
        return {"ok": True, "calls": [call for call in self._api.calls if method in {None, call["method"]}]}

    async def envelopes(self, _asked: Asked) -> Json:
        """List what was sent to the app, and how soon it was acknowledged."""
        return {"ok": True, "sockets": len(self._scene.wire.links), "envelopes": list(self._scene.wire.log)}

    async def state(self, asked: Asked) -> Json:
        """Give all that one person sees; ``since`` a rev and ``wait`` seconds wait for news."""
        user, since = self._user(asked), asked.number("since")
        if since is not None:
            await self._wait(asked, lambda: self._space.changes.rev > since)
        space, notice = self._space, self._space.notices.get(user.id)
        return {
            "rev": space.changes.rev,
            "team": {"id": TEAM, "name": TEAM_NAME},
            "users": [self._person(each) for each in space.users.values()],
            "channels": [
                {"id": each.id, "name": each.payload_name}
                for each in space.channels.values()
                if user.id in each.members
            ],
            "messages": [message.as_seen() for message in space.seen_by(user.id)],
            "views": [view.as_seen() for view in space.views.of(user.id)],
            "notice": {"text": notice} if notice else None,
        }

    def _person(self, user: User) -> Json:
        groups = [group.handle for group in self._space.groups.values() if user.id in group.members]
        return {"id": user.id, "name": user.name, "real_name": user.real_name, "kind": user.kind, "groups": groups}

    async def _wait(self, asked: Asked, look: Callable[[], Found]) -> Found:
        changes, until = self._space.changes, asyncio.get_running_loop().time() + asked.seconds("wait")
        while not (found := look()) and await changes.after(changes.rev, until):
            pass
        return found

    def _user(self, asked: Asked) -> User:
        return self._scene.user(asked.text("user"))

    def _channel(self, asked: Asked, user: User | None) -> Channel:
        if user is not None:
            return self._scene.place(user, asked.text("channel"))
        try:
            return self._space.channel(asked.text("channel"))
        except SlackError:
            raise Wrong(f"There is no channel {asked.text('channel')!r}.", 404) from None
