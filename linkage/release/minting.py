"""Minting: a released finding becomes one sealed token, once, in the transaction that records it."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.clock import as_text
from linkage.settings import ServiceSettings
from linkage.store.audit import append
from linkage.store.models import Envelope, Finding, Round
from schemas.audit import AuditEvent
from schemas.roster import Role, Roster, identity_of
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
