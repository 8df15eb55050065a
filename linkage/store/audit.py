"""The service's audit log: append-only, each entry's hash covering the one before."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.store.models import AuditEntry, AuditLock
from schemas.audit import GENESIS, AuditEvent, chain, first_break

PAGE = 1_000  # entries at a time
APPENDED = "appended"  # in a session's `info`: number, hash and event of what its transaction appends


def lock(session: Session) -> None:
    """Let nobody else append before the caller's transaction ends."""
    session.execute(select(AuditLock).with_for_update())


def append(session: Session, event: AuditEvent) -> AuditEntry:
    """Append `event` in the caller's transaction; others who append wait for its end."""
    lock(session)
    last = session.scalar(select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(1))
    entry = AuditEntry(
        seq=last.seq + 1 if last else 1,
        event=event.model_dump(),
        hash=chain(last.hash if last else GENESIS, event),
    )
    session.add(entry)
    session.flush()
    session.info.setdefault(APPENDED, []).append((entry.seq, entry.hash, event))
    return entry


def entries(session: Session, after: int = 0) -> Sequence[AuditEntry]:
    """Return up to `PAGE` entries with a sequence number above `after`, oldest first."""
    return session.scalars(select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(PAGE)).all()


def broken_at(session: Session) -> int | None:
    """Return the sequence number of the first entry that does not follow from those before it, or None."""
    log = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    place = first_break((AuditEvent.model_validate(entry.event), entry.hash) for entry in log)
    return None if place is None else log[place].seq
