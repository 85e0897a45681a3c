"""Views: what is open for whom, three deep at most, and what has been filled in."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.slack.ids import Mint
from sandbox.slack.inputs import chosen, complaint, filled, opened, still
from sandbox.slack.messages import elements, with_ids
from sandbox.slack.people import APP, BOT_PROFILE, TEAM
from sandbox.slack.shapes import Json, SlackError, Wrong

DEEPEST = 3  # slack.md 2.3
_ALWAYS: Json = {
    "private_metadata": "",
    "callback_id": "",
    "external_id": "",
    "clear_on_close": False,
    "notify_on_close": False,
    "title": None,
    "submit": None,
    "close": None,
}


@dataclass
class View:
    """One view. ``errors`` stand under their blocks; ``rev`` is the change that touched it last."""

    id: str
    user: str
    body: Json
    hash: str
    root: str
    previous: str | None
    values: dict[str, Json] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    rev: int = 0

    def inputs(self) -> Iterator[tuple[Json, Json]]:
        """Give everything in it that holds a value, each with its block."""
        yield from ((block, element) for block, element in elements(self.body["blocks"]) if opened(element))

    def show(self, body: Json, new_hash: str) -> None:
        """Show something else in it; what was filled in stays where block and action are the same."""
        before = self.values
        self.body, self.hash, self.errors = body | {"blocks": with_ids(body.get("blocks", []))}, new_hash, {}
        self.values = {}
        for block, element in self.inputs():
            kept = before.get(block["block_id"], {}).get(element["action_id"])
            same = kept is not None and still(element, kept)
            self.values.setdefault(block["block_id"], {})[element["action_id"]] = kept if same else opened(element)

    def fill(self, typed: Json) -> None:
        """Fill values in, ``{block_id: {action_id: value}}``. Raises Wrong for what the view does not have."""
        known = {(block["block_id"], element["action_id"]): element for block, element in self.inputs()}
        for block_id, answers in typed.items():
            if not isinstance(answers, dict):
                raise Wrong("values are {block_id: {action_id: value}}.")
            for action_id, value in answers.items():
                element = known.get((block_id, action_id))
                if element is None:
                    has = ", ".join(f"{block} / {action}" for block, action in known) or "none"
                    raise Wrong(f"View {self.id} has no input {block_id} / {action_id}. Its inputs: {has}.")
                self.values[block_id][action_id] = filled(element, value)

    def choose(self, block: Json, element: Json, action: Json) -> None:
        """Keep what an act on one of its inputs chose; a button holds nothing."""
        held = self.values.get(block["block_id"], {})
        if element["action_id"] in held:
            held[element["action_id"]] = chosen(element, action)

    def complaints(self) -> dict[str, str]:
        """Say, by block, what Slack's client would not send."""
        found = {}
        for block, element in self.inputs():
            if block["type"] == "input":
                state = self.values[block["block_id"]][element["action_id"]]
                said = complaint(element, state, optional=bool(block.get("optional")))
                if said:
                    found[block["block_id"]] = said
        return found

    def as_slack(self, *, untouched: bool = False) -> Json:
        """Give it as the Web API and payloads hold it; ``untouched`` as views.open answers, with no values."""
        return {
            **_ALWAYS,
            **self.body,
            "id": self.id,
            "team_id": TEAM,
            "app_id": APP,
            "app_installed_team_id": TEAM,
            "bot_id": BOT_PROFILE,
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
            "state": {"values": {} if untouched else self.values},
        }

    def as_seen(self) -> Json:
        """Give it as the driver and the page show it: with the errors under its blocks."""
        return self.as_slack() | {"errors": self.errors}


class Stacks:
    """The open views of everybody, and the Home tabs."""

    def __init__(self, mint: Mint) -> None:
        """Begin with nothing open."""
        self._mint = mint
        self._open: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def of(self, user: str) -> list[View]:
        """List somebody's open views, the top one last."""
        return self._open.setdefault(user, [])

    def find(self, view_id: str, external_id: str = "") -> View:
        """Give an open view or a Home tab. Raises SlackError ``not_found``."""
        for stack in [*self._open.values(), [*self.homes.values()]]:
            for view in stack:
                if view.id == view_id or (external_id and view.body.get("external_id") == external_id):
                    return view
        raise SlackError("not_found")

    def open(self, user: str, body: Json) -> View:
        """Open a view in place of whatever was open."""
        self.of(user).clear()
        return self._add(user, body)

    def push(self, user: str, body: Json) -> View:
        """Put a view on top. Raises SlackError ``push_limit_reached`` on a fourth."""
        if len(self.of(user)) >= DEEPEST:
            raise SlackError("push_limit_reached")
        return self._add(user, body)

    def publish(self, user: str, body: Json) -> View:
        """Show somebody's Home tab."""
        home = self.homes.get(user)
        if home is None:
            name = self._mint.view()
            home = self.homes[user] = View(name, user, {}, "", root=name, previous=None)
        home.show(body, self.new_hash())
        return home

    def close(self, view: View, *, clear: bool = False) -> list[View]:
        """Close a view and what lies on top of it, or all; gives what was closed, the top one first."""
        stack = self.of(view.user)
        keep = 0 if clear else stack.index(view)
        gone = stack[keep:]
        del stack[keep:]
        return gone[::-1]

    def new_hash(self) -> str:
        """Give a new hash for a view's content."""
        return f"{self._mint.ts()}.x"

    def _add(self, user: str, body: Json) -> View:
        stack, name = self.of(user), self._mint.view()
        under = stack[-1] if stack else None
        made = View(name, user, {}, "", under.root if under else name, under.id if under else None)
        made.show(body, self.new_hash())
        stack.append(made)
        return made
