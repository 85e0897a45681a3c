import pytest
from psycopg.conninfo import conninfo_to_dict

from core.errors import StepFailed
from fleet.postgres.upstream import conninfo, slot_for
from tests.fixtures.views import inventory, standby


def test_only_host_and_port_of_a_conninfo_change() -> None:
    known = "host=db1 hostaddr=10.0.0.1 port=5432 user=rep passfile='/a b/pgpass' sslmode=verify-full connect_timeout=5"
    aimed = conninfo_to_dict(conninfo(known, inventory().node("db2"), "db3"))
    assert aimed == {
        "host": "127.0.0.1",
        "port": "5433",
        "user": "rep",
        "passfile": "/a b/pgpass",
        "sslmode": "verify-full",
        "connect_timeout": "5",
    }


def test_an_application_name_becomes_the_nodes_own() -> None:
    assert (
        conninfo_to_dict(conninfo("application_name=db2", inventory().node("db2"), "db1"))["application_name"] == "db1"
    )


def test_several_hosts_become_the_one_that_is_followed() -> None:
    aimed = conninfo_to_dict(conninfo("host=a,b port=1,2", inventory().node("db2"), "db1"))
    assert (aimed["host"], aimed["port"]) == ("127.0.0.1", "5433")


def test_an_unreadable_conninfo_is_not_shown() -> None:
    with pytest.raises(StepFailed) as failed:
        conninfo("password=secret what", inventory().node("db2"), "db1")
    assert "secret" not in str(failed.value)


def test_a_slot_keeps_its_name_or_gets_one_that_may_be_spelled() -> None:
    assert slot_for(standby("db2", settings={"primary_slot_name": "s2"})) == "s2"
    assert slot_for(standby("db2", settings={})) == "db2"
    assert slot_for(standby("DB-2.éu", settings={}, receiver=None)) == "db_2__u"
