"""The driver: what programs and the page do in somebody's name, under /sandbox/."""

from sandbox.slack import payloads
from sandbox.slack.asked import Asked
from sandbox.slack.people import User
from sandbox.slack.pressing_acts import click, click_in_view, seen_message, shortcut, suggest
from sandbox.slack.scene import Scene
from sandbox.slack.shapes import Json, Wrong
from sandbox.slack.typing_acts import command, mention, open_home, say
from sandbox.slack.view_acts import close, open_view, submit
from sandbox.slack.views import View


class Driver:
    """The acts, by the last part of their path. Each raises Wrong, with a sentence, for what can't be done."""

    def __init__(self, scene: Scene) -> None:
        """Keep the scene."""
        self._scene = scene
        self.acts = {
            "command": self.command,
            "click": self.click,
            "submit": self.submit,
            "mention": self.mention,
            "say": self.say,
            "close-view": self.close_view,
            "suggest": self.suggest,
            "shortcut": self.shortcut,
            "home": self.home,
        }

    async def command(self, asked: Asked) -> Json:
        """Type a slash command. Threads have none (slack.md 1.9)."""
        user, word = self._user(asked), asked.text("command")
        channel = self._scene.place(user, asked.text("channel"))
        if asked.maybe("thread_ts"):
            raise Wrong(f"{word} is not supported in threads. Sorry!")
        return await command(self._scene, user, channel, word, asked.text("text", ""))

    async def click(self, asked: Asked) -> Json:
        """Press something on a message (``ts``, perhaps an older ``version``) or in an open view (``view_id``)."""
        user = self._user(asked)
        wanted: Json = {
            "action_id": asked.text("action_id", ""),
            "label": asked.text("label", ""),
            "block_id": asked.text("block_id", ""),
            "version": asked.number("version"),
            "confirm": asked.flag("confirm"),
            "value": asked.fields.get("value"),
        }
        if not wanted["action_id"] and not wanted["label"]:
            raise Wrong('Say what to press: "action_id" or "label".')
        if asked.maybe("view_id"):
            view = self._view(user, asked.text("view_id"))
            return await click_in_view(self._scene, user, view, wanted, asked.nested("values"))
        channel = self._scene.place(user, asked.text("channel"))
        message = seen_message(self._scene.space, user, channel, asked.text("ts"))
        return await click(self._scene, user, channel, message, wanted)

    async def submit(self, asked: Asked) -> Json:
        """Fill an open view in and send it."""
        user = self._user(asked)
        view = open_view(self._scene, user, asked.text("view_id"))
        return await submit(self._scene, user, view, asked.nested("values"))

    async def mention(self, asked: Asked) -> Json:
        """Write a message that names the bot."""
        user = self._user(asked)
        channel = self._scene.place(user, asked.text("channel"))
        return await mention(self._scene, user, channel, asked.text("text"), asked.maybe("thread_ts"))

    async def say(self, asked: Asked) -> Json:
        """Write a message."""
        user = self._user(asked)
        channel = self._scene.place(user, asked.text("channel"))
        return await say(self._scene, user, channel, asked.text("text"), asked.maybe("thread_ts"))

    async def close_view(self, asked: Asked) -> Json:
        """Close an open view; ``clear`` closes all."""
        user = self._user(asked)
        view = open_view(self._scene, user, asked.text("view_id"))
        return await close(self._scene, user, view, clear=bool(asked.flag("clear")))

    async def suggest(self, asked: Asked) -> Json:
        """Type ``value`` into a menu whose options the app gives."""
        user = self._user(asked)
        if asked.maybe("view_id"):
            view = self._view(user, asked.text("view_id"))
            where, blocks = payloads.in_view(view), view.body["blocks"]
        else:
            channel = self._scene.place(user, asked.text("channel"))
            message = seen_message(self._scene.space, user, channel, asked.text("ts"))
            where, blocks = payloads.on_message(channel, message, message.content), message.content.pressable
        return await suggest(self._scene, user, where, blocks, asked.text("action_id"), asked.text("value", ""))

    async def shortcut(self, asked: Asked) -> Json:
        """Choose a shortcut by its ``callback_id``, on a message (``channel``, ``ts``) or anywhere."""
        user, callback_id = self._user(asked), asked.text("callback_id")
        if not asked.maybe("ts"):
            return await shortcut(self._scene, user, callback_id, None, None)
        channel = self._scene.place(user, asked.text("channel"))
        message = seen_message(self._scene.space, user, channel, asked.text("ts"))
        return await shortcut(self._scene, user, callback_id, channel, message)

    async def home(self, asked: Asked) -> Json:
        """Open the Home tab."""
        return await open_home(self._scene, self._user(asked))

    def _user(self, asked: Asked) -> User:
        return self._scene.user(asked.text("user"))

    def _view(self, user: User, view_id: str) -> View:
        home = self._scene.space.views.homes.get(user.id)
        return home if home is not None and home.id == view_id else open_view(self._scene, user, view_id)
