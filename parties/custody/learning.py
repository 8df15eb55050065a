"""A desk's side of the daily feed: fetch what it has not, see that none was left out, and find the events of its own cases.

What the service sees is that a desk fetched feeds, as all do. An event is looked for by every handle that the desk was given; what was
published before the desk had the handle is found as well, for feeds are kept here.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from parties.client import ServiceClient
from parties.custody.following import FOLLOWING, Following, following
from parties.initialise import check_desk, load_agreed
from parties.referrals.cases import CaseState
from parties.referrals.outcomes import delete_documents, last_states
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, CaseReception, KeptFeed, LearnedEvent
from schemas.agreed import Agreed
from schemas.attributes import Custody
from schemas.errors import AlarmError, ConfigurationError, TokenError
from schemas.event_feed import CONTEXT, GENESIS, KEPT_DAYS, Event, Feed, read_feed, tag_of
from schemas.instants import as_text
from schemas.roster import Kind, Role, keys_of
from schemas.signature import SignedDocument, check_signed

AHEAD = 8  # how many of a handle's events may have been in feeds that nobody keeps any more
RETURN_DAYS = 28  # after which somebody who was on remand, and was released, is not expected back
GONE = frozenset({CaseState.WRONG_CHILD, CaseState.WITHDRAWN, CaseState.RECALLED})
MAX_NAME = 80

Tags = Mapping[bytes, str]  # tag → when it was published


@dataclass(frozen=True)
class Learned:
    """One event of one case: which document's, what happened, when the desk learned of it, what follows, and who has done it."""

    document: str
    event: Event
    learned_at: str
    due: str
    follows: Following
    done_by: str | None


@dataclass(frozen=True)
class Looked:
    """What one run found: new feeds, new events, how many documents were deleted, and how many feeds nobody keeps any more that this desk never saw."""

    feeds: int
    events: int
    deleted: int
    missed: int


def learn(settings: NodeSettings, *, client: ServiceClient | None = None, now: datetime | None = None) -> Looked:
    """Fetch the feeds that are new, and do for every case what its events ask for at once; safe to repeat.

    Raises:
        ConfigurationError: the node is no authority's desk.
        AlarmError: a feed is not what the prison service signed after the one before it.
        ServiceError: the service cannot be reached; nothing is lost.
    """
    check_desk(settings)
    agreed, now = load_agreed(settings), now or datetime.now(UTC)
    store = open_node_store(settings)
    try:
        with client or ServiceClient(settings, Role.DESK) as service:
            feeds, missed = _fetch(service, store, agreed)
        events = _find(store, now)
        _withdraw(store, now)
        deleted = _delete_documents(settings, store)
        _forget_old(store, now)
    finally:
        store.dispose()
    return Looked(feeds, events, deleted, missed)


def learned(settings: NodeSettings) -> list[Learned]:
    """Return every event that was learned of the desk's cases: what is still to be done first, the most urgent first."""
    with _opened(settings) as store, Session(store) as session:
        rows = session.execute(
            select(LearnedEvent, CaseReception.is_restricted).join(
                CaseReception, (CaseReception.document == LearnedEvent.document) & (CaseReception.handle == LearnedEvent.handle)
            )
        ).all()
        found = [_learned(item, is_restricted=is_restricted) for item, is_restricted in rows]
    return sorted(found, key=lambda item: (item.done_by is not None, item.due, item.document, item.event))


def record_done(settings: NodeSettings, document: str, event: Event, who: str, *, now: datetime | None = None) -> None:
    """Record who did what an event of a case asked for.

    Raises:
        TokenError: no such event was learned of this document, or it was done.
        ConfigurationError: the person has no name.
    """
    name = " ".join(who.split())
    if not 1 < len(name) <= MAX_NAME:
        raise ConfigurationError(f"events: want a name of 2 to {MAX_NAME} characters; say who has done it")
    instant = as_text(now or datetime.now(UTC))
    with _opened(settings) as store, Session(store) as session, session.begin():
        waiting = select(LearnedEvent).where(LearnedEvent.document == document, LearnedEvent.event == event, LearnedEvent.done_by.is_(None))
        items = session.scalars(waiting).all()
        if not items:
            raise TokenError("events: none of that kind waits for this document; `kinlink party events` lists what does")
        for item in items:
            item.done_at, item.done_by = instant, name


def _fetch(client: ServiceClient, store: Engine, agreed: Agreed) -> tuple[int, int]:
    """Fetch and keep the feeds that are new; return how many, and how many were missed."""
    fetched = missed = 0
    with Session(store, expire_on_commit=False) as session:
        last = {item.organisation: item for item in session.scalars(select(KeptFeed).order_by(KeptFeed.organisation, KeptFeed.number))}
    for listed in client.get("/v1/events").json()["feeds"]:
        organisation, number = str(listed["organisation"]), int(listed["number"])
        before = last.get(organisation)
        if before is not None and number <= before.number:
            continue
        document = SignedDocument.model_validate(client.get(f"/v1/events/{organisation}/{number}").json())
        feed = _checked(document, agreed, organisation, number)
        follows_on = feed.previous == (before.digest if before else GENESIS)
        if not follows_on and (before is not None and number == before.number + 1):
            raise AlarmError(f"event feed {number}: it does not follow the one that this desk saw before it; tell the root signers")
        missed += 0 if follows_on else number - (before.number if before else 0) - 1
        last[organisation] = _keep(store, feed, document)
        fetched += 1
    return fetched, missed


