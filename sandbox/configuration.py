"""The configuration that the demo's bot gets: three people who count, a guest who doesn't, one cluster."""

import json

from sandbox.layout import BOT, DATABASE, REPLICATOR
from sandbox.running import DemoCluster
from sandbox.servers import server_user

TEAM = "T0SITE"
CHANNEL, CLUSTER, COMMAND = "ops", "main", "/db"
PEOPLE: dict[str, dict[str, object]] = {
    "ana": {"slack": "U0ANA", "groups": ["dba"], "kind": "member"},
    "ben": {"slack": "U0BEN", "groups": ["dba"], "kind": "member"},
    "cy": {"slack": "U0CY", "groups": [], "kind": "member"},
    "gil": {"slack": "U0GIL", "groups": [], "kind": "guest"},
}
_RULES = """\
[policy.read]
approvals = 0

[policy.change]
approvals = 0
propose = ["dba"]

[policy.destructive]
approvals = 1
from = ["dba"]
propose = ["dba"]
expires = "30m"
emergency = ["dba"]
review = "8h"

[bot]
command = "/db"

[ready]
every = "off"

[digest]
at = "09:00"
zone = "UTC"
channel = "ops"
"""


def configuration(cluster: DemoCluster) -> str:
    """Give the text of seconder.toml for a running cluster."""
    people = "\n".join(_person(name) for name in PEOPLE)
    return f"{people}\n{_RULES}\n{_cluster(cluster)}"


def _person(name: str) -> str:
    person = PEOPLE[name]
    account = _text(f"{TEAM}/{person['slack']}")
    return f"[people.{name}]\nslack = [{account}]\nlogins = [{_text(name)}]\ngroups = {json.dumps(person['groups'])}\n"


def _cluster(cluster: DemoCluster) -> str:
    standbys = list(cluster.nodes)[1:]
    archive = json.dumps([f"{name}:{cluster.archive}" for name in standbys], ensure_ascii=False)
    lines = [
        f"[clusters.{CLUSTER}]",
        'engine = "postgres"',
        f"channel = {_text(CHANNEL)}",
        f"archive = {archive}",
        f"backups = {_text(f'{standbys[0]}:{cluster.folder}/backups')}",
        f"replication_user = {_text(REPLICATOR)}",
    ]
    user = server_user()
    for node in cluster.nodes.values():
        lines += [
            f"\n[clusters.{CLUSTER}.nodes.{node.name}]",
            'host = "local"',
            *([f"run_as = {_text(user.name)}"] if user.switch else []),
            f"port = {node.port}",
            f"data = {_text(node.data)}",
            f"bin = {_text(cluster.bin)}",
            f"work = {_text(node.folder / 'work')}",
            f"database_user = {_text(BOT)}",
            f"database = {_text(DATABASE)}",
            f"passfile = {_text(cluster.passfile)}",
        ]
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    # what JSON writes for text is a TOML basic string as well
    return json.dumps(str(value), ensure_ascii=False)
