"""Which state follows which."""

from itertools import product

import pytest

from approvals.machine import Event, next_state
from approvals.model import State
from core.outcome import Refusal


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)), ids=str)
def test_every_event_in_every_state_has_an_answer(state: State, event: Event) -> None:
    came = next_state(state, event)
    assert isinstance(came, (State, Refusal))


def test_what_has_ended_stays_ended() -> None:
    settled = {Event.SETTLE_DONE, Event.SETTLE_UNDONE}
    for state, event in product([state for state in State if state.ended], Event):
        allowed = state is State.UNKNOWN and event in settled
        assert allowed or isinstance(next_state(state, event), Refusal), (state, event)
