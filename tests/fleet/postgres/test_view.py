from tests.fixtures.views import HERE, cluster_view, dead, primary, sender, silent, standby


def test_lag_counts_from_the_further_of_received_and_replayed() -> None:
    restarted = standby("db2", receive_lsn=HERE - 4096, replay_lsn=HERE - 144)
    assert cluster_view(primary(), restarted).lag("db2") == 144


def test_lag_is_never_negative_though_nodes_are_seen_at_different_moments() -> None:
    assert cluster_view(primary(), standby("db2", receive_lsn=HERE + 96)).lag("db2") == 0


def test_lag_of_a_disconnected_standby_that_replayed_all_it_had_is_not_zero() -> None:
    cut_off = standby("db2", receive_lsn=HERE - 334_000, replay_lsn=HERE - 334_000, receiver=None)
    assert cluster_view(primary(), cut_off).lag("db2") == 334_000


def test_lag_is_unknown_without_one_primary() -> None:
    assert cluster_view(silent("db1"), standby("db2")).lag("db2") is None
    assert cluster_view(primary(), primary("db3"), standby("db2")).lag("db2") is None


def test_two_primaries_are_no_primary() -> None:
    view = cluster_view(primary(), primary("db2"))
    assert view.primary is None
    assert [node.name for node in view.primaries] == ["db1", "db2"]


def test_the_sender_of_a_standby_is_found_by_its_slot_then_by_its_name() -> None:
    rows = (sender("walreceiver", slot="db2"), sender("db3", slot=""))
    view = cluster_view(primary(replication=rows), standby("db2"), standby("db3", receiver=None))
    assert view.sender("db2") == rows[0]
    assert view.sender("db3") == rows[1]


def test_a_sender_is_stuck_when_its_standby_owes_it_an_answer() -> None:
    assert not sender("db2", reply_age=9.0).stuck
    assert sender("db2", reply_age=26.0).stuck
    assert sender("db2", reply_age=5.0, write_lsn=HERE - 100).stuck
    assert not sender("db2", reply_age=0.1, write_lsn=HERE - 100).stuck
    assert not sender("backup", reply_age=600.0, state="backup").stuck


def test_who_replays_nothing_tells_every_ten_seconds_what_it_wrote_and_is_not_stuck_before() -> None:
    assert not sender("pg_receivewal", reply_age=9.0, write_lsn=HERE - 100, replay_lsn=None).stuck
    assert sender("pg_receivewal", reply_age=26.0, write_lsn=HERE - 100, replay_lsn=None).stuck


def test_a_fenced_server_may_not_write_though_it_was_the_primary() -> None:
    crashed, fenced, follower = dead("db1"), dead("db1", fenced=True), dead("db1", "in archive recovery")
    assert crashed.control is not None
    assert crashed.control.may_write
    assert fenced.control is not None
    assert fenced.control.was_primary
    assert not fenced.control.may_write
    assert follower.control is not None
    assert not follower.control.was_primary
