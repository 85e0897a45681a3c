"""Work on a host that the record does not know is found, by its job; what the record announced is not."""

import json
import os
import pwd
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from audit import ledger
from audit.ledger import Event
from audit.store import Store, tail
from audit.verify import verify_store
from bot.cli_reconcile import reconcile as command
from bot.reconcile import Reconciled, Stray, Unasked, reconcile, record
from bot.sites import Sites
from core.errors import ConfigurationError
from fleet import jobs
from fleet.inventory import Cluster, Node
from fleet.jobs_list import Listed, look
from fleet.local import LocalShell
from tests.fixtures.house import StandingClock, clock, store
from tests.fixtures.jobhost import JobHost, job_host
from tests.fixtures.small import written

__all__ = ["clock", "job_host", "store"]

SHELL = LocalShell()


def node(name: str, work: Path | str, host: str = "local") -> Node:
    return Node(name, host, "nobody", "", 5432, "/nonexistent", "/nonexistent", "", "", "", str(work), ssh_port=9)


@dataclass
class World:
    """A cluster of two local nodes, and a record."""

    home: Path
    sites: Sites
    store: Store

    def job(self, on: str, job: str, *argv: str) -> None:
        """Run a job on a node to its end."""
        jobs.run(SHELL, f"{self.home}/{on}", job, 1, argv or ("true",), timeout=10)

    def intent(self, run: str, step: str) -> None:
        with self.store.transaction() as session:
            event = Event("step.intent", "intent", "system", request="r-1", run=run, step=step, target="main/db2")
            ledger.append(session, StandingClock(), event)

    def found(self) -> Reconciled:
        return reconcile(self.sites, self.store)


@pytest.fixture
def world(tmp_path: Path, store: Store) -> Iterator[World]:
    cluster = Cluster("main", "postgres", "ops", {name: node(name, tmp_path / name) for name in ("db1", "db2")})
    sites = Sites({"main": cluster}, tmp_path / "known_hosts")
    yield World(tmp_path, sites, store)
    sites.close()


def test_a_job_whose_step_was_announced_is_no_finding(world: World) -> None:
    world.intent("run-1", "2 rewind")
    world.job("db1", "run-1.2")
    world.job("db2", "run-1.2.archive")
    assert world.found() == Reconciled(places=2, jobs=2, strays=[], unasked=[])


def test_a_job_of_a_run_that_nobody_announced_is_found(world: World) -> None:
    world.job("db2", "run-9.1", "false")
    assert world.found().strays == [Stray("main", "db2", "run-9.1", "done 1")]


@pytest.mark.parametrize("step", ["1 stop", "20 stop", "21 stop"])
def test_another_step_of_the_same_run_does_not_speak_for_it(world: World, step: str) -> None:
    world.intent("run-1", step)
    world.job("db1", "run-1.2")
    assert [stray.job for stray in world.found().strays] == ["run-1.2"]


def test_the_same_step_of_another_run_or_an_outcome_without_intent_does_not_either(world: World) -> None:
    world.intent("run-10", "2 stop")
    with world.store.transaction() as session:
        event = Event("step.outcome", "success", "system", run="run-1", step="2 stop")
        ledger.append(session, StandingClock(), event)
    world.job("db1", "run-1.2")
    assert [stray.job for stray in world.found().strays] == ["run-1.2"]


@pytest.mark.parametrize("job", ["by-hand", "run-1", "run-1.", "run-1.x", "run-1.02", "run-1.2x", "run-1.0", "run.1.2"])
def test_a_job_of_another_form_is_found(world: World, job: str) -> None:
    world.intent("run-1", "2 stop")
    world.job("db1", job)
    assert [stray.job for stray in world.found().strays] == [job]


def test_an_intent_without_a_job_is_no_finding(world: World) -> None:
    world.intent("run-1", "1 stop")
    assert world.found() == Reconciled(places=2, jobs=0, strays=[], unasked=[])


