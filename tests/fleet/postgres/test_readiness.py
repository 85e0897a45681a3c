"""What speaks against a copy, before anybody agrees to it."""

from dataclasses import replace

import pytest

from fleet.inventory import LOCAL, Node
from fleet.postgres.readiness import Readiness, objection

HERE = Node("db2", LOCAL, "", "postgres", 5432, "/data", "/bin", "", "seconder", "app", "/work")
READY = Readiness(
    source="db1",
    user="replicator",
    sysid="7",
    version=18,
    size=1 << 30,
    senders=8,
    checksums=True,
    tablespaces=0,
    programs=18,
    folder=True,
    free=10 << 30,
    login_error="",
    login_sysid="7",
    unreadable="",
)


def test_nothing_speaks_against_a_copy_that_can_work() -> None:
    assert objection(READY, HERE, "db2:/b", "BACKUP") is None
    assert objection(replace(READY, free=None), HERE, "db2:/b", "BACKUP") is None


@pytest.mark.parametrize(
    ("ready", "code"),
    [
        (replace(READY, folder=False), "BACKUP-NO-FOLDER"),
        (replace(READY, login_error="no pg_hba.conf entry"), "BACKUP-NO-LOGIN"),
        (replace(READY, login_sysid="8"), "BACKUP-OTHER-SYSTEM"),
        (replace(READY, programs=15), "BACKUP-VERSION"),
        (replace(READY, tablespaces=1), "BACKUP-TABLESPACES"),
        (replace(READY, senders=1), "BACKUP-NO-SENDERS"),
        (replace(READY, free=1 << 30), "BACKUP-NO-SPACE"),
    ],
)
def test_each_obstacle_has_a_code_and_says_what_to_do(ready: Readiness, code: str) -> None:
    refused = objection(ready, HERE, "db2:/b", "BACKUP")
    assert refused is not None
    assert refused.code == code
    assert refused.hint


def test_the_most_basic_obstacle_is_named_first() -> None:
    refused = objection(replace(READY, folder=False, free=0), HERE, "db2:/b", "RESYNC")
    assert refused is not None
    assert refused.code == "RESYNC-NO-FOLDER"
