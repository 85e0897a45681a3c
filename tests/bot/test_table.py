"""The page of actions is what the code says, and nothing destructive ever shows as one person's to do."""

from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.catalogue import OWN
from approvals.policy import Policy
from approvals.rule import Override, Rule
from bot import table
from bot.chores import SPECS
from bot.settings import Settings, load_settings
from core.plan import Lock, Risk
from core.spec import Spec

OWN_SPECS = [action.spec for action in OWN]
GROUPS = st.frozensets(st.sampled_from(["dba", "web"]))
RULES = st.builds(Rule, st.integers(0, 3), GROUPS, st.none() | GROUPS, st.just(60), GROUPS)
OVERRIDES = st.builds(Override, st.none() | st.integers(0, 3), st.none() | GROUPS)
HARMLESS = Spec("greet", "postgres", "say a | b", Risk.READ, Lock.NONE, 1.0, 1)


@pytest.fixture
def settings() -> Settings:
    return load_settings(table.EXAMPLE)


def lines(page: str, command: str) -> list[list[str]]:
    """The cells of a command's lines."""
    found = [line for line in page.splitlines() if line.startswith(f"| `{command}")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found]


def test_the_page_is_what_is_generated() -> None:
    assert table.TARGET.read_text(encoding="utf-8") == table.own_page(), "run: python -m bot.table --write"


def test_every_action_and_every_chore_has_a_line() -> None:
    page = table.own_page()
    assert [spec.name for spec in (*OWN_SPECS, *SPECS) if not lines(page, spec.name)] == []


def test_nothing_destructive_shows_less_than_one_vote(settings: Settings) -> None:
    shown = table.rows(OWN_SPECS, settings.policy, "main", SPECS)
    votes = [row.votes for row in shown if row.risk is Risk.DESTRUCTIVE]
    assert votes
    assert all(votes)


@given(RULES, OVERRIDES, OVERRIDES)
def test_no_policy_makes_a_destructive_line_one_person_s(rule: Rule, action: Override, cluster: Override) -> None:
    by_cluster = {("main", risk): cluster for risk in Risk}
    policy = Policy(dict.fromkeys(Risk, rule), {spec.name: action for spec in OWN_SPECS}, by_cluster)
    for row in table.rows(OWN_SPECS, policy, "main", SPECS):
        assert row.risk is not Risk.DESTRUCTIVE or (row.votes or 0) >= 1


def test_what_can_be_milder_has_a_line_for_each_risk() -> None:
    change, destructive = lines(table.own_page(), "resync")
    assert change[2:] == ["change", "dba", "0: runs at once", "-", "-"]
    assert destructive[2:] == ["destructive", "dba", "1", "dba", "after 30 min"]


def test_an_action_s_lowest_risk_is_lower_than_its_highest() -> None:
    order = list(Risk)
    assert [spec.name for spec in OWN_SPECS if spec.least and order.index(spec.least) >= order.index(spec.risk)] == []


@pytest.mark.parametrize(
    ("risk", "said"),
    [
        (Risk.READ, "**read** runs at once and is recorded"),
        (Risk.CHANGE, "**change** runs at once and is recorded"),
        (Risk.DESTRUCTIVE, "**destructive** takes at least 2 people"),
    ],
)
def test_what_each_risk_takes_stands_above_the_table(risk: Risk, said: str) -> None:
    above = table.own_page().split("| command")[0]
    assert said in above, risk


def test_who_fills_several_places_is_counted(settings: Settings) -> None:
    stricter = Override(approvals=2, also=frozenset({"web"}))
    policy = replace(settings.policy, by_action={"promote": stricter})
    page = table.page(_under(settings, policy), OWN_SPECS)
    assert lines(page, "promote")[0][4:6] == ["3", "1 approval from web and 2 approvals from dba"]


def test_a_cluster_s_own_rule_counts_for_its_actions_and_not_for_the_bot_s_own(settings: Settings) -> None:
    stricter = Override(approvals=2)
    policy = replace(settings.policy, by_cluster={("main", Risk.DESTRUCTIVE): stricter})
    page = table.page(_under(settings, policy), OWN_SPECS, SPECS)
    assert lines(page, "promote")[0][4] == "2"
    assert [lines(page, spec.name)[0][4] for spec in SPECS] == ["1"] * len(SPECS)


def test_who_may_act_alone_in_an_emergency_is_said(settings: Settings) -> None:
    rule = settings.policy.by_risk[Risk.DESTRUCTIVE]
    policy = Policy({**settings.policy.by_risk, Risk.DESTRUCTIVE: replace(rule, emergency=frozenset({"dba"}))})
    page = table.page(_under(settings, policy), OWN_SPECS)
    assert "`promote CLUSTER [NODE]`" in page.split("| command")[0]
    assert "by dba, with somebody else's review within 24 h" in page
    assert "Not even in an emergency" in table.own_page()


def test_a_risk_without_a_rule_is_nobody_s(settings: Settings) -> None:
    page = table.page(_under(settings, Policy()), OWN_SPECS)
    assert lines(page, "backup")[0][3] == "nobody: no policy for it"


def test_a_summary_can_t_break_the_table(settings: Settings) -> None:
    assert "Say a \\| b" in table.page(settings, [HARMLESS])


def test_the_page_is_printed_or_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(table, "TARGET", tmp_path / "actions.md")
    assert (table.main([]), capsys.readouterr().out) == (0, table.own_page())
    assert not table.TARGET.exists()
    assert (table.main(["--write"]), table.TARGET.read_text(encoding="utf-8")) == (0, table.own_page())
    assert all(table.main(list(words)) == 2 for words in product(["--read", "--write"], repeat=2))


def _under(settings: Settings, policy: Policy) -> Settings:
    return replace(settings, rules=replace(settings.rules, policy=policy))
