from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.canonical import canonical, plain
from core.facts import Change, Fact, drift
from core.plan import Plan, plan_from_json
from tests.fixtures.house import a_plan, step


def test_a_plan_survives_the_store() -> None:
    assert plan_from_json(a_plan().to_json()) == a_plan()


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"version": 2}, id="the action's version"),
        pytest.param({"target": "db3"}, id="the target"),
        pytest.param({"asked": {"cluster": "main", "node": "db3"}}, id="what was asked"),
        pytest.param({"typed": "db1 IS OFF"}, id="what an approver types"),
        pytest.param({"caps": {"wal_bytes": 1}}, id="the largest loss"),
        pytest.param({"steps": (step("first"),)}, id="the steps"),
        pytest.param({"facts": (Fact("primary", "main", "db9"),)}, id="an exact fact"),
        pytest.param({"facts": (Fact("primary", "main", "db1"), Fact("lag", "db2", 0, 99))}, id="a budget"),
    ],
)
def test_consent_is_bound_to(changed: dict[str, object]) -> None:
    assert replace(a_plan(), **changed).plan_hash != a_plan().plan_hash  # type: ignore[arg-type]


def test_consent_is_not_bound_to_readings_and_words() -> None:
    other: Plan = replace(
        a_plan(), costs=("x",), facts=(Fact("primary", "main", "db1"), Fact("lag", "db2", 7, 16, "bytes"))
    )
    assert other.plan_hash == a_plan().plan_hash


def test_an_exact_fact_drifts_when_it_differs() -> None:
    assert drift([Fact("primary", "main", "db1")], [Fact("primary", "main", "db2")]) == (
        Change("primary", "main", "db1", "db2"),
    )


@pytest.mark.parametrize(("now", "drifts"), [(16, False), (17, True), (None, True)])
def test_a_tolerated_fact_drifts_above_its_budget_or_when_unknown(now: int | None, drifts: bool) -> None:  # noqa: FBT001
    assert bool(drift([Fact("lag", "db2", 0, 16)], [Fact("lag", "db2", now, 16)])) is drifts


def test_a_fact_that_is_gone_or_new_is_a_drift() -> None:
    assert len(drift([Fact("a", "x", 1)], [Fact("b", "x", 1)])) == 2


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.characters(categories=["Cs"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(ANYTHING)
def test_every_value_can_be_written_canonically(value: object) -> None:
    assert canonical(value) == canonical(plain(value))
