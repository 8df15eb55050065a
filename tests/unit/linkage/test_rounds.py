"""The round's states: which leads where, who owns each, and what the public sees of it."""

from itertools import pairwise, product

import pytest

from linkage.rounds import public_state
from linkage.states import STATES, State, check_may_move
from linkage.store.models import Round
from schemas.errors import RoundError

FORWARD = [
    State.OPEN, State.CLOSED, State.FIRST_WAVE, State.SECOND_WAVE, State.SEARCHED, State.AWAITING_APPROVAL, State.RELEASED, State.EXPIRED,
]  # fmt: skip
STEPS = {
    *pairwise(FORWARD),
    *((state, State.CANCELLED) for state in FORWARD[:6]),
    *((state, State.EXPIRED) for state in State if state != State.EXPIRED),
}


@pytest.mark.parametrize(("state", "to"), list(product(State, State)))
def test_a_round_moves_forward_one_step_is_cancelled_before_release_or_expires(state, to):
    if (state, to) in STEPS:
        check_may_move(state, to)
    else:
        with pytest.raises(RoundError, match=f"{state} does not lead to {to}"):
            check_may_move(state, to)


def test_every_state_has_an_owner_and_a_row():
    assert set(STATES) == set(State)
    assert all(row.owner and row.how for row in STATES.values())


def test_the_public_sees_open_closed_or_expired():
    seen = {state: public_state(Round(state=state)) for state in State}
    assert (seen.pop(State.OPEN), seen.pop(State.EXPIRED)) == ("open", "expired")
    assert set(seen.values()) == {"closed"}
