"""What would not work, and how to mend it, before somebody needs it at night."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from sqlalchemy import make_url

from approvals.eligible import enough_people, wanted
from approvals.people import Roster
from approvals.rule import Rule
from approvals.rules import Rules
from audit import postgres
from audit.move import address
from audit.store import sqlite_path
from bot.check_hooks import tried
from bot.environment import Environment
from bot.wiring import House
from core.errors import SeconderError
from core.outcome import Refusal
from core.plan import Risk
from fleet.inventory import LOCAL, Cluster, Node
from fleet.postgres import handover
from fleet.postgres.managers import Manager
from fleet.postgres.observe import observe

TIMEOUT = 15.0  # seconds for one look at a host
_MARKS = {"good": "✅", "warn": "⚠️ ", "bad": "❌"}
_PROGRAMS = ("pg_ctl", "pg_controldata", "pg_basebackup", "pg_verifybackup", "pg_rewind", "pg_waldump")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: good, warn or bad."""

    level: str
    subject: str
    message: str
    hint: str = ""

    @property
    def mark(self) -> str:
        """Give its sign."""
        return _MARKS[self.level]

    def to_json(self) -> dict[str, str]:
        """Give it as plain data."""
        return asdict(self)


def check(house: House, environment: Environment) -> list[Finding]:
    """Look at everything that is configured; every finding, good ones too."""
    findings = [*_people(house), *_store(house, environment), _slack(environment), *_groups(house)]
    nodes = [(cluster, node) for cluster in house.settings.clusters.values() for node in cluster.nodes.values()]
    with ThreadPoolExecutor(max_workers=8) as pool:
        for found in pool.map(lambda pair: list(_node(house, *pair)), nodes):
            findings += found
    for cluster in house.settings.clusters.values():
        findings += [*_cluster(house, cluster), *_hooks(house, cluster)]
    return findings


def warnings(rules: Rules) -> Iterator[str]:
    """Say, at the start, what keeps everybody from approving anything."""
    if not rules.roster.people:
        yield "Nobody is in the roster, so nobody can ask for or approve anything."
        return
    for risk in (Risk.CHANGE, Risk.DESTRUCTIVE):
        rule = rules.policy.rule(risk, "*", "*")
        if isinstance(rule, Refusal):
            yield rule.message
            continue
        people = rules.roster.people
        askers = [name for name, person in people.items() if rule.propose is None or person.groups & rule.propose]
        if all(enough_people(rule, name, rules.roster) for name in askers):
            yield f"Nobody can have a {risk.value} action approved: it needs {wanted(rule.places)} besides who asks."


def _people(house: House) -> Iterator[Finding]:
    rules = house.gate.rules()
    roster, policy = rules.roster, rules.policy
    waiting = house.configuration.waiting()
    if waiting is not None:
        said = f"It got looser, and the old rules stay in force: {'; '.join(waiting.looser)}."
        yield Finding("warn", "configuration", said, "Ask for it: seconder rules --ask.")
    if not roster.people:
        yield Finding("bad", "roster", "Nobody is in it, so nobody can ask or approve.", "Add [people.NAME].")
        return
    yield Finding("good", "roster", f"{len(roster.people)} people: {', '.join(sorted(roster.people))}.")
    for risk in (Risk.CHANGE, Risk.DESTRUCTIVE):
        rule = policy.by_risk.get(risk)
        if rule is None:
            hint = f"Add [policy.{risk.value}] to allow them."
            yield Finding("warn", f"policy.{risk.value}", f"None: every {risk.value} action is refused.", hint)
            continue
        yield _quorum(roster, risk, rule)


def _quorum(roster: Roster, risk: Risk, rule: Rule) -> Finding:
    alone = [person.name for person in roster.people.values() if rule.propose is None or person.groups & rule.propose]
    for name in alone:
        refusal: Refusal | None = enough_people(rule, name, roster)
        if refusal is not None:
            return Finding("bad", f"policy.{risk.value}", f"When {name} asks: {refusal.message}", refusal.hint)
    return Finding(
        "good",
        f"policy.{risk.value}",
        f"Approval by {wanted(rule.places) or 'nobody'}; {', '.join(sorted(alone))} may ask.",
    )


def _store(house: House, environment: Environment) -> Iterator[Finding]:
    if not house.store.embedded:
        yield from _store_on_server(house)
        return
    free = shutil.disk_usage(environment.home).free
    level = "good" if free > 1 << 30 else "warn"
    yield Finding(level, "store", f"{environment.store}, {free >> 20} MiB free.")
    for cluster in house.settings.clusters.values():
        for node in cluster.nodes.values():
            inside = node.host == LOCAL and sqlite_path(house.store.url).is_relative_to(node.data)
            if inside:
                yield Finding(
                    "bad", "store", f"It lies inside {node.name}'s data folder.", "Set SECONDER_STORE elsewhere."
                )


