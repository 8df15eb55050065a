"""The prison service's side of the daily feed: what the extract says of receptions that were submitted, as tags, once a day.

The extract's `movements` name releases; its `events`, a file that may be left out, name the rest. A day's feed is written down with what it
holds before it is sent, so that a command that was stopped sends the same bytes again.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.client import ServiceClient
from parties.custody.handles import forget_ended
from parties.extracts.check import EXTRACT_DIRECTORY
from parties.extracts.read import FIRST_DATA_ROW, read_extract
from parties.keys.identity_keys import key_id, load_signing_key
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import KeptFeed, QueuedEvent, Reception
from schemas.errors import ConfigurationError, ExtractError, RoundError
from schemas.event_feed import CONTEXT, FEED_TAGS, GENESIS, KEPT_DAYS, MAX_SEQUENCE, Event, Feed, padded, tag_of
from schemas.instants import as_text
from schemas.roster import Kind, Role
from schemas.signature import SignedDocument, signed

EVENTS, MOVEMENTS, RECEPTIONS = "events", "movements", "receptions"
RELEASE = "release"
ENDS = frozenset({Event.WITHDRAWN, Event.DEATH, Event.RELEASED})  # of a reception, unless somebody returns
NAMES = {event.name.lower().replace("_", "-"): event for event in Event}
Happened = tuple[str, Event, str]  # reception, event, day


@dataclass(frozen=True)
class Published:
    """The feed of a day: its number, and how many events went with it or wait for the next; for this node's own console alone."""

    number: int
    events: int
    waiting: int


def publish(settings: NodeSettings, *, client: ServiceClient | None = None, now: datetime | None = None) -> Published:
    """Publish today's feed, of one size whatever happened; safe to repeat: the same day's again is the same bytes.

    Raises:
        ConfigurationError: the node is no prison service's.
        ExtractError: the extract's movements or events cannot be read.
        RoundError, ServiceError: as the service answers; what was written down goes with the next run.
    """
    if Kind(settings.kind) is not Kind.PRISON_SERVICE:
        raise ConfigurationError(f"events: the prison service publishes them, and this node is a {settings.kind}'s")
    now = now or datetime.now(UTC)
    store = open_node_store(settings)
    try:
        forget_ended(store, now)
        _queue(store, _happened(settings, store))
        feed = _todays(settings, store, now)
        with client or ServiceClient(settings, Role.CUSTODIAN) as service:
            _send(settings, store, service, feed)
        return _published(store, feed.number)
    finally:
        store.dispose()


def _happened(settings: NodeSettings, store: Engine) -> Iterator[Happened]:
    """Yield what the extract says became of receptions that were submitted."""
    with Session(store) as session:
        submitted = set(session.scalars(select(Reception.reception_id)))
    folder = settings.path(EXTRACT_DIRECTORY)
    received: dict[str, list[tuple[str, str]]] = {}
    for _, row in _rows(settings, RECEPTIONS):
        if row["reception_id"] in submitted:
            received.setdefault(row["nomis_number"], []).append((row["reception_date"], row["reception_id"]))
    for _, row in _rows(settings, MOVEMENTS):
        before = [reception for reception in received.get(row["nomis_number"], ()) if reception[0] <= row["date"]]
        if row["type"] == RELEASE and before:
            yield max(before)[1], Event.RELEASED, row["date"]
    if any((folder / f"{EVENTS}{ending}").is_file() for ending in (".csv", ".parquet")):
        yield from (happened for number, row in _rows(settings, EVENTS) if (happened := _event(row, number))[0] in submitted)


def _event(row: dict[str, str], number: int) -> Happened:
    try:
        return row["reception_id"], NAMES[row["event"]], date.fromisoformat(row["on"]).isoformat()
    except (KeyError, ValueError):
        known = ", ".join(NAMES)
        raise ExtractError(f"{EVENTS}, row {number}: want reception_id, event ({known}) and on, YYYY-MM-DD; mend the row") from None


