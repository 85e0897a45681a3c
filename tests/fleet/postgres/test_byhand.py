import shlex
from dataclasses import replace

from fleet.postgres.byhand import back, onward, restart
from fleet.postgres.candidate import Choice
from tests.fixtures.views import inventory

SWITCH = Choice("db1", "db2", planned=True, others=("db3",))
SLOTS = {"db1": "db1", "db3": "db3"}


def test_the_way_on_fences_before_it_stops_and_proves_before_it_promotes() -> None:
    text = "\n".join(onward(inventory(), SWITCH, SLOTS))
    order = ["touch", "-m fast", "pg_controldata", "pg_waldump", "No way back", " promote ", "-w -t 60 start"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_the_way_back_asks_first_whether_anybody_was_promoted() -> None:
    lines = back(inventory(), SWITCH)
    assert "pg_is_in_recovery" in lines[1]
    assert "rm -f /srv/db1/standby.signal" in lines[2]
    assert "start" in lines[-1]


def test_each_command_can_be_pasted_and_names_its_node() -> None:
    for line in (*onward(inventory(), SWITCH, SLOTS), *back(inventory(), SWITCH)):
        if not line.startswith("#"):
            assert shlex.split(line, comments=True)[:3] == ["sudo", "-u", "postgres"]
            assert line.rpartition("# on ")[2] in {"db1", "db2", "db3"}


def test_a_service_is_started_through_systemd() -> None:
    cluster = inventory()
    unit = replace(cluster.node("db1"), service="postgresql@18-main", host="db1.example.org")
    served = replace(cluster, nodes={**cluster.nodes, "db1": unit})
    assert restart(served, SWITCH) == "sudo -n systemctl start postgresql@18-main   # on db1 (db1.example.org)"


def test_after_a_failover_nobody_starts_the_dead_one() -> None:
    text = "\n".join(onward(inventory(), replace(SWITCH, planned=False), {"db3": "db3"}))
    assert "never start it as a primary" in text
    assert "/srv/db1 -l" not in text
