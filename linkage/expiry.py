"""The end of a round: what the service destroys, when it is due, and the statements of those who deleted what they had.

Destroyed are the storage key, the vault's files, key shares, requests and answers, findings, exact counts, envelopes and questions. Kept are
the signed manifests, the audit log, in which every statement lies, and the privacy ledger. What is due follows from the
manifest, the agreement and when the operators released: from nothing that a search found.
"""

import shutil
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine as Database
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from linkage.inbox.submissions import ConflictError, Signer
from linkage.inbox.vault import VAULT_DIRECTORY
from linkage.rounds import RELEASED, advance, get_round
from linkage.settings import ServiceSettings
from linkage.states import State
from linkage.store.audit import append
from linkage.store.engine import empty_journal
from linkage.store.models import Asked, AuditEntry, Chunk, Envelope, Finding, KeyShare, Lease, Questions, Round, Submission
from schemas.agreement import Agreement
from schemas.audit import AuditEvent
from schemas.deletion import CONTEXT, Deleted, DeletionStatement, Material, read_statement
from schemas.errors import RoundError
from schemas.instants import as_text
from schemas.round_manifest import RoundManifest
from schemas.signature import SignedDocument, signed

EXPIRED, DELETED = "round-expired", "deletion-stated"  # kinds of audit events
DESTROYED = (Material.STORAGE_KEY, Material.VAULT, Material.SEALED_SHARES, Material.FINDINGS, Material.ENVELOPES)
OF_A_ROUND = (KeyShare, Asked, Finding, Envelope, Questions, Lease)


class Reason(StrEnum):
    """Why a round ended."""

    RETENTION = "its days of retention are over"
    ASKED = "an operator asked, and its tokens have expired"
    EARLY = "an operator had it destroyed early"


def due_at(session: Session, round_: Round, agreement: Agreement) -> datetime:
    """Return when a round ends by itself: after the days of retention, and not before its tokens have expired."""
    retained = _instant(RoundManifest.model_validate(round_.manifest["body"]).closes_at) + timedelta(days=agreement.retention_days)
    return max(retained, _tokens_until(session, round_, agreement) or retained)


def expire(session: Session, round_: Round, agreement: Agreement, *, signer: Signer, event: AuditEvent, early: bool = False) -> Round:
    """Destroy what the service has of a round, and say so in the log; an expired one stays as it is.

    The caller removes the vault's files with `sweep` once this is committed: without the storage key nobody reads them.

    Raises:
        RoundError: it may not end yet, and is not to end early.
    """
    if round_.state == State.EXPIRED:
        return round_
    reason = _reason(session, round_, agreement, _instant(event.at), early=early)
    session.execute(delete(Chunk).where(Chunk.submission.in_(select(Submission.digest).where(Submission.round_id == round_.round_id))))
    for table in OF_A_ROUND:
        session.execute(delete(table).where(table.round_id == round_.round_id))
    round_.storage_key, round_.storage_master, round_.counts = b"", None, None
    statement = DeletionStatement(
        round_id=round_.round_id,
        round_digest=round_.digest,
        organisation=signer.key_id.partition("/")[0],
        deleted_at=event.at,
        deleted=[Deleted(material=material) for material in DESTROYED],
    )
    document = signed(signer.key, signer.key_id, CONTEXT, statement.model_dump(mode="json"))
    detail = {"reason": reason.value, "statement": document.model_dump()}
    return advance(session, round_.round_id, State.EXPIRED, event.model_copy(update={"detail": detail}))


def expire_due(database: Database, settings: ServiceSettings, agreement: Agreement, *, signer: Signer, now: datetime) -> list[str]:
    """End every round that is due; return their names. Safe to repeat, also after a stop."""
    ended = []
    with Session(database) as session, session.begin():
        for round_id in session.scalars(select(Round.round_id).where(Round.state != State.EXPIRED)).all():
            round_ = get_round(session, round_id, lock=True)
            if due_at(session, round_, agreement) <= now:
                event = AuditEvent(kind=EXPIRED, round_id=round_id, actor=signer.key_id, at=as_text(now))
                expire(session, round_, agreement, signer=signer, event=event)
                ended.append(round_id)
    sweep(database, settings)
    return ended


def sweep(database: Database, settings: ServiceSettings) -> None:
    """Remove the vault's files of expired rounds, and what the database still has of their rows. Safe to repeat."""
    with Session(database) as session, session.begin():
        expired = session.scalars(select(Round.round_id).where(Round.state == State.EXPIRED)).all()
    for round_id in expired:
        shutil.rmtree(settings.path(VAULT_DIRECTORY, round_id), ignore_errors=True)
    if expired:
        empty_journal(database)


def state_deletion(session: Session, round_: Round, document: SignedDocument, organisation: str, event: AuditEvent) -> None:
    """Keep an organisation's statement, whose signature the caller has checked; the same one again changes nothing.

    Raises:
        SubmissionError: it is malformed, or of another round or organisation.
        ConflictError: the organisation has sent another one of this round.
    """
    read_statement(document, round_id=round_.round_id, round_digest=round_.digest, organisation=organisation)
    known = statements(session, round_.round_id).get(organisation)
    if known is not None and known != document.model_dump():
        raise ConflictError("deletion statement: another one was sent of this round; a statement does not change")
    if known is None:
        append(session, event.model_copy(update={"detail": {"organisation": organisation, "statement": document.model_dump()}}))


def statements(session: Session, round_id: str) -> dict[str, dict[str, Any]]:
    """Return the signed statements of a round, by organisation, in the order in which they came."""
    return {event["detail"]["organisation"]: event["detail"]["statement"] for event in _events(session, round_id, DELETED)}


def ended_because(session: Session, round_id: str) -> str | None:
    """Return why a round expired; None where it has not."""
    return next((event["detail"]["reason"] for event in _events(session, round_id, EXPIRED)), None)


def _reason(session: Session, round_: Round, agreement: Agreement, now: datetime, *, early: bool) -> Reason:
    due = due_at(session, round_, agreement)
    if due <= now:
        return Reason.RETENTION
    until = _tokens_until(session, round_, agreement)
    if until is not None and until <= now:
        return Reason.ASKED
    if not early:
        raise RoundError(
            f"round: {round_.state}, it may end on {as_text(until or due)}; to destroy it and its tokens before that, add --early"
        )
    return Reason.EARLY


def _tokens_until(session: Session, round_: Round, agreement: Agreement) -> datetime | None:
    released = next((event["at"] for event in _events(session, round_.round_id, RELEASED)), None)
    return _instant(released) + timedelta(days=agreement.release.token_days) if released else None


def _events(session: Session, round_id: str, kind: str) -> list[dict[str, Any]]:
    about, of = AuditEntry.event["round_id"].as_string() == round_id, AuditEntry.event["kind"].as_string() == kind
    return list(session.scalars(select(AuditEntry.event).where(about, of).order_by(AuditEntry.seq)))


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)
