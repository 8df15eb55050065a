"""The states of a round: which leads where, who owns each, and by what. The one table of the state machine. Pure.

A step that this table does not hold is refused, whoever asks. The diagram and the table in docs/reference/rounds.md are drawn from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, get_args

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
ENDS = (State.CANCELLED, State.EXPIRED)


@dataclass(frozen=True)
class Row:
    """Who a state waits for, where it leads, and what happens in it."""

    owner: str
    leads_to: tuple[State, ...]
    how: str


STATES: Mapping[State, Row] = {
    State.OPEN: Row(
        "the custodians",
        (State.CLOSED, *ENDS),
        "`kinlink round open`; key shares and submissions arrive until `closes_at`, or `kinlink round close`",
    ),
    State.CLOSED: Row("the operators", (State.FIRST_WAVE, *ENDS), "`kinlink service link` searches and plans whom to ask for what"),
    State.FIRST_WAVE: Row(
        "the custodians",
        (State.SECOND_WAVE, *ENDS),
        "`kinlink round look --wave 1`; police forces and authorities answer; `kinlink service link` plans the second wave from the answers that are there",
    ),
    State.SECOND_WAVE: Row("the custodians", (State.SEARCHED, *ENDS), "`kinlink round look --wave 2`; the same"),
    State.SEARCHED: Row(
        "the linkage worker", (State.AWAITING_APPROVAL, *ENDS), "`kinlink service link`: pairs of which both halves came are opened"
    ),
    State.AWAITING_APPROVAL: Row("the operators", (State.RELEASED, *ENDS), "`kinlink service link`: findings, decisions and their digest"),
    State.RELEASED: Row("the authorities", (State.EXPIRED,), "two `kinlink round approve`, then `kinlink round release`"),
    State.CANCELLED: Row(
        "nobody", (State.EXPIRED,), "`kinlink round cancel`, with a reason; nothing moves it on, and it is destroyed when it is due"
    ),
    State.EXPIRED: Row("nobody", (), "by itself, or `kinlink round expire`; final"),
}
WAVE_STATES: Mapping[int, State] = {1: State.FIRST_WAVE, 2: State.SECOND_WAVE}
Step = Literal["search", "carrying over", "opening of pairs", "findings"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)  # of the linkage worker, in the order in which a round has them
LAST: Mapping[Step, State] = {  # the last state in which each is worth doing
    "search": State.FIRST_WAVE,
    "carrying over": State.FIRST_WAVE,
    "opening of pairs": State.SECOND_WAVE,
    "findings": State.SEARCHED,
}


class Cancelled(StrEnum):
    """Why a round was cancelled: words of a list, so that no line about a person gets into the log."""

    TOO_FEW = "too-few-submissions"
    WRONG_TERMS = "wrong-agreement"
    DATA_FAULT = "fault-in-data"
    KEY_LOST = "key-lost"
    ASKED = "a-party-asked"


def check_may_move(state: str, to: State) -> None:
    """Check that a round may go from `state` to `to`.

    Raises:
        RoundError: it may not.
    """
    if to not in STATES[State(state)].leads_to:
        raise RoundError(f"round: {state} does not lead to {to}; it is with {STATES[State(state)].owner}, see `kinlink round status`")


def is_past(state: str, step: State) -> bool:
    """Say whether a round in `state` has been through `step` and left it for the next."""
    return State(state) in ORDER and step in ORDER and ORDER.index(State(state)) > ORDER.index(step)


def is_over(state: str, step: Step) -> bool:
    """Say whether a round in `state` has no more use for a step of the worker: it is past that, or has ended."""
    return State(state) in ENDS or is_past(state, LAST[step])


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
        raise RoundError(
            f"round: {state}, where this step needs {wanted}; it is with {STATES[State(state)].owner}, see `kinlink round status`"
        )