def _checked(document: SignedDocument, agreed: Agreed, organisation: str, number: int) -> Feed:
    publisher = agreed.roster.get(organisation)
    check_signed(document, CONTEXT, keys_of(publisher, Role.CUSTODIAN))
    feed = read_feed(document)
    if publisher.kind is not Kind.PRISON_SERVICE or (feed.organisation, feed.number) != (organisation, number):
        raise AlarmError(f"event feed {number}: it is not the prison service's of that number; tell the root signers")
    return feed


def _keep(store: Engine, feed: Feed, document: SignedDocument) -> KeptFeed:
    kept = KeptFeed(
        organisation=feed.organisation,
        number=feed.number,
        published_at=feed.published_at,
        digest=document.digest,
        document=document.model_dump_json(),
    )
    with Session(store, expire_on_commit=False) as session, session.begin():
        return session.merge(kept)


def _find(store: Engine, now: datetime) -> int:
    """Record the events of every case's receptions that are in a feed that is kept; return how many are new."""
    tags, new = _tags(store), 0
    with Session(store) as session, session.begin():
        for reception in session.scalars(select(CaseReception)).all():
            for sequence, event, published_at in _events(reception, tags):
                session.add(
                    LearnedEvent(
                        document=reception.document,
                        handle=reception.handle,
                        sequence=sequence,
                        event=event,
                        published_at=published_at,
                        learned_at=as_text(now),
                    )
                )
                reception.events, new = sequence + 1, new + 1
    return new


def _events(reception: CaseReception, tags: Tags) -> Iterator[tuple[int, Event, str]]:
    """Yield sequence, event and instant of what was published of a reception and is not known yet."""
    sequence, last = reception.events, reception.events + AHEAD
    while sequence < last:
        for event in Event:
            if (published_at := tags.get(tag_of(reception.handle, event, sequence))) is not None:
                yield sequence, event, published_at
                last = sequence + 1 + AHEAD
        sequence += 1


def _tags(store: Engine) -> dict[bytes, str]:
    with Session(store) as session:
        feeds = [read_feed(SignedDocument.model_validate_json(text)) for text in session.scalars(select(KeptFeed.document))]
    return {tag: feed.published_at for feed in feeds for tag in feed.tag_set()}


def _withdraw(store: Engine, now: datetime) -> None:
    """Withdraw the cases of which every reception was recorded in error, or was on remand and ended without a return."""
    states, instant = last_states(store), as_text(now)
    with Session(store) as session, session.begin():
        for document, state in states.items():
            receptions = session.scalars(select(CaseReception).where(CaseReception.document == document)).all()
            if state not in GONE and receptions and all(_is_over(session, item, now) for item in receptions):
                session.add(CaseEvent(document=document, what=CaseState.WITHDRAWN, recorded_at=instant))


def _is_over(session: Session, reception: CaseReception, now: datetime) -> bool:
    of_it = select(LearnedEvent).where(LearnedEvent.document == reception.document, LearnedEvent.handle == reception.handle)
    events = session.scalars(of_it.order_by(LearnedEvent.sequence)).all()
    if any(FOLLOWING[Event(item.event)].is_withdrawn for item in events):
        return True
    kinds = [Event(item.event) for item in events]
    if reception.custody != Custody.REMAND or Event.SENTENCED in kinds or not kinds or kinds[-1] is not Event.RELEASED:
        return False
    return events[-1].published_at < as_text(now - timedelta(days=RETURN_DAYS))


def _delete_documents(settings: NodeSettings, store: Engine) -> int:
    """Delete the documents of cases that are gone; return how many cases had some."""
    return sum(delete_documents(settings, document) for document, state in last_states(store).items() if state in GONE)


def _forget_old(store: Engine, now: datetime) -> None:
    with Session(store) as session, session.begin():
        newest = {item.organisation: item.number for item in session.scalars(select(KeptFeed).order_by(KeptFeed.number))}
        for organisation, number in newest.items():
            old = KeptFeed.published_at < as_text(now - timedelta(days=KEPT_DAYS))
            session.execute(delete(KeptFeed).where(KeptFeed.organisation == organisation, KeptFeed.number < number, old))


@contextmanager
def _opened(settings: NodeSettings) -> Iterator[Engine]:
    store = open_node_store(settings)
    try:
        yield store
    finally:
        store.dispose()


def _learned(item: LearnedEvent, *, is_restricted: bool) -> Learned:
    event = Event(item.event)
    follows = following(event, is_restricted=is_restricted)
    due = as_text(datetime.fromisoformat(item.learned_at) + timedelta(hours=follows.hours))
    return Learned(item.document, event, item.learned_at, due, follows, item.done_by)
