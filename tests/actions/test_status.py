import json
from typing import Any

from actions import status
from tests.fixtures.views import HERE, cluster_view, dead, primary, silent, standby

ASKED = status.Asked("main")


def rows(answer: Any) -> dict[str, dict[str, Any]]:  # noqa: ANN401  # plain data
    return {row["node"]: row for row in answer.data["rows"]}


def test_a_healthy_cluster_reads_in_a_glance() -> None:
    answer = status.answer(ASKED, cluster_view())
    assert answer.level == "ok"
    assert answer.data["primary"] == "db1"
    assert [row["state"] for row in rows(answer).values()] == ["accepts writes", "streaming", "streaming"]
    assert rows(answer)["db2"]["lag_bytes"] == 0
    assert rows(answer)["db2"]["lag_seconds"] is None


def test_seconds_are_shown_only_beside_missing_bytes() -> None:
    late = standby("db2", receive_lsn=HERE - 500, replay_lsn=HERE - 500, last_replay_age=4.0)
    shown = rows(status.answer(ASKED, cluster_view(primary(), late)))["db2"]
    assert (shown["lag_bytes"], shown["lag_seconds"]) == (500, 4.0)


def test_each_state_has_its_word() -> None:
    view = cluster_view(
        primary(),
        standby("db2", replay_paused=True),
        standby("db3", receiver=None),
        standby("db4", timeline=2),
        dead("db5"),
        silent("db6"),
        standby("db7", apply_delay=60.0),
    )
    words = [row["state"] for row in rows(status.answer(ASKED, view)).values()]
    assert words == ["accepts writes", "paused", "not streaming", "other timeline", "down", "no answer", "delayed"]


def test_an_unknown_node_is_never_shown_as_ok() -> None:
    answer = status.answer(ASKED, cluster_view(primary(), standby("db2"), silent("db3")))
    assert answer.level == "unknown"
    assert rows(answer)["db3"]["lag_bytes"] is None
    assert rows(answer)["db3"]["note"] == "no answer in 3 s"


def test_two_primaries_are_critical() -> None:
    answer = status.answer(ASKED, cluster_view(primary(), primary("db2")))
    assert answer.level == "crit"
    assert answer.data["primary"] is None


def test_the_answer_is_plain_data() -> None:
    answer = status.answer(ASKED, cluster_view(primary(), dead("db2"), silent("db3")))
    assert json.loads(json.dumps(answer.data)) == answer.data


def test_looking_is_never_refused() -> None:
    assert status.refuse(ASKED, cluster_view()) is None
