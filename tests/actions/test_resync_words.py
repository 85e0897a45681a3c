"""What resync's card says of bytes and time, and which words of the command it does not take."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actions.resync import Asked, Found, plan, refuse, way_for
from fleet.postgres.ladder import Rung
from fleet.postgres.plight import Plight
from fleet.postgres.speed import Speed
from fleet.postgres.view import ClusterView, Slot
from tests.actions.test_resync import CHEAP, DB2, FORKED, HEALTHY, MIB, OLD, STANDING, VIEW, found
from tests.fixtures.views import sender

GIB = 1 << 30
WHOLE = replace(STANDING, rebuild=True)
MEASURED = Speed(100 * GIB, 1280.0, datetime(2026, 3, 4, tzinfo=UTC))  # 80 MB/s


def costs(seen: Plight, words: Asked, **change: object) -> str:
    return "\n".join(plan(words, replace(found(seen, words), **change)).costs)  # type: ignore[arg-type]  # any field


def test_a_copy_says_its_bytes_and_its_time_and_whether_anybody_measured_it() -> None:
    assert "copies ≈ 1 GB from db2" in costs(HEALTHY, WHOLE)
    assert "time unknown, at 100 MB/s ≈ 10 s; then it is read back" in costs(HEALTHY, WHOLE)
    assert "≈ 13 s at 80 MB/s, as the copy of 2026-03-04 went" in costs(HEALTHY, WHOLE, measured=MEASURED)


def test_a_rewind_says_what_it_moves() -> None:
    said = costs(replace(FORKED, wal=253 * MIB), OLD)
    assert "moves ≈ 256 MB (db2's WAL files and what changed beyond the fork); time unknown" in said


def test_feeding_and_reconnecting_say_what_is_to_be_replayed() -> None:
    fed = replace(HEALTHY, standing=CHEAP[Rung.FEED], archive="/archive", gap=64 * MIB, missing=100 * MIB)
    assert "reads ≈ 64 MB from /archive, replays ≈ 100 MB in all; time unknown, at 50 MB/s ≈ 2 s" in costs(
        fed, STANDING
    )
    late = replace(HEALTHY, standing=CHEAP[Rung.REPAIR], missing=100 * MIB)
    assert "replays ≈ 100 MB that it is behind; time unknown" in costs(late, STANDING)
    assert "replays" not in costs(replace(late, missing=0), STANDING)


@pytest.mark.parametrize(
    ("words", "change", "code"),
    [
        (replace(WHOLE, rate="fast"), {}, "RESYNC-RATE"),
        (replace(WHOLE, rate="20M"), {}, ""),
        (replace(STANDING, follow="db1"), {}, "RESYNC-UPSTREAM"),  # it is down
        (replace(STANDING, follow="db3"), {}, "RESYNC-UPSTREAM"),  # itself
        (replace(STANDING, follow="db2"), {}, "RESYNC-NOT-NEEDED"),  # the primary: so it does already
        (WHOLE, {"low": ("max_connections is 50 there, 100",)}, "RESYNC-SETTINGS"),
    ],
)
def test_what_is_not_taken(words: Asked, change: dict[str, object], code: str) -> None:
    refused = refuse(words, replace(found(HEALTHY, words), **change))  # type: ignore[arg-type]  # any field
    assert (refused.code if refused else "") == code


def test_a_node_does_not_follow_one_that_follows_it() -> None:
    here = replace(VIEW.nodes["db3"], replication=(sender("db1"),))
    behind = replace(VIEW.nodes["db3"], name="db1")  # a standby whose receiver is connected to db3's port
    view = ClusterView("main", {"db1": behind, "db2": DB2, "db3": here})
    words = replace(STANDING, follow="db1")
    refused = refuse(words, replace(found(HEALTHY, words), view=view))
    assert refused is not None
    assert refused.message == "db1 itself follows db3."


def test_a_mirror_that_leaves_a_standby_is_told_how_to_stay_and_leaves_no_slot_behind() -> None:
    standby = replace(
        VIEW.nodes["db3"], name="db1", slots=(Slot("db3", "physical", active=False, wal_status="reserved", retained=0),)
    )
    view = ClusterView("main", {**VIEW.nodes, "db1": standby})
    seen = replace(HEALTHY, standing=CHEAP[Rung.REPAIR], followed="db1")
    case: Found = replace(found(seen, STANDING), view=view)
    made = plan(STANDING, case)
    assert any("db3 followed db1 until now, and will follow db2" in note for note in made.notes)
    assert any("/db resync main db3 --follow db1" in note for note in made.notes)
    assert made.steps[-1].args == {"node": "db1", "slot": "db3"}
    stays = replace(STANDING, follow="db1")
    assert way_for(stays, case, "db2", seen).former == ""
    assert plan(stays, case).title == "Resync db3: reconnect it to db1"
