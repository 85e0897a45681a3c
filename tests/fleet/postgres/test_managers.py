from dataclasses import replace

import pytest

from core.outcome import Refusal
from fleet.errors import ShellError
from fleet.inventory import Cluster, Managed, Node
from fleet.postgres import handover, managers, patroni, repmgr
from fleet.postgres.managers import Manager, Trace
from fleet.postgres.patroni import Member, Seen
from tests.fixtures.views import inventory

CONFIGURED = Managed("patroni", "/usr/bin/patronictl", "/etc/patroni/{node}.yml", scope="batman")
LIST = """[{"Cluster": "main", "Member": "db1", "Host": "10.0.0.1", "Role": "Leader", "State": "running", "TL": 2},
           {"Cluster": "main", "Member": "two", "Host": "127.0.0.1:5433", "Role": "Replica", "State": "streaming"}]"""


def told(kind: str = "", **more: str) -> Cluster:
    return inventory(managed=Managed(kind, **more))


def node(name: str) -> Node:
    return inventory().node(name)


@pytest.mark.parametrize(
    ("what", "name", "kind"),
    [
        ("session", "Patroni heartbeat", "patroni"),
        ("file", "postgresql.base.conf", "patroni"),
        ("session", "repmgr", "repmgr"),
        ("library", "repmgr", "repmgr"),
        ("slot", "repmgr_slot_2", "repmgr"),
        ("file", "postgresql-auto-failover-standby.conf", "pg_auto_failover"),
        ("extension", "pgautofailover", "pg_auto_failover"),
        ("slot", "pgautofailover_standby_3", "pg_auto_failover"),
    ],
)
def test_a_trace_tells_of_its_manager(what: str, name: str, kind: str) -> None:
    assert managers.traces({what: [name]}) == (Trace(kind, f"{what} {name}"),)


def test_what_others_load_is_no_trace() -> None:
    assert managers.traces({"library": ["pg_stat_statements", "auto_explain", ""], "session": None}) == ()


def test_who_manages_is_known_from_any_node_and_said_once() -> None:
    heart, base = Trace("patroni", "session Patroni heartbeat"), Trace("patroni", "file postgresql.base.conf")
    found = managers.of(told(), {"db1": [heart, base], "db2": [heart], "db3": []})
    assert found == Manager("patroni", ("session Patroni heartbeat on db1, db2", "file postgresql.base.conf on db1"))
    assert found.sentence.startswith("Patroni manages this cluster (session Patroni heartbeat on db1, db2")


def test_who_leads_by_itself_comes_before_who_may_have_been_there_once() -> None:
    seen = {"db1": [Trace("repmgr", "database repmgr"), Trace("patroni", "session Patroni heartbeat")]}
    found = managers.of(told(), seen)
    assert found is not None
    assert found.kind == "patroni"


def test_the_configuration_has_the_last_word() -> None:
    seen = {"db1": [Trace("repmgr", "database repmgr")]}
    assert managers.of(told("none"), seen) is None
    assert managers.of(told("patroni"), seen) == Manager("patroni", ("the configuration says so",))
    assert managers.of(told(), {"db1": []}) is None


@pytest.mark.parametrize("kind", ["pg_auto_failover", "pacemaker", "repmgr", "patroni"])
def test_whom_we_can_not_ask_is_named_with_the_command_to_type(kind: str) -> None:
    refused = handover.unable(told(), Manager(kind, ("x",)), "db1", "db2")
    assert isinstance(refused, Refusal)
    assert refused.code == "PROMOTE-MANAGED"
    assert managers.by_hand(told(), kind, "db1", "db2") in refused.hint
    assert 'manager = "none"' in refused.hint


def test_a_manager_that_is_not_the_configured_one_is_not_asked() -> None:
    cluster = inventory(managed=replace(CONFIGURED, kind="repmgr"))
    refused = handover.unable(cluster, Manager("patroni", ("x",)))
    assert refused is not None


def test_the_command_is_the_configured_program_with_its_settings_and_no_blank_in_a_word() -> None:
    cluster = inventory(managed=CONFIGURED)
    asks = patroni.switchover(managers.scope(cluster), "db1", "db2")
    argv = managers.argv(cluster, node("db2"), *asks)
    assert argv[:3] == ["/usr/bin/patronictl", "-c", "/etc/patroni/db2.yml"]
    assert argv[3:] == ["switchover", "batman", "--leader", "db1", "--candidate", "db2", "--force"]
    other = inventory(managed=replace(CONFIGURED, user="ha"))
    assert managers.argv(other, node("db2"), "list")[:5] == ["sudo", "-n", "-u", "ha", "--"]
    assert not any(" " in word for word in argv)


def test_members_are_found_by_name_or_else_by_address() -> None:
    seen = Seen(patroni.parse(LIST), paused=False)
    assert seen.member(node("db1")) == seen.leader
    assert seen.member(node("db2")) == Member("two", "127.0.0.1:5433", "Replica", "streaming")
    assert seen.member(node("db3")) is None


@pytest.mark.parametrize("text", ["", "{}", '[{"Member": 1}]', "[]", '{"a": 1}', "[1]"])
def test_what_is_not_a_list_of_members_is_not_believed(text: str) -> None:
    with pytest.raises(ShellError):
        patroni.parse(text)


@pytest.mark.parametrize(
    ("new", "changes", "planned", "code"),
    [
        ("db2", {}, True, None),
        ("db3", {}, True, "PROMOTE-MEMBER"),
        ("db2", {"paused": True}, True, "PROMOTE-MAINTENANCE"),
        ("db2", {"paused": True}, False, None),
        ("db1", {}, False, "PROMOTE-LEADER"),
        ("db2", {"members": (Member("db1", "", "Replica", "running"), Member("db2", "", "Leader", "running"))}, True,
         "PROMOTE-LEADER"),
        ("db2", {"members": (Member("db1", "", "Leader", "running"), Member("db2", "", "Replica", "start failed"))},
         True, "PROMOTE-MEMBER-STATE"),
    ],
)  # fmt: skip
def test_what_patroni_knows_may_speak_against_asking_it(
    new: str, changes: dict[str, object], *, planned: bool, code: str | None
) -> None:
    seen = replace(Seen(patroni.parse(LIST), paused=False), **changes)  # type: ignore[arg-type]  # fields of it
    refused = patroni.objection(seen, node("db1"), node(new), planned=planned)
    assert (refused.code if refused else None) == code


def test_repmgr_is_quoted_with_what_it_says_is_wrong() -> None:
    said = "NOTICE: checking\nERROR: no superuser\nDETAIL: user is x\n"
    assert repmgr.complaint(said) == "no superuser; user is x"
    assert repmgr.complaint(" it fell over \n") == "it fell over"
    assert repmgr.words(planned=False) == ("standby", "promote", "--siblings-follow")


def test_a_node_of_a_managed_cluster_is_brought_back_by_its_manager() -> None:
    assert handover.left_alone(told(), None, "db1") is None
    for kind in managers.NAMES:
        refused = handover.left_alone(told(), Manager(kind, ("x",)), "db1")
        assert refused is not None
        assert refused.code == "RESYNC-MANAGED"
        assert "db1" in refused.hint
