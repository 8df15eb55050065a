"""Minting, once, in the transaction that records the release: a sealed token for a released finding, and every authority's questions."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.clock import as_text
from linkage.inbox.vault import QUESTIONS_BLOB, Vault
from linkage.release.asking import nobody
from linkage.settings import ServiceSettings
from linkage.store.audit import append
from linkage.store.models import Envelope, Finding, Questions, Round
from schemas.audit import AuditEvent
from schemas.questions import QUESTIONS, QuestionsBody, questions_context, write_questions
from schemas.roster import Identity, Kind, Role, Roster, identity_of
from schemas.sealed import seal
from schemas.token import TokenBody, envelope_id, token_context, write_token

TOKEN_BYTES = 32


def mint_tokens(session: Session, settings: ServiceSettings, round_id: str, *, now: datetime) -> int:
    """Mint the tokens of a round's released findings that have none yet; return how many were new.

    Safe to repeat: an envelope's id follows from the child, and the table holds it once. The secret is in the sealed
    envelope alone; the service keeps its SHA-256.
    """
    agreed = load_agreed(settings.directory)
    round_ = session.get_one(Round, round_id)
    minted = set(session.scalars(select(Envelope.envelope_id).where(Envelope.round_id == round_id)))
    query = select(Finding).where(Finding.round_id == round_id, Finding.decision == "release").order_by(Finding.authority, Finding.child)
    new = [finding for finding in session.scalars(query) if envelope_id(round_id, finding.authority, finding.child) not in minted]
    expires_at = as_text(now + timedelta(days=agreed.agreement.release.token_days))
    for finding in new:
        session.add(_mint(finding, round_, agreed.roster, now=now, expires_at=expires_at))
    append(session, AuditEvent(kind="tokens-minted", round_id=round_id, actor=settings.organisation, at=as_text(now)))
    return len(new)


def mint_questions(session: Session, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Seal its questions to the desk of every authority that has none of this round yet: the same number and size, whatever was found.

    An authority that sent nothing gets ids of nobody; one without a desk has nobody to ask. Safe to repeat.
    """
    agreed, round_ = load_agreed(settings.directory), session.get_one(Round, round_id)
    number = agreed.agreement.release.questions
    if not number:
        return
    asked = _asked(Vault(settings, round_))
    known = set(session.scalars(select(Questions.authority).where(Questions.round_id == round_id)))
    for authority, desk in _desks(agreed.roster).items():
        if authority not in known:
            children = asked.get(authority) or nobody(number, secrets.token_bytes)
            session.add(_sealed_questions(round_, authority, desk, children, now=as_text(now)))
    append(session, AuditEvent(kind="questions-minted", round_id=round_id, actor=settings.organisation, at=as_text(now)))


def _asked(vault: Vault) -> dict[str, list[bytes]]:
    """Return whom the worker chose, by authority; nobody where the findings were made before there were questions."""
    chosen: dict[str, list[bytes]] = {}
    if vault.has_blob(QUESTIONS_BLOB):
        for row in pa.ipc.open_file(pa.BufferReader(vault.read_blob(QUESTIONS_BLOB))).read_all().to_pylist():
            chosen.setdefault(row["authority"], []).append(row["child"])
    return chosen


def _desks(roster: Roster) -> dict[str, Identity]:
    return {
        organisation.organisation: item
        for organisation in roster.of_kind(Kind.LOCAL_AUTHORITY)
        for item in organisation.identities
        if item.role is Role.DESK and not item.revoked
    }


def _sealed_questions(round_: Round, authority: str, desk: Identity, children: list[bytes], *, now: str) -> Questions:
    body = QuestionsBody(
        round_id=round_.round_id, authority=authority, questions=QUESTIONS, children=tuple(child.hex() for child in children)
    )
    sealed = seal(write_questions(body), desk.sealing_key or "", questions_context(round_.digest, authority))
    return Questions(round_id=round_.round_id, authority=authority, sealed=sealed, minted_at=now)


def _mint(finding: Finding, round_: Round, roster: Roster, *, now: datetime, expires_at: str) -> Envelope:
    token = secrets.token_bytes(TOKEN_BYTES)
    body = TokenBody(
        token=token.hex(),
        round_id=round_.round_id,
        authority=finding.authority,
        child=finding.child,
        own_carer=finding.own_carer,
        grade="A" if finding.grade == "A" else "B",
        expires_at=expires_at,
    )
    desk = identity_of(roster.get(finding.authority), Role.DESK)
    return Envelope(
        envelope_id=envelope_id(round_.round_id, finding.authority, finding.child),
        round_id=round_.round_id,
        authority=finding.authority,
        token_sha256=sha256(token).hexdigest(),
        sealed=seal(write_token(body), desk.sealing_key or "", token_context(round_.digest, finding.authority)),
        minted_at=as_text(now),
        expires_at=expires_at,
    )