def _rows(settings: NodeSettings, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    for chunk in read_extract(settings.path(EXTRACT_DIRECTORY), name):
        columns = [str(column) for column in chunk.frame.columns]
        for number, row in enumerate(chunk.frame.itertuples(index=False, name=None), start=chunk.first_row or FIRST_DATA_ROW):
            yield number, dict(zip(columns, row, strict=True))


def _queue(store: Engine, happened: Iterable[Happened]) -> None:
    """Queue what was not queued before."""
    rows = [{"reception_id": name, "event": event, "happened_on": day} for name, event, day in dict.fromkeys(happened)]
    with Session(store) as session, session.begin():
        if rows:
            session.execute(insert(QueuedEvent).on_conflict_do_nothing(), rows)


def _todays(settings: NodeSettings, store: Engine, now: datetime) -> KeptFeed:
    """Return today's feed, written down where it was not."""
    with Session(store, expire_on_commit=False) as session, session.begin():
        last = session.scalars(select(KeptFeed).order_by(KeptFeed.number.desc()).limit(1)).one_or_none()
        if last is not None and last.published_at[:10] >= f"{now:%Y-%m-%d}":
            return last
        number = last.number + 1 if last else 1
        body = Feed(
            organisation=settings.organisation,
            number=number,
            previous=last.digest if last else GENESIS,
            published_at=as_text(now),
            tags=padded(_taken(session, number), secrets.token_bytes),
        )
        key, name = load_signing_key(settings, Role.CUSTODIAN), key_id(settings, Role.CUSTODIAN)
        document = signed(key, name, CONTEXT, body.model_dump())
        kept = KeptFeed(
            organisation=settings.organisation,
            number=number,
            published_at=body.published_at,
            digest=document.digest,
            document=document.model_dump_json(),
        )
        session.add(kept)
        old = as_text(now - timedelta(days=KEPT_DAYS))
        session.execute(delete(KeptFeed).where(KeptFeed.published_at < old, KeptFeed.number < number))
        return kept


def _taken(session: Session, number: int) -> list[bytes]:
    """Take waiting events into a feed, the urgent first; of one reception in the order in which they happened. Return their tags."""
    waiting = session.scalars(select(QueuedEvent).where(QueuedEvent.feed.is_(None)).order_by(QueuedEvent.event, QueuedEvent.happened_on))
    taken = sorted(waiting.all()[:FEED_TAGS], key=lambda item: (item.happened_on, item.event))
    receptions = {name: session.get_one(Reception, name) for name in {item.reception_id for item in taken}}
    tags = []
    for item in taken:
        reception, item.feed = receptions[item.reception_id], number
        if reception.events < MAX_SEQUENCE:
            tags.append(tag_of(reception.handle, Event(item.event), reception.events))
            reception.events += 1
        reception.ended_on = item.happened_on if item.event in ENDS else None if item.event == Event.RETURNED else reception.ended_on
    return tags


def _send(settings: NodeSettings, store: Engine, client: ServiceClient, feed: KeptFeed) -> None:
    """Send a feed; where the service lacks one before it, send every one that is kept, in order."""
    try:
        _put(settings, client, feed)
    except RoundError:
        with Session(store) as session:
            kept = session.scalars(select(KeptFeed).order_by(KeptFeed.number)).all()
        for each in kept:
            _put(settings, client, each)


def _put(settings: NodeSettings, client: ServiceClient, feed: KeptFeed) -> None:
    document = SignedDocument.model_validate_json(feed.document)
    client.put(f"/v1/events/{settings.organisation}/{feed.number}", json=document.model_dump())


def _published(store: Engine, number: int) -> Published:
    with Session(store) as session:
        went = session.scalar(select(func.count()).select_from(QueuedEvent).where(QueuedEvent.feed == number)) or 0
        waiting = session.scalar(select(func.count()).select_from(QueuedEvent).where(QueuedEvent.feed.is_(None))) or 0
    return Published(number, went, waiting)
