"""Signed heads of the logs: signed on the hour whatever happened, kept in the audit log, and proofs of what is under one.

A head is an entry of the audit log, and covers the entries before it. So it is in the second copy of the log, too, and outlives the
database: after a restore the next head follows the last that anybody has seen.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine as Database
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from linkage.inbox.probing import ACCEPTED
from linkage.inbox.submissions import Signer
from linkage.release.minting import MINTED
from linkage.store.audit import append, lock
from linkage.store.models import AuditEntry, Envelope
from schemas.audit import AuditEvent
from schemas.errors import RoundError
from schemas.instants import as_text
from schemas.merkle import Tree
from schemas.signature import SignedDocument, signed
from schemas.tree_head import (
    CONTEXT,
    GENESIS,
    MAX_HEADS,
    Batch,
    LogSize,
    Opening,
    Place,
    ReleaseProof,
    SubmissionProof,
    TreeHead,
    release_leaf,
    submission_leaf,
)

SIGNED: Final = "head-signed"  # kinds of audit events
RESTORED: Final = "database-restored"
NONCE_BYTES: Final = 32
NOT_YET: Final = "head: none covers this yet; the service signs one every hour, verify again after the next"

Event = dict[str, Any]


@dataclass(frozen=True)
class KeptHead:
    """A signed head, the number of its entry, and what opens its commitment."""

    seq: int
    document: SignedDocument
    opening: Opening


def sign_due(database: Database, signer: Signer, *, now: datetime, every: timedelta) -> bool:
    """Sign a head where the last is so old, whatever has happened since; say whether. Safe to repeat, also by several processes."""
    with Session(database) as session, session.begin():
        lock(session)
        last = last_head(session)
        if last is not None and as_text(now - every) < last.document.body["at"]:
            return False
        head, opening = head_of(session, as_text(now), last)
        document = signed(signer.key, signer.key_id, CONTEXT, head.model_dump())
        detail = {"head": document.model_dump(), "opening": opening.model_dump()}
        append(session, AuditEvent(kind=SIGNED, round_id="", actor=signer.key_id, at=as_text(now), detail=detail))
    return True


def head_of(session: Session, at: str, last: KeptHead | None) -> tuple[TreeHead, Opening]:
    """Return the head over everything that is in the log, and what opens it."""
    releases = _size(release_leaves(session))
    opening = Opening(**releases.model_dump(), nonce=secrets.token_hex(NONCE_BYTES))
    head = TreeHead(
        at=at,
        previous=last.document.digest if last else GENESIS,
        submissions=_size(submission_leaves(session)),
        releases=opening.commitment,
        restored=len(events(session, RESTORED)),
    )
    return head, opening


def last_head(session: Session) -> KeptHead | None:
    """Return the head that was signed last."""
    entry = session.scalar(_of_kind(SIGNED).order_by(AuditEntry.seq.desc()).limit(1))
    return None if entry is None else kept_head(entry.seq, entry.event)


def kept_head(seq: int, event: Event) -> KeptHead:
    """Return the head of an entry."""
    return KeptHead(seq, SignedDocument.model_validate(event["detail"]["head"]), Opening.model_validate(event["detail"]["opening"]))


def heads_after(session: Session, after: str) -> list[SignedDocument]:
    """Return up to `MAX_HEADS` heads signed after an instant, in their order."""
    rows = session.scalars(_of_kind(SIGNED).where(AuditEntry.event["at"].as_string() > after).order_by(AuditEntry.seq).limit(MAX_HEADS))
    return [kept_head(row.seq, row.event).document for row in rows]


def prove_submission(session: Session, leaf: bytes) -> SubmissionProof:
    """Return the proof that an acceptance is under the last head.

    Raises:
        RoundError: it is not yet.
    """
    head, leaves = _covered(session, submission_leaves)
    if leaf not in leaves:
        raise RoundError(NOT_YET)
    place = _place(Tree(leaves), leaves.index(leaf))
    return SubmissionProof(head=head.document, place=place)


def prove_releases(session: Session, round_id: str, authority: str) -> ReleaseProof:
    """Return the proof that every release of a round to an authority is under the last head, with what its envelopes are.

    Raises:
        RoundError: one is not yet.
    """
    head, leaves = _covered(session, release_leaves)
    batches: dict[str, dict[str, str]] = {}
    for row in session.scalars(select(Envelope).where(Envelope.round_id == round_id, Envelope.authority == authority)):
        batches.setdefault(row.minted_at, {})[row.envelope_id] = hashlib.sha256(row.sealed).hexdigest()
    own = {at: release_leaf(round_id, authority, at, batch) for at, batch in _digests(session, round_id, authority).items()}
    tree = Tree(leaves)
    places = {at: _place(tree, leaves.index(leaf)) for at, leaf in own.items() if leaf in leaves}
    if batches.keys() - places.keys():
        raise RoundError(NOT_YET)
    made = [Batch(released_at=at, envelopes=batches[at], place=places[at]) for at in sorted(batches)]
    return ReleaseProof(head=head.document, opening=head.opening, batches=made)


def submission_leaves(session: Session, before: int | None = None) -> list[bytes]:
    """Return a leaf for each acceptance, in the order of the log, up to an entry."""
    return [
        submission_leaf(event["round_id"], event["actor"].partition("/")[0], event["detail"]["submission"], event["at"])
        for event in events(session, ACCEPTED, before)
    ]


def release_leaves(session: Session, before: int | None = None) -> list[bytes]:
    """Return a leaf for each authority's batch, in the order of the log, up to an entry."""
    return [
        release_leaf(event["round_id"], authority, event["at"], batch)
        for event in events(session, MINTED, before)
        for authority, batch in sorted(event["detail"].get("batches", {}).items())
    ]


def events(session: Session, kind: str, before: int | None = None) -> list[Event]:
    """Return the events of a kind in their order, up to an entry."""
    query = _of_kind(kind).order_by(AuditEntry.seq)
    return [row.event for row in session.scalars(query if before is None else query.where(AuditEntry.seq < before))]


def _digests(session: Session, round_id: str, authority: str) -> dict[str, str]:
    """Return the digest of each batch of a round to an authority, by instant."""
    minted = (event for event in events(session, MINTED) if event["round_id"] == round_id)
    return {event["at"]: event["detail"]["batches"][authority] for event in minted if authority in event["detail"].get("batches", {})}


def _covered(session: Session, read: Callable[[Session, int], list[bytes]]) -> tuple[KeptHead, list[bytes]]:
    """Return the last head, and the leaves under it.

    Raises:
        RoundError: there is none yet.
    """
    head = last_head(session)
    if head is None:
        raise RoundError(NOT_YET)
    return head, read(session, head.seq)


def _place(tree: Tree, index: int) -> Place:
    return Place(index=index, path=tree.path(index))


def _of_kind(kind: str) -> Select[AuditEntry]:
    return select(AuditEntry).where(AuditEntry.event["kind"].as_string() == kind)


def _size(leaves: Sequence[bytes]) -> LogSize:
    return LogSize(size=len(leaves), root=Tree(leaves).root)
