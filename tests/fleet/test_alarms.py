"""An alarm rings when its time has come, unless it was unset; what goes wrong in one keeps no other from ringing."""

import threading
import time

import pytest

from fleet.alarms import Alarms

LONG = 60.0  # seconds


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


def test_the_one_that_is_due_first_rings_first_whichever_was_set_first(alarms: Alarms) -> None:
    rang, all_rang = list[str](), threading.Event()
    alarms.set(LONG, lambda: rang.append("much later"))
    later = alarms.set(0.2, all_rang.set)
    sooner = alarms.set(0.05, lambda: rang.append("soon"))
    assert all_rang.wait(20)
    assert (rang, sooner.rang, later.rang) == (["soon"], True, True)


def test_one_that_was_unset_never_rings(alarms: Alarms) -> None:
    rang, later = list[str](), threading.Event()
    alarm = alarms.set(0.1, lambda: rang.append("unset"))
    alarms.unset(alarm)
    alarms.set(0.2, later.set)
    assert later.wait(20)
    assert (rang, alarm.rang) == ([], False)


def test_unset_while_it_rings_it_has_rung_before_that_is_over(alarms: Alarms) -> None:
    begun, rang = threading.Event(), list[str]()

    def ring() -> None:
        begun.set()
        time.sleep(0.1)
        rang.append("to its end")

    alarm = alarms.set(0.01, ring)
    assert begun.wait(20)
    alarms.unset(alarm)
    assert (rang, alarm.rang) == (["to its end"], True)


def test_what_is_gone_when_one_rings_keeps_no_other_from_it(alarms: Alarms) -> None:
    def gone() -> None:
        raise OSError("the connection is closed")

    later = threading.Event()
    alarms.set(0.01, gone)
    alarms.set(0.05, later.set)
    assert later.wait(20)


def test_one_thread_waits_for_all_of_them(alarms: Alarms) -> None:
    before = watching()
    for _ in range(100):
        alarms.set(LONG, lambda: None)
    assert watching() == before + 1


def watching() -> int:
    return [each.name for each in threading.enumerate()].count("alarms")
