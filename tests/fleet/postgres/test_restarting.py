from fleet.postgres.restarting import objection
from tests.fixtures.views import SETTINGS, dead, primary, standby

MORE = {**SETTINGS, "max_connections": "150"}


def test_a_node_with_less_than_its_primary_would_shut_down_and_is_not_told_to_go_on() -> None:
    refused = objection(standby("db2", replay_paused=True), primary(settings=MORE), "")
    assert refused is not None
    assert refused.code == "RESYNC-SETTINGS"
    assert "max_connections is 100 on db2, 150 on db1" in refused.message
    assert objection(standby("db2", settings=MORE), primary(), "") is None
    assert objection(dead("db2"), primary(settings=MORE), "") is None  # nobody knows what it has


def test_a_history_that_is_not_the_primarys_is_named_with_its_place() -> None:
    refused = objection(dead("db2"), primary(), "db2:/srv/archive/00000002.history")
    assert refused is not None
    assert refused.code == "RESYNC-STRAY-HISTORY"
    assert refused.message.startswith("db2:/srv/archive/00000002.history is of a timeline that db1 was never on")
    assert objection(dead("db2"), primary(), "") is None
