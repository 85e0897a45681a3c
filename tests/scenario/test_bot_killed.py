"""A bot that dies at any moment of a switchover: the next one ends it, or its card says what people do now."""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

import psutil
import pytest

from sandbox.postmaster import kill
from tests.fixtures.operating import ENDED, Operation, operation
from tests.fixtures.poller import watching
from tests.fixtures.product import demo_in, until, words

pytestmark = pytest.mark.postgres
SOAK = bool(os.environ.get("SECONDER_SOAK"))  # read at once: tests see an environment without it
KILLS = 100 if SOAK else 10
STEPS = ("checking", "prepare", "stop", "gate", "promote", "prove", "follow", "rejoin", "tidy")
LATER = 0.15  # seconds: at most so long after its step's beginning a bot dies
TAKEN_BACK = ("Everything was taken back", "Nothing had been changed", "Nothing was changed")
GO_ON = ("/db resync", "Look at", "Read the end of")
TO_DO = (
    "Nothing repeats by itself",
    "Make sure that not two servers take writes: `/db status main`",
    "The commands to go on or to go back by hand are in the thread",
    "Two people say what happened",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operation]:
    with demo_in(tmp_path_factory.mktemp("killed") / "home") as demo:
        nodes = {name: node["dsn"] for name, node in demo.facts["nodes"].items()}
        with watching(nodes) as poller:
            yield operation(demo, poller)


def test_a_switchover_whose_bot_is_killed_at_any_moment_leaves_one_primary_and_every_promised_row(
    world: Operation, record_property: Callable[[str, object], None]
) -> None:
    dice = random.Random(41)
    missing = world.missing()
    ends: Counter[str] = Counter()
    deaths: Counter[str] = Counter()
    for n in range(KILLS):
        moment = STEPS[n] if n < len(STEPS) else dice.choice(STEPS)
        old, target = world.primary, dice.choice(world.others)
        request = world.asked(f"promote main {target}", target)
        deaths[bot_dies(world, request, moment, dice.uniform(0, LATER))] += 1
        if n % 5 == 0:
            deaths[successor_dies(world, request, dice.uniform(0, 2 * LATER))] += 1
        state = world.end_of(request)
        ends[state] += 1
        see_the_end(world, request, old, target)
        assert world.missing() == missing, moment
        make_whole(world, request)
    record_property("figures", f"bot killed {deaths.total()} times: {said(deaths)}; switchovers: {said(ends)}")
    assert world.poller.both_at_once() == []


def test_a_bot_and_a_primary_that_die_together_leave_a_card_that_says_what_people_do(world: Operation) -> None:
    old, target = world.primary, world.others[0]
    missing = world.missing()
    with closing(world.connected(old)) as client:
        psutil.Process(client.info.backend_pid).suspend()  # a stop waits for it: it will still be under way
        request = world.asked(f"promote main {target}", target)
        until(lambda: not world.poller.writable(), every=0.005)
        killed(world, request)
        kill(world.data(old))
    assert world.end_of(request) == "unknown"
    see_the_end(world, request, old, target)
    settle(world, request, "not")
    world.demo.shows(request, "failed")
    world.promoted(target)
    world.resynced(old)
    assert world.stragglers() == []
    assert world.missing() == missing
    assert world.poller.both_at_once() == []


def said(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counted.most_common())


def begun(world: Operation, request: str, step: str) -> bool:
    """Say whether a step has begun, or will not any more."""
    states = world.steps(request)
    if step == "checking":
        return bool(states)
    return states.get(step, "pending") != "pending" or world.demo.state(request) in ENDED


def bot_dies(world: Operation, request: str, moment: str, later: float) -> str:
    """Kill the bot a moment after a step's beginning; gives what it was about."""
    until(lambda: begun(world, request, moment), every=0.005)
    time.sleep(later)
    return killed(world, request)


def successor_dies(world: Operation, request: str, later: float) -> str:
    """Kill the next bot, too, soon after it took the run up; gives what it was about."""
    query = "SELECT epoch FROM run WHERE request = ?"
    before = world.demo.rows(query, request)
    until(lambda: world.demo.rows(query, request) != before or world.demo.state(request) in ENDED, every=0.005)
    until(lambda: world.demo.get("/demo/state")["bot"]["alive"])
    time.sleep(later)
    return killed(world, request)


def killed(world: Operation, request: str) -> str:
    assert world.demo.trouble("restart-bot")["ok"]
    started = [name for name, state in world.steps(request).items() if state == "started"]
    if started:
        return f"in {started[0]}"
    if world.demo.state(request) in ENDED:
        return "afterwards"
    return "between two steps" if "done" in world.steps(request).values() else "before the first step"


def see_the_end(world: Operation, request: str, old: str, target: str) -> None:
    """Read the card as people would; who serves has to fit to it."""
    state = world.demo.state(request)
    if state == "unknown":
        card = world.demo.shows(request, "Result unknown")
        assert [line for line in TO_DO if line not in card] == [], card
        assert {"run.look", "run.settle"} <= set(world.demo.buttons(request))
        return
    promoted = world.steps(request).get("promote") == "done"
    assert world.primary == (target if promoted else old), state
    if state == "succeeded":
        world.demo.shows(request, state)
    else:
        any_of = GO_ON if promoted else TAKEN_BACK
        until(lambda: [line for line in any_of if line in words(world.demo.card(request))])


def make_whole(world: Operation, request: str) -> None:
    """Have everything stream again, as people would."""
    until(lambda: world.demo.say("cy", "help")["acked"])
    if world.demo.state(request) == "unknown":
        settle(world, request, "happened" if world.primary == world.plan(request)["target"] else "not")
    for name in world.stragglers():
        world.resynced(name)
    assert world.stragglers() == []


def settle(world: Operation, request: str, word: str) -> None:
    """Two people say the same of the step whose end nobody saw."""
    for person in ("ana", "ben"):
        view = world.demo.opens(person, request, "run.settle")
        world.demo.send(person, view, verdict={"choice": word})
    until(lambda: world.demo.state(request) != "unknown")
