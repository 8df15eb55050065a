"""Help that a document may name: one row for each service, with the days on which it may be named. Pure.

A document names what is valid on its day and nothing else, so that no family is sent to a service that has ended. Confirm a number
before its last day is moved.
"""

import re
from datetime import date
from typing import Final, NamedTuple


class Signpost(NamedTuple):
    """A service: what it is called, for whom by nation, its telephone, until when it may be named, and where the number was read."""

    name: str
    nations: tuple[str, ...]
    telephone: str
    valid_from: date
    valid_to: date
    source: str


HOME: Final = ("england", "wales")
SIGNPOSTS: Final[tuple[Signpost, ...]] = (
    Signpost("Prisoners' Families Helpline", HOME, "0808 808 2003", date(2026, 11, 1), date(2027, 4, 30), "Pact, prisonadvice.org.uk"),
    Signpost("Families Outside", ("scotland",), "0800 254 0088", date(2026, 11, 1), date(2027, 4, 30), "familiesoutside.org.uk"),
)
TELEPHONE: Final = re.compile(r"0(?:800\d{6,7}|808\d{7}|30[03]\d{7}|[12]\d{9})")  # free, 03, and geographic numbers


def is_telephone(text: str) -> bool:
    """Say whether a text is a whole telephone number of the United Kingdom that a family can ring at no or at local cost."""
    return bool(TELEPHONE.fullmatch(text.replace(" ", "")))


def valid_signposts(today: date, nations: tuple[str, ...] = HOME) -> tuple[Signpost, ...]:
    """Return the services for families in these nations that may be named on a day."""
    return tuple(item for item in SIGNPOSTS if item.valid_from <= today <= item.valid_to and set(item.nations) & set(nations))