def test_every_state_is_told_and_a_hold_hides_nothing(world: World) -> None:
    for job, argv in (("a.1", "true"), ("b.1", "sleep")):
        jobs.start(SHELL, f"{world.home}/db1", job, 1, [argv, *(["60"] if argv == "sleep" else [])])
    (world.home / "db1" / "jobs" / "c.1" / "go").mkdir(parents=True)
    (world.home / "db1" / "jobs" / "hold").write_text("the disk\nis being replaced: done soon\n")
    states = {stray.job: stray.state.split()[0] for stray in world.found().strays}
    assert states == {"a.1": "done", "b.1": "running", "c.1": "lost"}
    jobs.cancel(SHELL, f"{world.home}/db1", "b.1")


def test_a_host_that_has_never_been_used_has_no_jobs(tmp_path: Path) -> None:
    assert look(SHELL, str(tmp_path / "new")) == []


def test_jobs_are_listed_by_name(job_host: JobHost) -> None:
    for job in ("b.1", "a.1", "a.2"):
        job_host.run(SHELL, job, 1)
    assert look(SHELL, job_host.work) == [Listed(job, "done 0") for job in ("a.1", "a.2", "b.1")]


def test_a_node_that_can_not_be_asked_is_told_and_hides_no_other(world: World) -> None:
    far = Cluster("far", "postgres", "ops", {"db7": node("db7", "/work", host="127.0.0.1")})
    world.sites.clusters = {**world.sites.clusters, "far": far}
    world.job("db1", "by-hand")
    found = world.found()
    assert [stray.job for stray in found.strays] == ["by-hand"]
    assert [(each.cluster, each.node) for each in found.unasked] == [("far", "db7")]
    assert "127.0.0.1" in found.unasked[0].why


def test_what_two_nodes_share_is_listed_once(world: World) -> None:
    twin = Cluster("mail", "postgres", "ops", {"mx1": node("mx1", world.home / "db1")})
    world.sites.clusters = {**world.sites.clusters, "mail": twin}
    world.job("db1", "by-hand")
    assert world.found().strays == [Stray("main", "db1", "by-hand", "done 0")]


@pytest.mark.parametrize(
    ("strays", "unasked", "outcome"), [(0, 0, "success"), (1, 0, "failure"), (0, 1, "unknown"), (1, 1, "failure")]
)
def test_the_record_has_the_counts(store: Store, clock: StandingClock, strays: int, unasked: int, outcome: str) -> None:
    one, silent = Stray("main", "db1", "x", "lost"), Unasked("main", "db2", "it is off")
    record(store, clock, "ana", Reconciled(3, 7, [one] * strays, [silent] * unasked))
    with store.reading() as session:
        (event,) = tail(session, 1)
    assert (event.action, event.outcome, event.actor) == ("audit.reconciled", outcome, "ana")
    assert json.loads(event.body)["detail"] == {"places": 3, "jobs": 7, "strays": strays, "unasked": unasked}
    assert verify_store(store.url).ok


def test_the_command_says_it_records_it_and_ends_with_a_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECONDER_HOME", str(tmp_path))
    written(tmp_path, login=pwd.getpwuid(os.getuid()).pw_name)
    for code, strays in ((0, []), (1, ["by-hand"])):
        for job in strays:
            jobs.run(SHELL, f"{tmp_path}/db1", job, 1, ["true"], timeout=10)
        with pytest.raises(typer.Exit) as ended:
            command(json=True)
        assert ended.value.exit_code == code
        assert [each["job"] for each in json.loads(capsys.readouterr().out)["strays"]] == strays
    with pytest.raises(typer.Exit):
        command()
    assert "main/db1: job by-hand (done 0) is not in the record." in capsys.readouterr().out
    (tmp_path / "seconder.toml").unlink()
    with pytest.raises(ConfigurationError):
        command()
