"""Whether a family agrees that its details go to somebody else than the named professional: states, and what may follow. One table. Pure.

The first offer rests on the authority's own power and asks for no consent; what goes on from there does. Nobody's silence is a yes.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from schemas.errors import ConfigurationError


class Consent(StrEnum):
    """Where a family's consent stands."""

    NOT_ASKED = "not-asked"
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OVERRIDDEN = "overridden"


class Ground(StrEnum):
    """Why details may be passed on without consent: words of a list, so that no line about a family gets into the log."""

    CHILD_IN_DANGER = "child-in-danger"
    ANOTHER_IN_DANGER = "another-in-danger"
    COURT_ORDER = "court-order"


class Standing(NamedTuple):
    """Who owns a state, what they do, and which states may follow."""

    owner: str
    action: str
    then: tuple[Consent, ...]


_C = Consent
RECIPIENT, CONTACT = "the recipient", "the single point of contact"
CONSENT: Final[Mapping[Consent, Standing]] = {
    _C.NOT_ASKED: Standing(RECIPIENT, "passes nothing on, and may ask", (_C.ASKED, _C.OVERRIDDEN)),
    _C.ASKED: Standing(RECIPIENT, "passes nothing on, and gives the family time", (_C.GIVEN, _C.REFUSED, _C.OVERRIDDEN)),
    _C.GIVEN: Standing(RECIPIENT, "passes on what the family agreed to, to whom they agreed", (_C.WITHDRAWN,)),
    _C.REFUSED: Standing(RECIPIENT, "passes nothing on; the offer stays open", (_C.ASKED, _C.OVERRIDDEN)),
    _C.WITHDRAWN: Standing(CONTACT, "has whoever was told destroy what they have, and hears that they did", (_C.ASKED, _C.OVERRIDDEN)),
    _C.OVERRIDDEN: Standing(CONTACT, "passes on what the ground needs and no more, and tells the family unless that harms", (_C.ASKED,)),
}


def check_may_become(before: Consent, after: Consent, ground: Ground | None) -> None:
    """Check that a consent may go from one state to another; to be passed over it needs a ground, and nothing else has one.

    Raises:
        ConfigurationError: it may not.
    """
    if after not in CONSENT[before].then:
        raise ConfigurationError(f"consent: after {before} comes {', '.join(CONSENT[before].then)}; record what happened in order")
    if (after is Consent.OVERRIDDEN) != (ground is not None):
        raise ConfigurationError(f"consent: overridden, and nothing else, wants --ground, one of {', '.join(Ground)}")