def _store_on_server(house: House) -> Iterator[Finding]:
    url = make_url(house.store.url)
    yield Finding("good", "store", f"{address(house.store.url)} answers.")
    with house.store.reading() as session:
        if postgres.owns(session.connection()):
            said = f"{url.username} owns the record, and could take its guard away."
            yield Finding("warn", "store", said, "Give the bots a role of their own: docs/howto/several-bots.md.")
    for cluster in house.settings.clusters.values():
        for node in cluster.nodes.values():
            if (node.address, node.port) == (url.host, url.port or 5432):
                said = f"It lies on {cluster.name}/{node.name}, which the bot operates."
                yield Finding("bad", "store", said, "Set SECONDER_STORE elsewhere.")


def _slack(environment: Environment) -> Finding:
    if not environment.bot_token or not environment.app_token:
        return Finding("bad", "slack", "SLACK_BOT_TOKEN or SLACK_APP_TOKEN is missing.", "See the README.")
    try:
        who = WebClient(environment.bot_token, base_url=environment.api_url, timeout=10).auth_test()
    except (SlackApiError, SlackClientError, OSError) as error:
        return Finding("bad", "slack", f"It is not reached: {error}", "Look at the token and at SLACK_API_URL.")
    return Finding("good", "slack", f"{who['user']} in {who['team']}.")


def _groups(house: House) -> Iterator[Finding]:
    for group in sorted(house.groups.fed()):
        if house.groups.members(group) is None:
            said = house.groups.trouble(group) or "Slack was not asked."
            hint = "See usergroups:read in docs/howto/own-cluster.md."
            yield Finding("bad", f"group {group}", f"Nobody is in it: {said}", hint)


def _node(house: House, cluster: Cluster, node: Node) -> Iterator[Finding]:
    subject = f"{cluster.name}/{node.name}"
    site = house.sites.of(cluster.name)
    try:
        missing = [
            name
            for name in _PROGRAMS
            if not site.shell(node).run(["test", "-x", f"{node.bin}/{name}"], timeout=TIMEOUT).ok
        ]
        data = site.shell(node).run(["test", "-r", f"{node.data}/global/pg_control"], timeout=TIMEOUT)
        work = site.shell(node).run(["mkdir", "-p", node.work], timeout=TIMEOUT)
    except SeconderError as error:
        yield Finding("bad", subject, f"The shell: {error.message}", error.hint)
    else:
        who = node.run_as or "the bot's user"
        if missing:
            yield Finding(
                "bad", subject, f"{node.bin} lacks {', '.join(missing)}.", "Set `bin` to the server's programs."
            )
        if not data.ok:
            yield Finding("bad", subject, f"{node.data} can't be read by {who}.", "Set `data` and `run_as`.")
        if not work.ok:
            yield Finding("bad", subject, f"{node.work} can't be made by {who}.", "Set `work`, or make the folder.")
        if not missing and data.ok and work.ok:
            yield Finding("good", subject, f"The shell works as {who}.")
    try:
        with site.connect(node) as connection:
            row = connection.execute("SELECT current_setting('server_version') AS version").fetchone() or {}
    except SeconderError as error:
        yield Finding("bad", subject, f"The database: {error.message}", error.hint)
    else:
        yield Finding("good", subject, f"PostgreSQL {row.get('version')} answers.")


def _hooks(house: House, cluster: Cluster) -> Iterator[Finding]:
    for hook, wrong in tried(house.sites.of(cluster.name)):
        subject = f"{cluster.name}, hook {hook.name}"
        if wrong is None:
            yield Finding("good", subject, f"At {hook.at}: its place is reached, its program is there.")
        else:
            yield Finding("bad", subject, wrong.message, wrong.hint)


def _cluster(house: House, cluster: Cluster) -> Iterator[Finding]:
    view = observe(house.sites.of(cluster.name))
    names = [node.name for node in view.primaries]
    if len(names) == 1:
        yield Finding("good", cluster.name, f"The primary is {names[0]}.")
    else:
        said = "no primary" if not names else f"{len(names)} primaries: {', '.join(names)}"
        yield Finding("bad", cluster.name, f"It has {said}.", f"See `seconder run status {cluster.name}`.")
    if view.manager is not None:
        yield _manager(house, cluster, view.manager)
    if not cluster.backups:
        hint = f'Add backups = "NODE:/folder" to [clusters.{cluster.name}].'
        yield Finding("warn", cluster.name, "There is no place for backups.", hint)
    if not cluster.archive:
        yield Finding("warn", cluster.name, "No WAL archive is named.", 'Add archive = ["NODE:/folder"].')


def _manager(house: House, cluster: Cluster, manager: Manager) -> Finding:
    """Say whether a promotion can be handed to whoever manages the cluster."""
    why = handover.unable(cluster, manager)
    if why is not None:
        return Finding("warn", cluster.name, f"{why.message} /db promote and /db resync are refused.", why.hint)
    try:
        handover.answers(house.sites.of(cluster.name))
    except SeconderError as error:
        return Finding("bad", cluster.name, f"{manager.name} can't be asked: {error.message}", error.hint)
    return Finding("good", cluster.name, f"{manager.sentence} It answers.")
