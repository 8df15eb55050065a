"""Event handles at the prison service: drawn once for a reception, kept until long after it has ended, and then forgotten."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.store.models import QueuedEvent, Reception
from schemas.attributes import HANDLE_BYTES
from schemas.event_feed import KEPT_DAYS
from schemas.instants import as_text

KEPT_AFTER_END = timedelta(days=2 * KEPT_DAYS)  # a return or a correction may still come
BATCH = 20_000


def draw_handles(store: Engine, reception_ids: Iterable[str], now: datetime) -> dict[str, bytes]:
    """Return the handle of each reception, drawn where there is none yet."""
    wanted = list(reception_ids)
    rows = [{"reception_id": name, "handle": secrets.token_bytes(HANDLE_BYTES), "events": 0, "drawn_at": as_text(now)} for name in wanted]
    with Session(store) as session, session.begin():
        for start in range(0, len(rows), BATCH):
            session.execute(insert(Reception).on_conflict_do_nothing(), rows[start : start + BATCH])
        known = {item.reception_id: item.handle for item in session.scalars(select(Reception))}
    return {name: known[name] for name in wanted}


def forget_ended(store: Engine, now: datetime) -> int:
    """Forget receptions that ended long ago, with their events; return how many."""
    old = select(Reception.reception_id).where(Reception.ended_on < as_text(now - KEPT_AFTER_END)[:10])
    with Session(store) as session, session.begin():
        names = session.scalars(old).all()
        session.execute(delete(QueuedEvent).where(QueuedEvent.reception_id.in_(names)))
        session.execute(delete(Reception).where(Reception.reception_id.in_(names)))
    return len(names)
