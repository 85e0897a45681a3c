from typing import Any

import pytest

from fleet.postgres.pace import Pace
from fleet.postgres.retained import holding, sentence
from fleet.postgres.view import NodeView, Slot
from tests.fixtures.views import SETTINGS, primary

GIB = 1 << 30
QUICK = Pace(GIB // 3, 4 * 3600.0)
LIMIT = {**SETTINGS, "max_slot_wal_keep_size": "4096", "wal_keep_size": "64"}
NO_LIMIT = {**LIMIT, "max_slot_wal_keep_size": "-1"}


def slot(**changes: Any) -> Slot:  # noqa: ANN401  # any field
    given = {"name": "db3", "active": False, "wal_status": "extended", "retained": GIB, **changes}
    return Slot(type="physical", **given)


def server(**changes: Any) -> NodeView:  # noqa: ANN401  # any field
    return primary(**{"settings": LIMIT, "paces": (QUICK,), **changes})


def test_a_slot_whose_reader_is_away_says_how_long_it_lasts() -> None:
    held, grows = "slot db3 on db1 holds 1 GB of at most 4 GB", "grows ≈ 85 MB/h (average of 4 h)"
    said = sentence(server(), slot(safe=3 * GIB // 4))
    assert said == f"{held} and {grows}: full in ≈ 9 h, then its WAL goes"


def test_the_faster_of_two_averages_decides_how_long() -> None:
    storm = Pace(GIB, 300.0)
    said = sentence(server(paces=(QUICK, storm)), slot(safe=3 * GIB))
    assert "grows ≈ 12 GB/h (average of 5 min): full in ≈ 15 min" in said


def test_what_lasts_long_is_not_counted_in_years() -> None:
    assert "full in more than 30 d" in sentence(server(paces=(Pace(1 << 20, 86400.0),)), slot(safe=3 * GIB))


@pytest.mark.parametrize("paces", [(), (Pace(0, 900.0),)])
def test_without_a_rate_no_time_is_given(paces: tuple[Pace, ...]) -> None:
    assert sentence(server(paces=paces), slot(safe=GIB)) == "slot db3 on db1 holds 1 GB of at most 4 GB"


def test_without_a_limit_only_the_disk_ends_it() -> None:
    said = sentence(server(settings=NO_LIMIT), slot())
    assert said == "slot db3 on db1 holds 1 GB and grows ≈ 85 MB/h (average of 4 h), limited by the disk alone"
    said = sentence(server(settings=NO_LIMIT, paces=()), slot())
    assert said == "slot db3 on db1 holds 1 GB, limited by the disk alone"


def test_what_the_server_did_not_say_is_not_said() -> None:
    assert sentence(server(settings=SETTINGS, paces=()), slot()) == "slot db3 on db1 holds 1 GB"


@pytest.mark.parametrize("change", [{"wal_status": "unreserved", "safe": -5}, {"safe": 0}])
def test_a_slot_over_its_limit_lives_until_the_next_checkpoint(change: dict[str, Any]) -> None:
    assert sentence(server(), slot(**change)).endswith("over it, the next checkpoint may take its WAL away")


def test_how_a_slot_in_use_goes_on_is_not_foretold() -> None:
    said = sentence(server(), slot(active=True, safe=3 * GIB))
    assert said == "slot db3 on db1 holds 1 GB of at most 4 GB: its reader is behind"


def test_wal_that_is_kept_for_everybody_is_part_of_the_limit() -> None:
    settings = {**LIMIT, "wal_keep_size": "8192"}
    assert "of at most 8 GB" in sentence(server(settings=settings), slot(safe=GIB))


def test_only_slots_that_keep_wal_for_somebody_count_the_most_urgent_first() -> None:
    slots = (
        slot(name="fine", active=True, retained=4096),
        slot(name="never", retained=None),
        slot(name="lost", wal_status="lost", retained=None),
        slot(name="dead", invalid="wal_removed"),
        slot(name="copied", synced=True),
        slot(name="backup", active=True, temporary=True),
        slot(name="endless"),
        slot(name="later", safe=2 * GIB),
        slot(name="slow", active=True, safe=3 * GIB),
        slot(name="soon", safe=GIB),
    )
    assert [one.name for one in holding(server(slots=slots))] == ["soon", "later", "slow", "endless"]
