"""What to do, and who must, from an urgent call until somebody has acknowledged it: one table of steps. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple


class State(StrEnum):
    """Where an urgent call stands."""

    WAITING = "waiting"
    RING_AGAIN = "ring-again"
    RING_999 = "ring-999"
    ACKNOWLEDGED = "acknowledged"


class Step(NamedTuple):
    """A state, from when after the call it holds, who owns it, and what they do."""

    state: State
    after: timedelta
    owner: str
    action: str


LADDER: Final[tuple[Step, ...]] = (
    Step(State.WAITING, timedelta(0), "the area's duty or out-of-hours team", "finds the child, and acknowledges by telephone"),
    Step(State.RING_AGAIN, timedelta(minutes=15), "the sender", "rings the same number again, now, and notes who answered"),
    Step(State.RING_999, timedelta(minutes=30), "the sender", "rings 999 and says that a child may be alone"),
)
ACKNOWLEDGED: Final = Step(State.ACKNOWLEDGED, timedelta(0), "whoever acknowledged", "sees to the child; the record stays")


def step_of(called_at: datetime, now: datetime, *, is_acknowledged: bool) -> Step:
    """Return where a call stands: acknowledged, or the last step whose time has come."""
    if is_acknowledged:
        return ACKNOWLEDGED
    return max((step for step in LADDER if now - called_at >= step.after), key=lambda step: step.after, default=LADDER[0])
