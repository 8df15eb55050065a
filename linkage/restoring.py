"""After an older database was put back: what the service did since must stay done, as far as the copy of its audit log tells.

    a round that has ended, was cancelled, released, or minted tokens since     is ended: nothing of it comes back, nothing is minted again
    a token that was redeemed since                                             is redeemed
    a table that was noised since                                               is spent again, with no answer: a new one costs anew
    a head that was signed since                                                is kept: the next one follows it, and says that a backup was put back

What was released before the backup was made answers as ever. Rounds that were opened since are gone, and custodians submit to new ones.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine as Database
from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed, load_signer
from linkage.disclosure.tables import NOISED
from linkage.expiry import EXPIRED, expire, sweep
from linkage.heads import RESTORED, SIGNED, events
from linkage.inbox.submissions import Signer
from linkage.release.minting import MINTED
from linkage.rounds import CANCELLED, RELEASED
from linkage.settings import ServiceSettings
from linkage.states import State
from linkage.store.audit import append, lock
from linkage.store.audit_copy import Kept, audit_copy, entries, is_older
from linkage.store.models import Envelope, Round
from schemas.agreed import Agreed
from schemas.audit import AuditEvent
from schemas.errors import ConfigurationError
from schemas.instants import as_text
from validation.disclosure.ledger import forfeit

REDEEMED: Final = "token-redeemed"
ENDS: Final = frozenset({EXPIRED, CANCELLED, RELEASED, MINTED})  # after which a round must not be as it was before
SQLITE: Final = "sqlite"
OWN_TOOLS: Final = "the database is no SQLite file: use the server's own tools (pg_dump, pg_restore)"


@dataclass(frozen=True)
class Restored:
    """How many entries of the log the database lacked, which rounds were ended for that, and what was spent again."""

    lacking: int
    ended: Sequence[str]
    micro_rho: int


def back_up(settings: ServiceSettings, out: Path) -> None:
    """Write a whole copy of the service's SQLite database to a new file for its owner alone; the service may run.

    Raises:
        ConfigurationError: there is such a file, or the database is a server's.
    """
    file = _sqlite_file(settings)
    try:
        out.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise ConfigurationError(f"{out}: is there already; name another file") from None
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(out)) as sink:
        source.backup(sink)


def put_back(settings: ServiceSettings, backup: Path) -> None:
    """Put a backup of `back_up` in the place of the service's SQLite database. The service must be down; `restore` comes next.

    Raises:
        ConfigurationError: there is no such backup, or the database is a server's.
    """
    file = _sqlite_file(settings)
    try:
        with closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as source, closing(sqlite3.connect(file)) as sink:
            source.execute("SELECT count(*) FROM audit_entry")
            source.backup(sink)
    except sqlite3.DatabaseError:
        raise ConfigurationError(f"{backup}: no backup of a service's database, or it is in use; name one, and stop the service") from None


def restore(store: Database, settings: ServiceSettings, *, now: datetime) -> Restored:
    """Carry over to an older database what the copy of the audit log says was done since. Safe to repeat.

    Raises:
        ConfigurationError: the service's roster, agreement or key is not as it must be.
    """
    copy, log = audit_copy(settings), entries(store)
    if not is_older(log, copy.read()):
        return Restored(0, [], 0)
    here = {entry.hash for entry in log.values()}
    lacking = [entry for entry in copy.read_all() if entry.hash not in here]
    agreed = load_agreed(settings.directory)
    signer = load_signer(settings, agreed)
    with Session(store) as session, session.begin():
        lock(session)
        _redeem(session, lacking)
        ended = _end(session, lacking, agreed, signer, now)
        spent = _spend(session, lacking, agreed, now)
        _carry_heads(session, lacking)
        detail = {"lacking": len(lacking), "ended": ended, "micro_rho": spent}
        append(session, AuditEvent(kind=RESTORED, round_id="", actor=signer.key_id, at=as_text(now), detail=detail))
    sweep(store, settings)
    copy.start_anew(entries(store).values())
    return Restored(len(lacking), ended, spent)


def _redeem(session: Session, lacking: Sequence[Kept]) -> None:
    for entry in lacking:
        if entry.event.kind == REDEEMED:
            envelope = session.get(Envelope, entry.event.detail["envelope"])
            if envelope is not None and envelope.redeemed_at is None:
                envelope.redeemed_at = entry.event.at


def _end(session: Session, lacking: Sequence[Kept], agreed: Agreed, signer: Signer, now: datetime) -> list[str]:
    """End every round that went on to where it must not come back from; return their names."""
    names = {entry.event.round_id for entry in lacking if entry.event.kind in ENDS}
    found = session.scalars(select(Round).where(Round.round_id.in_(names), Round.state != State.EXPIRED).order_by(Round.round_id)).all()
    for round_ in found:
        event = AuditEvent(kind=EXPIRED, round_id=round_.round_id, actor=signer.key_id, at=as_text(now))
        expire(session, round_, agreed.agreement, signer=signer, event=event, early=True)
    return [round_.round_id for round_ in found]


def _spend(session: Session, lacking: Sequence[Kept], agreed: Agreed, now: datetime) -> int:
    """Spend again what tables cost since; return how much."""
    totals: Mapping[str, int] = {agreed.agreement_digest: agreed.agreement.statistics.total_micro_rho}
    tables = [entry for entry in lacking if entry.event.kind == NOISED]
    for entry in tables:
        said = entry.event.detail
        forfeit(session, said["budget"], said["micro_rho"], of=entry.hash, total=totals.get(said["budget"]), now=now)
    return sum(entry.event.detail["micro_rho"] for entry in tables)


def _carry_heads(session: Session, lacking: Sequence[Kept]) -> None:
    """Keep every head that somebody may have seen, once: the next one follows the last of them."""
    here = {event["detail"]["head"]["body"]["at"] for event in events(session, SIGNED)}
    carried = {entry.event.at: entry.event for entry in lacking if entry.event.kind == SIGNED}
    for at in sorted(carried.keys() - here):
        append(session, carried[at])


def _sqlite_file(settings: ServiceSettings) -> Path:
    url = make_url(settings.database)
    if url.get_backend_name() != SQLITE or not url.database:
        raise ConfigurationError(OWN_TOOLS)
    return Path(url.database)
