"""users.*, usergroups.*, team.* and bots.*: who is who."""

from sandbox.slack.paging import page
from sandbox.slack.params import Params
from sandbox.slack.people import APP, BOT, BOT_NAME, BOT_PROFILE, TEAM, TEAM_DOMAIN, TEAM_NAME
from sandbox.slack.shapes import Json, SlackError
from sandbox.slack.workspace import Workspace


class PeopleMethods:
    """The methods."""

    def __init__(self, space: Workspace) -> None:
        """Keep the workspace."""
        self._space = space

    def auth_test(self, _params: Params) -> Json:
        """auth.test."""
        return {
            "url": f"{self._space.url}/",
            "team": TEAM_NAME,
            "user": BOT_NAME,
            "team_id": TEAM,
            "user_id": BOT,
            "bot_id": BOT_PROFILE,
            "is_enterprise_install": False,
        }

    def info(self, params: Params) -> Json:
        """users.info."""
        name = params.text("user")
        if name not in self._space.users:
            raise SlackError("user_not_found")
        return {"user": self._space.users[name].as_slack()}

    def users(self, params: Params) -> Json:
        """users.list."""
        return page("members", [user.as_slack() for user in self._space.users.values()], params)

    def groups(self, params: Params) -> Json:
        """usergroups.list."""
        with_users, disabled_too = params.flag("include_users"), params.flag("include_disabled")
        found = [group for group in self._space.groups.values() if disabled_too or not group.disabled]
        return {"usergroups": [group.as_slack(with_users=with_users) for group in found]}

    def group_users(self, params: Params) -> Json:
        """usergroups.users.list: by id only; a disabled one shows only when that is asked for."""
        if not params.text("usergroup"):
            raise SlackError("invalid_arguments", detail="missing required field: usergroup")
        group = self._space.groups.get(params.text("usergroup"))
        if group is None or (group.disabled and not params.flag("include_disabled")):
            raise SlackError("no_such_subteam")
        return {"users": sorted(group.members)}

    def bot(self, params: Params) -> Json:
        """bots.info."""
        if params.text("bot", BOT_PROFILE) != BOT_PROFILE:
            raise SlackError("bot_not_found")
        return {"bot": {"id": BOT_PROFILE, "app_id": APP, "user_id": BOT, "name": BOT_NAME, "deleted": False}}

    def team(self, _params: Params) -> Json:
        """team.info."""
        return {"team": {"id": TEAM, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": "", "icon": {}}}
