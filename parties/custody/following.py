"""What follows for a case from an event of a reception behind it: one table. Pure.

No event closes a case: support goes on after a release. What rests on a record that was wrong is taken back.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from schemas.event_feed import Event


class Following(NamedTuple):
    """Who acts on an event, what they do, by when in hours; and whether the documents are deleted at once."""

    owner: str
    action: str
    hours: int
    is_withdrawn: bool = False


CONTACT, RECIPIENT, SOCIAL_CARE = "the single point of contact", "the recipient", "children's social care"
FOLLOWING: Final[Mapping[Event, Following]] = {
    Event.WITHDRAWN: Following(
        CONTACT, "gets every copy back and destroys it: what it rests on was recorded in error", 4, is_withdrawn=True
    ),
    Event.CORRECTION: Following(CONTACT, "says no more on this sheet, and waits for the envelope that corrects it", 24),
    Event.OBJECTION: Following(CONTACT, "has the offer wait, and decides with the data-protection lead; upheld, it goes on the record", 24),
    Event.DEATH: Following(CONTACT, "telephones the recipient before anybody else speaks with the family", 4),
    Event.RELEASED: Following(RECIPIENT, "asks how the family is now; the offer stays", 72),
    Event.RETURNED: Following(RECIPIENT, "makes the offer again", 24),
    Event.RELEASE_PLANNED: Following(RECIPIENT, "asks whether the family wants help before the day", 72),
    Event.SENTENCED: Following(RECIPIENT, "asks how the family is now; the offer stays", 72),
}
BEFORE_THE_DAY: Final = Following(SOCIAL_CARE, "is told before the day that a parent whose contact is restricted will be released", 24)


def following(event: Event, *, is_restricted: bool) -> Following:
    """Return what follows from an event; a planned release is social care's where contact is restricted."""
    return BEFORE_THE_DAY if is_restricted and event is Event.RELEASE_PLANNED else FOLLOWING[event]
