"""The command line: the same gate, the same people, also when Slack is down."""

import json
import os
import pwd
from collections.abc import Iterator

import pytest

from tests.fixtures.product import Demo, demo_in, until

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("cli") / "home") as running:
        yield running


def as_person(demo: Demo, name: str) -> dict[str, str]:
    """A configuration in which whoever runs these tests is this person."""
    mine = pwd.getpwuid(os.getuid()).pw_name
    text = (demo.home / "seconder.toml").read_text().replace(f'logins = ["{name}"]', f'logins = ["{mine}"]')
    path = demo.home / f"{name}.toml"
    path.write_text(text)
    return {"SECONDER_CONFIG": str(path)}


def test_a_login_that_nobody_has_is_refused_root_included(demo: Demo) -> None:
    ran = demo.cli("run", "status", "main")
    assert ran.returncode == 1
    assert "belongs to nobody in the roster" in ran.stderr


def test_reading_answers_for_people_and_for_programs(demo: Demo) -> None:
    ana = as_person(demo, "ana")
    ran = demo.cli("run", "status", "main", **ana)
    assert ran.returncode == 0
    assert "primary db1" in ran.stdout
    data = json.loads(demo.cli("run", "status", "main", "--json", **ana).stdout)
    assert (data["level"], data["primary"]) == ("ok", "db1")


def test_a_request_from_the_command_line_needs_a_second_person_too(demo: Demo) -> None:
    ana = as_person(demo, "ana")
    ran = demo.cli("run", "promote", "main", "db2", "--json", **ana)
    request = json.loads(ran.stdout)
    assert (ran.returncode, request["state"], request["needed"]) == (0, "open", 1)
    own = demo.cli("approve", request["id"], **ana)
    assert own.returncode == 1
    assert "your approval does not count" in own.stderr
    until(lambda: [one for one in demo.cards() if request["id"] in str(one["metadata"])])
    listed = json.loads(demo.cli("requests", "--json").stdout)
    assert [one["id"] for one in listed] == [request["id"]]
    wanted = {"id", "state", "action", "cluster", "risk", "requester", "needed", "votes", "plan", "plan_hash"}
    assert wanted | {"expires_at", "channel", "ts", "version", "run"} <= set(listed[0])
    assert demo.cli("withdraw", request["id"], **ana).returncode == 0
    assert demo.ends(request["id"])["state"] == "withdrawn"
    assert demo.cli("requests", "--json", request["id"], "--wait", "1").returncode == 1


def test_a_second_person_approves_on_the_command_line_and_the_bot_carries_it_out(demo: Demo) -> None:
    before = demo.roles()
    target = next(name for name, role in before.items() if role == "standby" and name != "db3")
    request = demo.ask("ana", f"promote main {target}")
    wrong = demo.cli("approve", request, **as_person(demo, "cy"))
    assert wrong.returncode == 1
    typed = demo.cli("approve", request, stdin="db3\n", **as_person(demo, "ben"))
    assert typed.returncode == 1
    assert demo.cli("approve", request, "--target", "db3", **as_person(demo, "ben")).returncode == 1
    assert demo.cli("approve", request, stdin=f"{target}\n", **as_person(demo, "ben")).returncode == 0
    assert demo.ends(request)["state"] == "succeeded"
    unwanted = demo.ask("ana", "promote main db3")
    assert demo.cli("reject", unwanted, **as_person(demo, "ben")).returncode == 0
    assert demo.ends(unwanted)["state"] == "rejected"
    back = demo.ask("ana", "promote main db1")
    demo.approve("ben", back, "db1")
    assert demo.ends(back)["state"] == "succeeded"


def test_the_digest_the_check_and_the_record(demo: Demo) -> None:
    assert "healthy" in demo.cli("digest").stdout
    demo.say("ana", "digest")
    assert "could switch over to db2" in demo.told("All 1 cluster healthy")
    found = demo.cli("check", "--json")
    levels = {one["subject"]: one["level"] for one in json.loads(found.stdout)}
    assert found.returncode == 0, found.stdout
    assert levels["main/db1"] == "good"
    assert json.loads(demo.cli("audit", "tail", "-n", "1", "--json").stdout)["hash"]
    assert demo.cli("audit", "verify").returncode == 0


def test_usage_and_configuration_have_their_own_exit_code(demo: Demo) -> None:
    assert demo.cli("frobnicate").returncode == 2
    assert demo.cli("requests", SECONDER_CONFIG="/nowhere.toml").returncode == 2
    assert demo.cli("run", "promot", "main", **as_person(demo, "ana")).returncode == 2
    assert demo.cli("requests", "r-none").returncode == 1
    gone = demo.cli("audit", "verify", "--json", SECONDER_STORE="sqlite:////nowhere/none.db")
    assert (gone.returncode, json.loads(gone.stdout)["ok"]) == (3, None)
