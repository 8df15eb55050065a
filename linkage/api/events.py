"""The daily feeds of events: the prison service publishes one a day, every authority's desk gets the same bytes, and nobody else any."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from linkage.api.bodies import takes_signed
from linkage.api.call import Signed
from linkage.api.parameters import Name, Number
from linkage.api.permissions import Action, check_can
from linkage.api.problems import UnknownFeedError
from linkage.events import PUBLISHED, take_feed
from linkage.store.models import EventFeed
from schemas.errors import NotPermittedError
from schemas.event_feed import CONTEXT, read_feed
from schemas.roster import Kind

router = APIRouter(prefix="/v1/events", tags=["events"])


@router.put("/{organisation}/{number}", openapi_extra=takes_signed())
def put_feed(organisation: Name, number: Number, call: Signed) -> dict[str, Any]:
    """Keep the caller's feed of one day; the same bytes again change nothing. What is answered depends on the caller's own feeds alone."""
    check_can(call.caller, Action.PUBLISH_EVENTS, organisation)
    if call.service.agreed.roster.get(organisation).kind is not Kind.PRISON_SERVICE:
        raise NotPermittedError("event feed: the prison service publishes it; your events are not asked for")
    document = call.document(CONTEXT)
    feed = read_feed(document)
    if feed.organisation != organisation:
        raise NotPermittedError("event feed: it names another organisation; publish your own")
    with call.transaction() as session:
        event = call.event(PUBLISHED, "", number=number, digest=document.digest)
        take_feed(session, document, feed, number=number, now=call.now, event=event)
    return {"number": number, "digest": document.digest}


@router.get("")
def list_feeds(call: Signed) -> dict[str, Any]:
    """List the feeds that are kept, oldest first: the same to every desk."""
    check_can(call.caller, Action.COLLECT_EVENTS)
    with call.transaction() as session:
        query = select(EventFeed.organisation, EventFeed.number, EventFeed.digest).order_by(EventFeed.organisation, EventFeed.number)
        return {"feeds": [{"organisation": name, "number": number, "digest": digest} for name, number, digest in session.execute(query)]}


@router.get("/{organisation}/{number}")
def get_feed(organisation: Name, number: Number, call: Signed) -> dict[str, Any]:
    """Answer with one feed, as it was signed."""
    check_can(call.caller, Action.COLLECT_EVENTS)
    with call.transaction() as session:
        feed = session.get(EventFeed, (organisation, number))
        if feed is None:
            raise UnknownFeedError("event feed: none of that number is kept; list those that are")
        return feed.document
