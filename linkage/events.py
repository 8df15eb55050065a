"""The daily feeds of events at the service: taken once and in order, given to every desk as they came, forgotten after their days.

The service cannot read a feed; it sees that one came, of one size, once a day.
"""

from datetime import datetime, timedelta

from sqlalchemy import Engine as Database
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from linkage.inbox.submissions import ConflictError
from linkage.store.audit import append, lock
from linkage.store.models import EventFeed
from schemas.audit import AuditEvent
from schemas.errors import RoundError, SubmissionError
from schemas.event_feed import KEPT_DAYS, Feed
from schemas.instants import as_text
from schemas.signature import SignedDocument

PUBLISHED = "events-published"  # kind of an audit event
MISSING = "event feed: the one before it is missing here; publish again, and what this node keeps is sent again"
AHEAD = timedelta(days=1)  # by which a node's clock may be fast


def take_feed(session: Session, document: SignedDocument, feed: Feed, *, number: int, now: datetime, event: AuditEvent) -> None:
    """Keep a feed, whose signature and organisation the caller has checked; the same one again changes nothing.

    After a restore the first feed that comes may have any number, so that nothing but what is missing has to come again.

    Raises:
        SubmissionError: its number is not that of its address, or it is from the future.
        ConflictError: another one of that number was published.
        RoundError: it does not follow the last, or that one is of the same day.
    """
    lock(session)
    if feed.number != number or feed.published_at > as_text(now + AHEAD):
        raise SubmissionError("event feed: number or instant is not this one's; set the node's clock, and publish again")
    known = session.get(EventFeed, (feed.organisation, number))
    if known is not None:
        if known.digest != document.digest:
            raise ConflictError("event feed: another one of this number was published; a feed does not change")
        return
    last = last_feed(session, feed.organisation)
    if last is not None:
        if (last.number + 1, last.digest) != (number, feed.previous):
            raise RoundError(MISSING)
        if feed.published_at[:10] <= last.published_at[:10]:
            raise RoundError("event feed: today's was published; what is new goes with tomorrow's")
    session.add(
        EventFeed(
            organisation=feed.organisation,
            number=number,
            published_at=feed.published_at,
            digest=document.digest,
            document=document.model_dump(),
        )
    )
    append(session, event)


def last_feed(session: Session, organisation: str) -> EventFeed | None:
    """Return an organisation's newest feed."""
    newest = select(func.max(EventFeed.number)).where(EventFeed.organisation == organisation).scalar_subquery()
    return session.scalars(select(EventFeed).where(EventFeed.organisation == organisation, EventFeed.number == newest)).one_or_none()


def forget_old_feeds(database: Database, now: datetime) -> None:
    """Forget feeds after their days; an organisation's newest stays, for the next one names it. Safe to repeat."""
    old = EventFeed.published_at < as_text(now - timedelta(days=KEPT_DAYS))
    with Session(database) as session, session.begin():
        for organisation in session.scalars(select(EventFeed.organisation).distinct()).all():
            last = last_feed(session, organisation)
            is_last = EventFeed.number == (last.number if last else 0)
            session.execute(delete(EventFeed).where(EventFeed.organisation == organisation, old, ~is_last))
