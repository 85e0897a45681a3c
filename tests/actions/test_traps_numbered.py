"""Every trap that was found on real servers has a test that falls into it, or a word why not yet."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FINDINGS = {f"1.{n}" for n in range(1, 11)} | {f"small {n}" for n in range(1, 9)}
ON_EVERY_VERSION = re.compile(r"import each_(shared_)?cluster")

# Finding, fault or step → how the names of its tests begin.
TRAPS: dict[str, tuple[str, ...]] = {
    "1.1 off by one record": (
        "without the shutdown record on the candidate",
        "promotion is refused when the old primary",
    ),
    "1.2 pg_rewind lies": (
        "pg rewind is not left to judge a fork",
        "a node that wrote on the same timeline is never taken for healthy",
        "a fork on the same timeline is seen in the wal",
        "no rewind required is not believed",
    ),
    "1.3 a spread checkpoint": ("an old primary is rewound right after a promotion",),
    "1.4 pg_rewind brings the other's configuration": ("an old primary is rewound right after a promotion",),
    "1.5 a stop waits for every sender": (
        "a frozen candidate is refused before anything",
        "a frozen receiver of another standby",
        "a frozen pg receivewal counts and one that is well does not",
        "a base backup is not cut off",
    ),
    "1.6 archiving and the stop": (
        "a failing archiver stops the plan",
        "a slow archiver holds up the return",
        "an archive that fails after the look leaves files behind",
    ),
    "1.7 lag 0 lies": (
        "a standby that replayed all it received and hears nobody",
        "after a restart the place received lies below",
        "lag of a disconnected standby that replayed all",
    ),
    "1.8 a stray history file": (
        "a history file that a scratch copy left in the archive",
        "a history file that no node wrote is named",
        "a backup is taken verified and restores",  # its own copy is started with archive_mode = off
    ),
    "1.10 a canary that waits": (
        "a new primary that waits for a synchronous standby",
        "a primary whose commits wait for nobody",
    ),
    "small 1 read-only is no fence, standby.signal is": (
        "a node that wrote on the same timeline is never taken for healthy",
        "a primary stopped for a switchover comes back read only",
    ),
    "small 2 standby.signal breaks pg_rewind's recovery": ("an old primary is rewound right after a promotion",),
    "small 3 a crashed target fails the dry run": ("a killed old primary with rows of its own is rewound",),
    "small 4 the old primary keeps its slots": (
        "a switchover under load loses no acknowledged row",
        "prepared transactions go over logical slots are counted",
        "an old primary without rows of its own only follows",
    ),
    "small 5 paused by max_connections": ("a standby paused because its primary may have more connections",),
    "small 6 a lost slot stays lost on 18": ("a standby whose wal is gone is fed from the archive",),
    "small 7 a bad page": ("a damaged page on the source fails the backup",),
    "small 8 two writers, one identifier": (
        "a node that wrote on the same timeline is never taken for healthy",
        "two primaries are seen and nothing is promoted",
    ),
    "fault: kill -9 of the postmaster": (
        "a dead primary is replaced and the loss is read",
        "a primary that dies before it is stopped is for people",
        "a candidate that dies before the gate",
    ),
    "fault: SIGSTOP of receiver, sender, startup, all": (
        "a frozen candidate is refused before anything",
        "a candidate whose replay hangs is found out",
        "replay that stands still is cured",
        "a frozen primary is not replaced",
    ),
    "fault: partition, by a conninfo to a dead port": (
        "a standby that replayed all it received and hears nobody",
        "a standby that follows nobody is aimed",
        "wal that no standby has is counted as lost",
    ),
    "fault: archive_command fails or sleeps": (
        "a failing archiver stops the plan",
        "a slow archiver holds up the return",
    ),
    "fault: a segment is missing": ("with a hole in the archive only a copy is left", "missing wal is caught too"),
    "fault: slot lost or dropped": (
        "a standby whose wal is gone is fed from the archive",
        "a dropped slot is made again",
    ),
    "fault: the bot is killed": (
        "a bot killed inside any step is followed",
        "a bot killed in any step of a rewind",
        "a bot killed in any step of a copy",
        "a run whose bot is killed at any boundary ends",
    ),
    "fault: double click, two operators": ("05 two approvers in the same millisecond", "one run per cluster"),
    "fault: stale approval": ("a cluster that changed after approval", "a primary that changed after the plan stops"),
    "fault: wrong name typed": ("what is destructive is approved by typing",),
    "3.2.2 what is noted before": ("prepared transactions go over logical slots are counted",),
    "3.2.3 who may follow, and has room": ("a candidate that the others may not log in", "an unfit standby is refused"),
    "3.2.4 other automation": ("what holds up a stop is named",),
    "3.2.12 back before the promotion": ("a bot killed before the point of no return leaves a way back",),
    "3.2.13 no way back after it": ("going back is refused once the candidate was promoted",),
    "3.3.1 silence is not death": ("a frozen primary is not replaced", "silence is not death"),
    "3.3.2 the loss": ("wal that no standby has is counted as lost", "a loss above the cap is refused"),
    "3.3.3 who has most": ("less wal is refused while somebody has more", "one that is ahead but unfit is not asked"),
    "3.4.A1 never the primary": ("the only primary and the last copy are never touched",),
    "3.4.A2 stopped behind its fence": ("an old primary that still writes is stopped fenced and rewound",),
    "3.4.A7 no rewind where none is needed": ("an old primary without rows of its own only follows",),
    "3.4.A9 a rewind fails": ("a failed rewind leaves the node down", "wal from before the fork is fetched"),
    "3.4.B1 the only synchronous standby": ("the only synchronous standby is not taken away",),
    "3.4.B3 links and tablespaces": (
        "a folder beside a link lies where",
        "each obstacle has a code and says what to do",
    ),
    "3.4.B5 the old folder is kept": ("a standby is copied whole and its old folder kept",),
    "3.4.B10 a copy that fails": ("a copy that fails is taken back to the old folder",),
    "3.5.4 a failed backup never counts": (
        "a damaged page on the source fails",
        "what failed is set aside and not deleted",
    ),
}

NOT_YET = {
    "1.9 a point in time holds locks": "there is no restore to a point in time yet, so nobody reads there",
    "1.8 in status": "status asks databases only; a stray history lies in a folder. Resync looks there",
    "3.2.18 and 3.4.A3 re-push .ready WAL": "the last step counts and tells it; nobody runs archive_command by hand",
    "3.5.10 retention": "Seconder deletes no backup, so no failure can reach one that is good",
    "3.6 restore and drills": "there is no restore yet; a test restores the backup that was taken",
    "fault: disk full": "room is measured before a copy (NO-SPACE); to fill a disk a test needs one of its own",
    "fault: iptables": "needs root; a conninfo to a dead port cuts the same stream",
}


def places() -> dict[str, list[Path]]:
    """Give every test by its name in words, with the files that hold it."""
    found = defaultdict(list)
    for path in TESTS.rglob("test_*.py"):
        for name in re.findall(r"^def test_(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            found[name.replace("_", " ")].append(path)
    return found


def test_every_finding_is_a_trap_with_tests_or_has_a_word_why_not_yet() -> None:
    told = [re.match(r"(1\.\d+|small \d+)", name) for name in [*TRAPS, *NOT_YET]]
    assert {match[0] for match in told if match} >= FINDINGS
    assert all(TRAPS.values())


@pytest.mark.parametrize("trap", TRAPS)
def test_the_tests_of_a_trap_are_there(trap: str) -> None:
    names = places()
    begun = {words: [name for name in names if name.startswith(words)] for words in TRAPS[trap]}
    assert {words: len(found) for words, found in begun.items()} == dict.fromkeys(TRAPS[trap], 1)
    if trap.startswith(("1.", "small ")):
        files = {path for found in begun.values() for name in found for path in names[name]}
        real = [path for path in files if ON_EVERY_VERSION.search(path.read_text(encoding="utf-8"))]
        assert real, "only pure functions or one version of PostgreSQL meet it"
