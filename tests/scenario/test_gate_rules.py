"""A configuration that changes while requests are open: stricter at once, looser only by two people's consent."""

import re
from collections.abc import Iterator
from functools import partial

import pytest

from tests.fixtures.product import Demo, Json, demo_in, until

pytestmark = pytest.mark.postgres
DEE: dict[str, tuple[Json, str]] = {
    "dee.guest": ({"kind": "guest"}, "is a guest"),
    "dee.lone": ({"kind": "single_channel_guest"}, "is a guest"),
    "dee.robot": ({"kind": "bot"}, "is a bot"),
    "dee.leaver": ({"kind": "deactivated"}, "is deactivated"),
    "dee.stranger": ({"kind": "stranger", "team": "T0SITE"}, "belongs to another organisation"),
    "dee.other": ({"team": "T0OTHER"}, "I don't know you"),
}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo_in(tmp_path_factory.mktemp("rules") / "home") as running:
        yield running


def expiring(text: str, after: str) -> str:
    return re.sub(r'(?m)^expires = "\w+"', f'expires = "{after}"', text)


def looser(text: str) -> str:
    """More people, more accounts, more groups, more time."""
    accounts = ", ".join(f'"T0SITE/{account(name)}"' for name in DEE)
    text = text.replace('["T0SITE/U0ANA"]', '["T0SITE/U0ANA", "T0SITE/U0SAN"]')
    text = text.replace('logins = ["cy"]\ngroups = []', 'logins = ["cy"]\ngroups = ["dba"]')
    return f'[people.dee]\nslack = [{accounts}]\ngroups = ["dba"]\n\n{expiring(text, "2h")}'


def account(name: str) -> str:
    return "U0" + name.upper().replace(".", "")


def test_stricter_rules_are_in_force_at_once_and_end_what_was_asked_under_the_old_ones(demo: Demo) -> None:
    before = demo.ask("ana", "promote main db2")
    demo.restart(lambda text: expiring(text, "10m"))
    assert "policy.destructive.expires: " in demo.told("The configuration changed, and is in force", " → 600")
    assert "the policy changed since this was asked" in demo.shows(before, "Since you looked")
    after = demo.ask("ana", "promote main db2")
    ((seconds,),) = demo.rows(
        "SELECT strftime('%s', expires_at) - strftime('%s', created_at) FROM request WHERE id = ?", after
    )
    assert seconds == 600
    demo.press("ana", after, "request.withdraw")
    until(lambda: demo.state(after) == "withdrawn")


def test_looser_rules_wait_until_two_people_agree_under_the_old_ones(demo: Demo) -> None:
    before = demo.ask("ana", "promote main db2")
    demo.post("/sandbox/users", name="san")
    demo.restart(looser)
    told = demo.told("The configuration got looser. The old rules stay in force")
    for line in ("ana gets the account T0SITE/U0SAN", "cy gets the group dba", "dee is new", "expires after 7200 s"):
        assert line in told
    assert "cy is not in it" in demo.hears("cy", lambda: demo.press("cy", before, "request.approve"))
    assert "I don't know you" in demo.hears("san", lambda: demo.press("san", before, "request.approve"))
    rules = demo.ask("ana", "rules")
    assert "cy gets the group dba" in demo.shows(rules, "Loosen the rules: ")
    assert "cy is not in it" in demo.hears("cy", lambda: demo.press("cy", rules, "request.approve"))
    assert "not “rules”" in demo.approve("ben", rules, "main")["errors"]["target"]
    assert demo.state(before) == "open"
    demo.approve("ben", rules, "rules")
    demo.told("The configuration changed, and is in force", "people.cy.groups")
    demo.shows(rules, "succeeded")
    assert "the policy changed since this was asked" in demo.shows(before, "Since you looked")
    changes = (
        "SELECT outcome FROM audit_event WHERE action = 'config.changed' AND body LIKE '%people.dee%' ORDER BY seq"
    )
    assert demo.rows(changes) == [("intent",), ("success",)]
    check_who_may_approve_now(demo)


def check_who_may_approve_now(demo: Demo) -> None:
    demo.answer("cy", "hold main storage is moved")
    lift = demo.ask("ana", "lift main")
    said = demo.hears("san", lambda: demo.press("san", lift, "request.approve"))
    assert "your approval does not count" in said  # another account, the same person
    assert demo.denials(lift) == [("ana", "OWN-REQUEST")]
    for name, (what, why) in DEE.items():
        demo.post("/sandbox/users", name=name, **what)
        assert why in demo.hears(name, partial(demo.press, name, lift, "request.approve"))
        actor = f"slack:{what.get('team', 'T0SITE')}/{account(name)}"
        denied = "SELECT outcome FROM audit_event WHERE action = 'auth.denied' AND actor = ?"
        assert demo.rows(denied, actor) == [("denied",)]
    assert demo.state(lift) == "open"
    demo.approve("cy", lift, "main")
    until(lambda: demo.state(lift) == "succeeded")
