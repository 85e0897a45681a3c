"""How soon a command is acknowledged while twenty long jobs run in the bot, beside a Bolt app that does nothing."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench.ack import EMPTY, _ack, _p99, _ready
from bench.table import Row, row
from sandbox.cluster import DemoCluster, build
from sandbox.slack.server import StandIn
from tests.fixtures.postgres import as_inventory
from tests.fixtures.product import Demo, demo_in, until

RUNS, JOBS, WORKERS = 300, 20, 32  # by default a bot carries out 16 runs at once
_SLOW = """#!/bin/sh
exec {bin}/pg_basebackup "$@" --max-rate=32k
"""
_KEYS = ("host", "run_as", "port", "data", "work", "database_user", "database", "passfile")
_RUNNING = "SELECT count(*) FROM run WHERE state = 'running'"


def measure() -> Iterator[Row]:
    """Type the same command often to both, in turn, while a backup runs of each of as many clusters as there are jobs.

    A run holds its cluster, and the configuration takes no server twice: so each cluster is a real server of its own.
    """
    with ExitStack() as undo:
        home = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="seconder-bench-")))
        home.chmod(0o755)  # the servers' user has to get there
        clusters = {}
        for n in range(JOBS):
            name = f"slow{n:02}"
            clusters[name] = build(home / name, nodes=("db1",), archive=False)
            undo.callback(clusters[name].remove)
        empty = _empty_app(undo)
        demo = undo.enter_context(demo_in(home / "home"))
        _ready(empty)
        _get_busy(demo, clusters, _slow_programs(home / "slow", clusters["slow00"].bin))
        ours, reference = [], []
        for _ in range(RUNS):
            reference.append(_ack(empty))
            ours.append(_ack(demo.facts["url"]))
        assert _running(demo) == JOBS, "a job ended before the measuring did"
    what = f"/db acknowledged with {JOBS} backups running"
    yield row(f"{what}, p50", "ms", ours, reference, "an empty Bolt app")
    yield Row(f"{what}, p99", _p99(ours), _p99(reference), "ms", "an empty Bolt app", RUNS)


def _get_busy(demo: Demo, clusters: dict[str, DemoCluster], programs: Path) -> None:
    """Configure the clusters, and start a backup of each."""
    more = "\n".join(_table(name, cluster, programs) for name, cluster in clusters.items())
    demo.restart(lambda text: text.replace("[bot]", f"[bot]\nworkers = {WORKERS}") + more)
    for running, name in enumerate(clusters, 1):  # one by one: a bot that plans twenty at once refuses some
        assert demo.say("ana", f"backup {name}")["acked"]
        until(lambda running=running: _running(demo) == running)  # type: ignore[misc]


def _slow_programs(folder: Path, real: Path) -> Path:
    """Make a folder of PostgreSQL's programs in which pg_basebackup is the real one, as over a very thin line."""
    folder.mkdir(mode=0o755)
    for program in real.iterdir():
        (folder / program.name).symlink_to(program)
    copier = folder / "pg_basebackup"
    copier.unlink()
    copier.write_text(_SLOW.format(bin=real))
    copier.chmod(0o755)
    return folder


def _table(name: str, cluster: DemoCluster, programs: Path) -> str:
    known = as_inventory(cluster, name=name)
    node = known.nodes["db1"]
    said = {key: getattr(node, key) for key in _KEYS if getattr(node, key)} | {"bin": str(programs)}
    about = {"engine": known.engine, "channel": known.channel, "backups": known.backups}
    about["replication_user"] = known.replication_user
    return f"\n[clusters.{name}]\n{_lines(about)}\n[clusters.{name}.nodes.db1]\n{_lines(said)}"


def _lines(values: dict[str, str]) -> str:
    # what JSON writes for text and integers is TOML as well
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _empty_app(undo: ExitStack) -> str:
    """Start the app that does nothing, on a stand-in of its own; gives the stand-in's address."""
    standin = StandIn()
    undo.callback(standin.stop)
    standin.start()
    words = [sys.executable, "-c", EMPTY, standin.api_url]
    app = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    undo.callback(app.wait, timeout=10)
    undo.callback(app.terminate)
    return standin.url


def _running(demo: Demo) -> int:
    return int(demo.rows(_RUNNING)[0][0])
