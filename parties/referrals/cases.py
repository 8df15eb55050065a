"""What becomes of a referral once it is written: its states, who owns each, and what may follow. One table. Pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.errors import ConfigurationError


class CaseState(StrEnum):
    """Where a referral stands."""

    WRITTEN = "written"
    ACKNOWLEDGED = "acknowledged"
    OFFERED = "offered"
    TAKEN_UP = "taken-up"
    DECLINED = "declined"
    ALREADY_KNOWN = "already-known"
    WRONG_CHILD = "wrong-child"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"
    MOVED = "moved"


class Duty(NamedTuple):
    """Who owns a state, what they do, and which states may follow."""

    owner: str
    action: str
    then: tuple[CaseState, ...] = ()


RECIPIENT, CONTACT = "the recipient", "the single point of contact"
_S = CaseState
_ENDS = (_S.ALREADY_KNOWN, _S.WRONG_CHILD, _S.WITHDRAWN, _S.MOVED)
CASE: Final[Mapping[CaseState, Duty]] = {
    _S.WRITTEN: Duty(CONTACT, "hands it over in person, and hears that it arrived", (_S.ACKNOWLEDGED, *_ENDS)),
    _S.ACKNOWLEDGED: Duty(RECIPIENT, "speaks with the carer at home, and makes the offer", (_S.OFFERED, *_ENDS)),
    _S.OFFERED: Duty(RECIPIENT, "hears what the family decides", (_S.TAKEN_UP, _S.DECLINED, *_ENDS)),
    _S.TAKEN_UP: Duty(RECIPIENT, "gives support, and hands over when the child moves on", (_S.WRONG_CHILD, _S.WITHDRAWN, _S.MOVED)),
    _S.DECLINED: Duty(RECIPIENT, "leaves the offer open, and asks for nothing", (_S.TAKEN_UP, _S.WRONG_CHILD, _S.WITHDRAWN, _S.MOVED)),
    _S.ALREADY_KNOWN: Duty(RECIPIENT, "goes on as before", (_S.OFFERED, _S.WRONG_CHILD, _S.WITHDRAWN, _S.MOVED)),
    _S.WRONG_CHILD: Duty(
        CONTACT, "gets every copy back and destroys it; the child's next envelope is seen by people first", (_S.RECALLED,)
    ),
    _S.WITHDRAWN: Duty(CONTACT, "gets every copy back and destroys it: what it rested on does not hold any more", (_S.RECALLED,)),
    _S.RECALLED: Duty(CONTACT, "keeps nothing of it but that it happened"),
    _S.MOVED: Duty(CONTACT, "corrects the record; the next collection passes the child on to another authority that knows it"),
}


FINAL: Final = (_S.WRONG_CHILD, _S.WITHDRAWN, _S.RECALLED)  # the documents are gone, so neither can have been recorded in error


def check_may_follow(before: CaseState, after: CaseState) -> None:
    """Check that a referral may go from one state to another.

    Raises:
        ConfigurationError: it may not.
    """
    if after not in CASE[before].then:
        then = ", ".join(CASE[before].then) or "nothing"
        raise ConfigurationError(f"outcome: after {before} comes {then}; record what happened in order")


def check_may_be_corrected(states: Sequence[CaseState]) -> None:
    """Check that the last of a referral's states, in the order in which they were recorded, can be taken back.

    Raises:
        ConfigurationError: it cannot.
    """
    if len(states) == 1 or states[-1] in FINAL:
        raise ConfigurationError(f"outcome: {states[-1]} cannot be taken back; what was recorded before it stays")
