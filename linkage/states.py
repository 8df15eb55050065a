"""The states of a round: which leads where, and who owns each. The one table of the state machine. Pure.

    open → closed → first-wave → second-wave → searched → awaiting-approval → released
      ├───────┴──────────┴─────────────┴───────────┴──────────────┴──→ cancelled  │
      └───────────────────────── any of them, once it is due ─────────────────────┴──→ expired

A step that this table does not hold is refused, whoever asks.
"""

from collections.abc import Mapping
from enum import StrEnum

from schemas.errors import RoundError


class State(StrEnum):
    """Where a round stands."""

    OPEN = "open"
    CLOSED = "closed"
    FIRST_WAVE = "first-wave"
    SECOND_WAVE = "second-wave"
    SEARCHED = "searched"
    AWAITING_APPROVAL = "awaiting-approval"
    RELEASED = "released"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


ORDER = (
    State.OPEN,
    State.CLOSED,
    State.FIRST_WAVE,
    State.SECOND_WAVE,
    State.SEARCHED,
    State.AWAITING_APPROVAL,
    State.RELEASED,
    State.EXPIRED,
)
MAY_MOVE: Mapping[State, frozenset[State]] = {
    State.OPEN: frozenset({State.CLOSED, State.CANCELLED, State.EXPIRED}),
    State.CLOSED: frozenset({State.FIRST_WAVE, State.CANCELLED, State.EXPIRED}),
    State.FIRST_WAVE: frozenset({State.SECOND_WAVE, State.CANCELLED, State.EXPIRED}),
    State.SECOND_WAVE: frozenset({State.SEARCHED, State.CANCELLED, State.EXPIRED}),
    State.SEARCHED: frozenset({State.AWAITING_APPROVAL, State.CANCELLED, State.EXPIRED}),
    State.AWAITING_APPROVAL: frozenset({State.RELEASED, State.CANCELLED, State.EXPIRED}),
    State.RELEASED: frozenset({State.EXPIRED}),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset({State.EXPIRED}),
}
WAVE_STATES: Mapping[int, State] = {1: State.FIRST_WAVE, 2: State.SECOND_WAVE}
OWNERS: Mapping[State, str] = {
    State.OPEN: "the custodians",
    State.CLOSED: "the operators",
    State.FIRST_WAVE: "the custodians",
    State.SECOND_WAVE: "the custodians",
    State.SEARCHED: "the linkage worker",
    State.AWAITING_APPROVAL: "the operators",
    State.RELEASED: "the authorities",
    State.EXPIRED: "nobody",
    State.CANCELLED: "nobody",
}


def check_may_move(state: str, to: State) -> None:
    """Check that a round may go from `state` to `to`.

    Raises:
        RoundError: it may not.
    """
    if to not in MAY_MOVE[State(state)]:
        raise RoundError(f"round: {state} does not lead to {to}; it is with {OWNERS[State(state)]}, see `kinlink round status`")


def is_past(state: str, step: State) -> bool:
    """Say whether a round in `state` has been through `step` and left it for the next."""
    return State(state) in ORDER and step in ORDER and ORDER.index(State(state)) > ORDER.index(step)


def check_is_kept(state: str) -> None:
    """Check that what the service had of a round is still there.

    Raises:
        RoundError: the round has expired.
    """
    if state == State.EXPIRED:
        raise RoundError("round: expired, and its key shares are destroyed; that is final, take part in the next one")


def check_is(state: str, wanted: State) -> None:
    """Check that a round is in the state that a step starts from.

    Raises:
        RoundError: it is not.
    """
    if state != wanted:
        raise RoundError(f"round: {state}, where this step needs {wanted}; it is with {OWNERS[State(state)]}, see `kinlink round status`")
