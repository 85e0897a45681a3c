"""What the driver sets: people, user groups and channels."""

import re

from sandbox.slack.asked import Asked
from sandbox.slack.messages import Channel
from sandbox.slack.people import BOT, HOUSE, OTHER_TEAM, TEAM, Group, Kind, User
from sandbox.slack.scene import Scene
from sandbox.slack.shapes import Json, SlackError, Wrong

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_ID = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP_ID = re.compile(r"S[A-Z0-9]{2,20}")
_HOUSE = {user.id for user in HOUSE}


async def put_user(scene: Scene, asked: Asked) -> Json:
    """Add somebody, or change who somebody is: name (or user), kind, id, real_name, team, channels, groups.

    A new one is in every public channel that people see, unless ``channels`` says which. Raises Wrong.
    """
    space = scene.space
    before = _known(scene, asked)
    kind = _kind(asked.text("kind", before.kind if before else Kind.MEMBER))
    name = before.name if before else asked.text("name")
    user_id = before.id if before else asked.text("id", f"U0{re.sub('[^A-Z0-9]', '', name.upper())}")
    if not _NAME.fullmatch(name) or not _ID.fullmatch(user_id) or user_id in _HOUSE:
        raise Wrong(f"{name!r} with id {user_id!r} can't be: names are lower case, ids U and capitals, and free.")
    if before is None and user_id in space.users:
        raise Wrong(f"The id {user_id} belongs to {space.users[user_id].name}.")
    team = before.team if before and before.kind is kind else OTHER_TEAM if kind is Kind.STRANGER else TEAM
    real_name = asked.text("real_name", before.real_name if before else name.title())
    user = User(user_id, name, real_name, kind, asked.text("team", team))
    wanted = _channels(scene, asked.names("channels"))
    space.users[user.id] = user
    space.direct(user.id)
    if before is None or wanted is not None:
        _put_into(scene, user, wanted)
    _regroup(scene, user, asked.names("groups"))
    space.changes.bump()
    return {"ok": True, "user": user.as_slack() | {"kind": user.kind}}


async def put_channel(scene: Scene, asked: Asked) -> Json:
    """Add a channel, or change it: name, id, members (all), bot (in it), private, archived, shared. Raises Wrong."""
    space, name = scene.space, asked.text("name").removeprefix("#")
    if not _NAME.fullmatch(name):
        raise Wrong(f"{name!r} is no name of a channel: lower case, digits, - and _.")
    found = next((each for each in space.channels.values() if name in {each.name, each.id}), None)
    if found is None:
        made = asked.text("id", "C0" + re.sub("[^A-Z0-9]", "", name.upper()))
        if made in space.channels:
            raise Wrong(f"The id {made} belongs to {space.channels[made].name}.")
        found = Channel(made, name, {user for user in space.users if user not in _HOUSE} | {BOT})
        space.channels[made] = found
    members = asked.names("members")
    if members is not None:
        found.members = {scene.user(each).id for each in members} | (found.members & {BOT})
    if asked.flag("bot") is not None:
        found.members = found.members | {BOT} if asked.flag("bot") else found.members - {BOT}
    private, archived, shared = asked.flag("private"), asked.flag("archived"), asked.flag("shared")
    found.is_private = found.is_private if private is None else private
    found.is_archived = found.is_archived if archived is None else archived
    found.is_ext_shared = found.is_ext_shared if shared is None else shared
    space.changes.bump()
    return {"ok": True, "channel": found.as_slack()}


async def put_group(scene: Scene, asked: Asked) -> Json:
    """Add a user group, or change it: id, handle, users (all of them), disabled. Raises Wrong."""
    groups, name = scene.space.groups, asked.text("id")
    if not _GROUP_ID.fullmatch(name):
        raise Wrong(f"{name!r} is no id of a user group: S and capitals or digits.")
    before = groups.get(name)
    handle = asked.text("handle", before.handle if before else None).removeprefix("@")
    if not _NAME.fullmatch(handle):
        raise Wrong(f"{handle!r} is no handle: lower case, digits, - and _.")
    if any(each.handle == handle and each.id != name for each in groups.values()):
        raise Wrong(f"The handle {handle} belongs to another user group.")
    users, disabled = asked.names("users"), asked.flag("disabled")
    members = {scene.user(each).id for each in users} if users is not None else before.members if before else set()
    made = Group(name, handle, members, (before is not None and before.disabled) if disabled is None else disabled)
    groups[name] = made
    scene.space.changes.bump()
    return {"ok": True, "usergroup": made.as_slack(with_users=True)}


def _known(scene: Scene, asked: Asked) -> User | None:
    if asked.maybe("user"):
        return scene.user(asked.text("user"))
    try:
        return scene.space.user(asked.text("name"))
    except SlackError:
        return None


def _kind(word: str) -> Kind:
    try:
        return Kind(word.replace("-", "_"))
    except ValueError:
        raise Wrong(f"There is no kind {word!r}; there are {', '.join(Kind)}.") from None


def _channels(scene: Scene, names: list[str] | None) -> set[str] | None:
    if names is None:
        return None
    try:
        return {scene.space.channel(name).id for name in names}
    except SlackError:
        raise Wrong(f"Not all of these are channels: {', '.join(names)}.", 404) from None


def _put_into(scene: Scene, user: User, wanted: set[str] | None) -> None:
    for channel in scene.space.channels.values():
        if channel.is_im:
            continue
        inside = not channel.is_private if wanted is None else channel.id in wanted
        channel.members = channel.members | {user.id} if inside else channel.members - {user.id}


def _regroup(scene: Scene, user: User, handles: list[str] | None) -> None:
    if handles is None:
        return
    groups = scene.space.groups
    for handle in set(handles) - {group.handle for group in groups.values()}:
        name = "S0" + re.sub("[^A-Z0-9]", "", handle.upper())
        groups.setdefault(name, Group(name, handle, set()))
    for group in groups.values():
        group.members = group.members | {user.id} if group.handle in handles else group.members - {user.id}
