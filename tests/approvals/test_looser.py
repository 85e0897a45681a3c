"""What counts as looser: whatever lets more people do more, or less consent do."""

from dataclasses import replace

import pytest

from approvals.looser import looser
from approvals.people import Person, Roster
from approvals.policy import Policy
from approvals.rule import Override, Rule
from approvals.rules import Rules
from approvals.windows import Window
from core.plan import Risk
from tests.fixtures.house import DBA, PEOPLE, RULES, person

RULE = RULES[Risk.DESTRUCTIVE]
NIGHT = Window("night", "UTC", frozenset(range(7)), "22:00", "05:00")
FREEZE = Window("freeze", "UTC", frozenset(range(7)), "00:00", "00:00", "2026-12-20T00:00", "2027-01-07T00:00")
STRICT = Rule(
    approvals=2,
    groups=DBA,
    propose=DBA,
    expires=600,
    also=frozenset({"web"}),
    reason=True,
    look=True,
    allowed=((NIGHT,),),
    frozen=(FREEZE,),
    emergency=frozenset({"oncall"}),
    review=3600,
)


def rules(rule: Rule = STRICT, people: dict[str, Person] | None = None, **more: object) -> Rules:
    policy = Policy({**RULES, Risk.DESTRUCTIVE: rule}, **more)  # type: ignore[arg-type]
    return Rules(Roster(people or PEOPLE), policy)


@pytest.mark.parametrize(
    ("loose", "said"),
    [
        ({"approvals": 1}, "2 → 1 approvals"),
        ({"groups": DBA | {"web"}}, "web may approve"),
        ({"propose": None}, "may be asked for by everybody in the roster"),
        ({"propose": DBA | {"web"}}, "may be asked for by dba or web"),
        ({"expires": 601}, "expires after 601 s instead of 600"),
        ({"also": frozenset()}, "no approval from web any more"),
        ({"reason": False}, "no reason any more"),
        ({"look": False}, "no look before approving any more"),
        ({"allowed": ()}, "no longer only in “night”"),
        ({"frozen": ()}, "“freeze” no longer freezes"),
        ({"emergency": frozenset({"oncall", "dba"})}, "dba may run it alone"),
        ({"review": 3601}, "reviewed within 3601 s instead of 3600"),
    ],
)
def test_what_asks_for_less_is_looser_and_the_way_back_is_not(loose: dict[str, object], said: str) -> None:
    weaker = rules(replace(STRICT, **loose))  # type: ignore[arg-type]
    (words,) = looser(rules(), weaker)
    assert words == f"destructive: {said}" or said in words
    assert looser(weaker, rules()) == ()


def test_the_same_rules_are_not_looser() -> None:
    assert looser(rules(), rules()) == ()


def test_a_risk_that_was_refused_and_gets_a_rule_is_looser() -> None:
    old = Rules(Roster(PEOPLE), Policy({Risk.READ: RULES[Risk.READ]}))
    new = Rules(Roster(PEOPLE), Policy({Risk.READ: RULES[Risk.READ], Risk.CHANGE: RULES[Risk.CHANGE]}))
    assert looser(old, new) == ("change: was refused, and may be asked for",)
    assert looser(new, old) == ()


@pytest.mark.parametrize(
    ("dan", "said"),
    [
        (person("dan", "dba", "web"), "dan gets the group web"),
        (replace(person("dan", "dba"), accounts=frozenset({"T0SITE/U0DAN", "T9/U9"})), "dan gets the account T9/U9"),
    ],
)
def test_who_gets_more_makes_it_looser(dan: Person, said: str) -> None:
    more = rules(people={**PEOPLE, "dan": dan})
    assert looser(rules(), more) == (said,)
    assert looser(more, rules()) == ()


def test_somebody_new_makes_it_looser_and_somebody_gone_does_not() -> None:
    more = rules(people={**PEOPLE, "eve": Person("eve")})
    assert looser(rules(), more) == ("eve is new",)
    assert looser(more, rules()) == ()


def test_a_group_that_slack_keeps_from_now_on_makes_it_looser() -> None:
    fed = replace(rules(), feeds={"web": "T0SITE/S0WEB"})
    (said,) = looser(rules(), fed)
    assert "Slack's user group T0SITE/S0WEB" in said
    assert looser(fed, replace(fed, feeds={"web": "T0SITE/S0OTHER"}))
    assert looser(fed, rules()) == ()


def test_an_override_that_goes_names_where_it_gets_looser() -> None:
    old = rules(
        by_action={"promote": Override(approvals=3)}, by_cluster={("main", Risk.DESTRUCTIVE): Override(expires=60)}
    )
    said = looser(old, rules())
    assert "destructive (promote, promote on main): 3 → 2 approvals" in said
    assert "destructive (main, promote on main): expires after 600 s instead of 60" in said
    assert looser(rules(), old) == ()
