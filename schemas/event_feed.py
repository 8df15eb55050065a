"""The daily feed of what became of receptions: tags that only those who have the event handle can read. Pure.

    tag     the first `TAG_BYTES` of HMAC-SHA256(handle, event ‖ sequence); `sequence` counts the events of one handle, from 0
    feed    a signed document of `FEED_TAGS` tags in the order of their bytes: random ones make up the number, what is over waits

Every authority gets the same bytes, each day, whether anything happened or not. Feeds are numbered, and each names the one before it,
so that none can be left out.
"""

import base64
import hmac
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import SubmissionError
from schemas.signature import SignedDocument

CONTEXT: Final = "event-feed/1"
TAG_BYTES: Final = 16
FEED_TAGS: Final = 4_096  # a country's receptions make some 1,500 events a day
FEED_BYTES: Final = FEED_TAGS * TAG_BYTES
GENESIS: Final = "0" * 64  # in place of the feed before the first
KEPT_DAYS: Final = 90  # a feed, at the service and at a desk
MAX_SEQUENCE: Final = 2**16 - 1


class Event(IntEnum):
    """What became of a reception after its round. The number is on the wire; a smaller one goes first where a day's feed is full."""

    WITHDRAWN = 1  # the reception was recorded in error
    CORRECTION = 2  # what was said of it was wrong, and a later round says it right
    OBJECTION = 3  # somebody who may objects to the support
    DEATH = 4
    RELEASED = 5
    RETURNED = 6  # to prison, under the same reception
    RELEASE_PLANNED = 7  # within the next fourteen days
    SENTENCED = 8  # was on remand before


class Feed(BaseModel):
    """One day's feed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    organisation: str = Field(max_length=64)
    number: int = Field(ge=1, le=10**9)
    previous: str = Field(pattern=r"^[0-9a-f]{64}$")
    published_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
    tags: str = Field(min_length=-(-FEED_BYTES // 3) * 4, max_length=-(-FEED_BYTES // 3) * 4)

    def tag_set(self) -> frozenset[bytes]:
        """Return every tag of the feed."""
        content = base64.b64decode(self.tags)
        return frozenset(content[start : start + TAG_BYTES] for start in range(0, FEED_BYTES, TAG_BYTES))


def tag_of(handle: bytes, event: Event, sequence: int) -> bytes:
    """Return the tag of the event that is number `sequence` of a handle's, `TAG_BYTES` long."""
    return hmac.digest(handle, bytes([event]) + sequence.to_bytes(2, "big"), "sha256")[:TAG_BYTES]


def padded(tags: Iterable[bytes], draw: Callable[[int], bytes]) -> str:
    """Return up to `FEED_TAGS` tags as a feed has them: made up with random ones, in the order of their bytes, as base64.

    Args:
        tags: 16 bytes each.
        draw: returns so many random bytes, as `secrets.token_bytes` does.
    """
    known = set(tags)
    while len(known) < FEED_TAGS:
        known.add(draw(TAG_BYTES))
    return base64.b64encode(b"".join(sorted(known))).decode()


def read_feed(document: SignedDocument) -> Feed:
    """Return the feed in `document`, whose signature the caller checks.

    Raises:
        SubmissionError: it is none.
    """
    try:
        feed = Feed.model_validate(document.body)
        whole = len(base64.b64decode(feed.tags, validate=True)) == FEED_BYTES
    except (ValidationError, ValueError):
        whole = False
    if not whole:
        raise SubmissionError("event feed: malformed; update Kinlink, and publish again")
    return feed
