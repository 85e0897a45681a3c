"""The shape of the configuration file: one pydantic model per table."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from bot.settings_hooks_file import HookTable, HostTable
from bot.settings_words import Name, Seconds, Table, seconds
from runs.schedules.slots import DAYS, Missed

Day = Annotated[str, Field(pattern=f"^({'|'.join(DAYS)})$")]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Moment = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d)?$")]
Account = Annotated[str, Field(pattern=r"^[TE][A-Z0-9]+/[UW][A-Z0-9]+$")]


class PersonTable(Table):
    """``[people.NAME]``."""

    slack: tuple[Account, ...] = ()
    logins: tuple[str, ...] = ()
    groups: tuple[Name, ...] = ()


class GroupTable(Table):
    """``[groups.NAME]``: a group whose members Slack knows."""

    usergroup: str = Field(pattern=r"^[TE][A-Z0-9]+/S[A-Z0-9]+$")


class WindowTable(Table):
    """``[windows.NAME]``: a span of time, every week (``days``, ``from``, ``to``) or once (``since``, ``until``)."""

    zone: str = "UTC"
    days: tuple[Day, ...] = DAYS
    begin: Clock = Field(default="00:00", alias="from")
    end: Clock = Field(default="00:00", alias="to")
    since: Moment = ""
    until: Moment = ""


class RuleTable(Table):
    """``[policy.read]``, ``[policy.change]``, ``[policy.destructive]``."""

    approvals: int = Field(ge=0, le=10)
    groups: tuple[Name, ...] = Field(default=(), alias="from")
    also: tuple[Name, ...] = ()
    propose: tuple[Name, ...] | None = None
    expires: Seconds = 1800
    reason: bool = False
    look: bool = False
    allowed: tuple[Name, ...] = ()
    frozen: tuple[Name, ...] = ()
    emergency: tuple[Name, ...] = ()
    review: Seconds = 86400


class OverrideTable(Table):
    """A rule on top of another: only what it tightens."""

    approvals: int | None = Field(default=None, ge=0, le=10)
    groups: tuple[Name, ...] | None = Field(default=None, alias="from")
    also: tuple[Name, ...] = ()
    propose: tuple[Name, ...] | None = None
    expires: Seconds | None = None
    reason: bool = False
    look: bool = False
    allowed: tuple[Name, ...] = ()
    frozen: tuple[Name, ...] = ()
    emergency: tuple[Name, ...] | None = None
    review: Seconds | None = None


class PolicyTable(Table):
    """``[policy]``."""

    read: RuleTable | None = None
    change: RuleTable | None = None
    destructive: RuleTable | None = None
    action: dict[str, OverrideTable] = Field(default_factory=dict)


class ClusterPolicyTable(Table):
    """``[clusters.NAME.policy]``."""

    read: OverrideTable | None = None
    change: OverrideTable | None = None
    destructive: OverrideTable | None = None


class NodeTable(Table):
    """``[clusters.NAME.nodes.NODE]``."""

    host: str = Field(min_length=1)
    user: str = ""
    run_as: str = ""
    port: int = Field(default=5432, ge=1, le=65535)
    data: str = Field(pattern=r"^/")
    bin: str = Field(pattern=r"^/")
    service: str = ""
    database_user: str = "seconder"
    database: str = "postgres"
    passfile: str = ""
    work: str = Field(default="/var/lib/seconder", pattern=r"^/")
    ssh_port: int = Field(default=22, ge=1, le=65535)
    ssh_key: str = ""
    priority: int = Field(default=100, ge=0, le=1000)
    mirror: bool = False


class ClusterTable(Table):
    """``[clusters.NAME]``."""

    engine: str = Field(pattern=r"^postgres$")
    channel: str = Field(min_length=1)
    archive: tuple[str, ...] = ()
    backups: str = ""
    replication_user: str = "replicator"
    manager: str = Field(default="", pattern=r"^(patroni|repmgr|none)?$")
    manager_program: str = Field(default="", pattern=r"^(/\S+)?$")
    manager_config: str = Field(default="", pattern=r"^(/\S+)?$")
    manager_user: str = Field(default="", pattern=r"^([a-z_][a-z0-9_-]*)?$")
    manager_scope: str = Field(default="", pattern=r"^\S*$")
    nodes: dict[Name, NodeTable] = Field(min_length=1)
    hooks: tuple[HookTable, ...] = ()
    policy: ClusterPolicyTable = ClusterPolicyTable()


class BotTable(Table):
    """``[bot]``."""

    command: str = Field(default="/db", pattern=r"^/[a-z0-9_-]+$")
    workers: int = Field(default=16, ge=2, le=128)
    zone: str = "UTC"


class RemindTable(Table):
    """``[remind]``: when an open request is told again (then twice as late, and so on), and whom besides."""

    first: Seconds = 300
    group: str = ""


class DigestTable(Table):
    """``[digest]``: ``at`` is local time in ``zone``."""

    at: Clock = "09:00"
    zone: str = "UTC"
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1)
    missed: Missed = Missed.CATCH_UP
    channel: str = Field(min_length=1)


def never(value: object) -> object:
    """Read ``off`` as no time at all; anything else is a duration."""
    return None if value == "off" else seconds(value)


class ReadyTable(Table):
    """``[ready]``: how often it is looked whether each cluster's primary could be changed; ``off`` for never."""

    every: Annotated[Annotated[int, Field(ge=60)] | None, BeforeValidator(never)] = 3600


class ScheduleTable(Table):
    """``[schedules.NAME]``: a command that is asked by itself, in the name of a person who answers for it."""

    run: str = Field(min_length=1)
    person: Name = Field(alias="as")
    at: Clock
    zone: str = "UTC"
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1)
    missed: Missed = Missed.CATCH_UP


class AnchorsTable(Table):
    """``[anchors]``: where the record's head is written down besides Slack. ``nodes`` are ``CLUSTER/NODE``."""

    file: str = Field(default="", pattern=r"^(/.+)?$")
    syslog: str = Field(default="", pattern=r"^([A-Za-z0-9.-]+(:\d{1,5})?)?$")
    nodes: tuple[str, ...] = ()
    every: Seconds = 86400


class File(Table):
    """The whole file."""

    people: dict[Name, PersonTable] = Field(default_factory=dict)
    groups: dict[Name, GroupTable] = Field(default_factory=dict)
    windows: dict[Name, WindowTable] = Field(default_factory=dict)
    policy: PolicyTable = PolicyTable()
    clusters: dict[Name, ClusterTable] = Field(default_factory=dict)
    hosts: dict[Name, HostTable] = Field(default_factory=dict)
    bot: BotTable = BotTable()
    digest: DigestTable | None = None
    remind: RemindTable = RemindTable()
    ready: ReadyTable = ReadyTable()
    schedules: dict[Name, ScheduleTable] = Field(default_factory=dict)
    anchors: AnchorsTable = AnchorsTable()
