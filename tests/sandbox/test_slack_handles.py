"""Triggers and response URLs: how often, and for how long."""

from dataclasses import dataclass

import pytest

from sandbox.slack.handles import Replies, Triggers
from sandbox.slack.ids import Mint
from sandbox.slack.shapes import SlackError


@dataclass
class Watch:
    """A clock that stands still until it is set."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def refusal(triggers: Triggers, trigger: str) -> str:
    with pytest.raises(SlackError) as refused:
        triggers.use(trigger)
    return refused.value.error


def test_a_trigger_works_once_for_its_own_person() -> None:
    triggers = Triggers(Mint(), Watch())
    trigger = triggers.make("U0ANA", "V1")
    used = triggers.use(trigger)
    assert (used.user, used.view) == ("U0ANA", "V1")
    assert refusal(triggers, trigger) == "exchanged_trigger_id"


def test_a_trigger_expires_after_three_seconds() -> None:
    watch = Watch()
    triggers = Triggers(Mint(), watch)
    early, late = triggers.make("U0ANA"), triggers.make("U0ANA")
    watch.now += 3.0
    triggers.use(early)
    watch.now += 0.1
    assert refusal(triggers, late) == "expired_trigger_id"


def test_an_invented_trigger_is_unknown() -> None:
    assert refusal(Triggers(Mint()), "1.2.abc") == "invalid_trigger_id"


def test_a_response_url_works_five_times() -> None:
    replies = Replies(Watch())
    key = replies.make("U0ANA", "C0OPS", "1.2")
    for _ in range(5):
        assert replies.use(key).channel == "C0OPS"
    with pytest.raises(SlackError) as refused:
        replies.use(key)
    assert refused.value.error == "expired_url"


def test_a_response_url_expires_after_thirty_minutes() -> None:
    watch = Watch()
    replies = Replies(watch)
    key = replies.make("U0ANA", "C0OPS")
    watch.now += 1800.0
    replies.use(key)
    watch.now += 1.0
    with pytest.raises(SlackError):
        replies.use(key)


def test_times_rise_and_never_repeat() -> None:
    mint = Mint()
    made = [mint.ts() for _ in range(1000)]
    assert made == sorted(set(made))
    assert all(len(ts.partition(".")[2]) == 6 for ts in made)
