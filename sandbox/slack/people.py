"""Who is in the workspace: the people that everybody expects, and how Slack describes a person."""

from dataclasses import dataclass
from enum import StrEnum

from sandbox.slack.shapes import Json

TEAM, TEAM_NAME, TEAM_DOMAIN = "T0SITE", "Site", "site"
OTHER_TEAM = "T0OTHER"  # where strangers come from (Slack Connect)
APP, BOT, BOT_NAME, BOT_PROFILE = "A0SECONDER", "U0SECONDER", "seconder", "B0SECONDER"
SLACKBOT = "USLACKBOT"


class Kind(StrEnum):
    """What somebody is to the workspace."""

    MEMBER = "member"
    GUEST = "guest"
    SINGLE_CHANNEL_GUEST = "single_channel_guest"
    STRANGER = "stranger"
    BOT = "bot"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True)
class User:
    """One account."""

    id: str
    name: str
    real_name: str
    kind: Kind = Kind.MEMBER
    team: str = TEAM

    def as_slack(self) -> Json:
        """Describe the account as users.info does (slack.md 4.2)."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "real_name": self.real_name,
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "deleted": self.kind is Kind.DEACTIVATED,
            "is_bot": self.kind is Kind.BOT and self.id != SLACKBOT,
            "is_app_user": False,
            "is_workflow_bot": False,
            "is_restricted": self.kind in {Kind.GUEST, Kind.SINGLE_CHANNEL_GUEST},
            "is_ultra_restricted": self.kind is Kind.SINGLE_CHANNEL_GUEST,
            "is_stranger": self.kind is Kind.STRANGER,
            "profile": {
                "real_name": self.real_name,
                "display_name": self.name,
                "email": f"{self.name}@example.org",
                "image_48": "",
                "team": self.team,
            },
        }


@dataclass
class Group:
    """A user group (``@dba``)."""

    id: str
    handle: str
    members: set[str]
    disabled: bool = False

    def as_slack(self, *, with_users: bool) -> Json:
        """Describe the group as usergroups.list does."""
        found: Json = {
            "id": self.id,
            "team_id": TEAM,
            "is_usergroup": True,
            "handle": self.handle,
            "name": self.handle,
            "user_count": len(self.members),
            "date_delete": int(self.disabled),
        }
        return found | ({"users": sorted(self.members)} if with_users else {})


SEED = (
    User("U0ANA", "ana", "Ana Sol"),
    User("U0BEN", "ben", "Ben Okoye"),
    User("U0CY", "cy", "Cy Lund"),
    User("U0GIL", "gil", "Gil Guest", Kind.GUEST),
)
HOUSE = (  # always there
    User(BOT, BOT_NAME, "Seconder", Kind.BOT),
    User(SLACKBOT, "slackbot", "Slackbot", Kind.BOT),
)
DBA = ("U0ANA", "U0BEN")
