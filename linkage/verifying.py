"""Verify the service's own log, on its own machine: every entry follows from those before it, and every head from what it covers.

Whoever alters a row of the log, an envelope, or the second copy of the log, is found out here; parties find out what concerns them by themselves.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.heads import RESTORED, SIGNED, events, kept_head, release_leaves, submission_leaves
from linkage.release.minting import MINTED
from linkage.settings import ServiceSettings
from linkage.store.audit import broken_at
from linkage.store.audit_copy import audit_copy, entries
from linkage.store.models import AuditEntry, Envelope
from schemas.agreed import Agreed
from schemas.errors import AlarmError
from schemas.merkle import Tree
from schemas.roster import Role, keys_of
from schemas.signature import check_signed
from schemas.tree_head import CONTEXT, GENESIS, LogSize, batch_digest, follows, read_head

KEEP = "keep database and copy as they are, and tell the root signers"


@dataclass(frozen=True)
class VerifiedLog:
    """How many entries, heads and batches of envelopes hold."""

    entries: int
    heads: int
    batches: int


def verify_log(database: Database, settings: ServiceSettings, agreed: Agreed) -> VerifiedLog:
    """Verify the whole log, its second copy, its heads, and the envelopes that are still there.

    Raises:
        AlarmError: the first thing that does not hold, by the number of its entry.
        AuthenticationError: a head is not signed by the service.
    """
    copy = audit_copy(settings).read()  # before the log: a service that runs adds to the log first
    log = entries(database)
    for seq, kept in copy.items():
        if seq not in log or log[seq] != kept:
            raise AlarmError(f"audit log: entry {seq} is not as in its second copy; {KEEP}")
    with Session(database) as session:
        broken = broken_at(session)
        if broken is not None:
            raise AlarmError(f"audit log: entry {broken} does not follow from those before it; {KEEP}")
        return VerifiedLog(len(log), _check_heads(session, agreed), _check_batches(session))


def _check_heads(session: Session, agreed: Agreed) -> int:
    """Check that heads follow each other, and those since the last restore hold what the log has; return how many there are."""
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    restored = max((row.seq for row in rows if row.event["kind"] == RESTORED), default=0)
    found = [kept_head(row.seq, row.event) for row in rows if row.event["kind"] == SIGNED]
    if follows(GENESIS, (item.document for item in found)) is None:
        raise AlarmError(f"heads: one does not follow the one before it; {KEEP}")
    for item in found:
        check_signed(item.document, CONTEXT, keys_of(agreed.roster.service(), Role.SERVICE))
        head = read_head(item.document)
        submissions, releases = submission_leaves(session, item.seq), release_leaves(session, item.seq)
        own = LogSize(size=item.opening.size, root=item.opening.root)
        if item.seq > restored and (
            head.submissions != _size(submissions) or own != _size(releases) or head.releases != item.opening.commitment
        ):
            raise AlarmError(f"heads: that of entry {item.seq} is not of what the log holds; {KEEP}")
    return len(found)


def _check_batches(session: Session) -> int:
    """Check that the envelopes that are still there are those that were released; return how many batches there are."""
    digests: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for row in session.scalars(select(Envelope).execution_options(yield_per=1_000)):
        digests[row.round_id, row.authority, row.minted_at][row.envelope_id] = hashlib.sha256(row.sealed).hexdigest()
    said = {
        (event["round_id"], authority, event["at"]): batch
        for event in events(session, MINTED)
        for authority, batch in event["detail"].get("batches", {}).items()
    }
    for (round_id, authority, at), envelopes in digests.items():
        if said.get((round_id, authority, at)) != batch_digest(envelopes):
            raise AlarmError(f"envelopes: those of round {round_id} for {authority} of {at} are not those that were released; {KEEP}")
    return len(digests)


def _size(leaves: list[bytes]) -> LogSize:
    return LogSize(size=len(leaves), root=Tree(leaves).root)
