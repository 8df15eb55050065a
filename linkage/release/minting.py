"""Minting: a released finding becomes one sealed token, once, in the transaction that records it.

At each release every authority gets the same number of envelopes, whatever was found for it: the surest findings first, dummies to
make up the number, and what is over waits for the next release. So does a record on stand-by whose envelope is passed on: the desk that had
it said that the child has moved, or nothing in time.
"""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.settings import ServiceSettings
from linkage.store.audit import append
from linkage.store.models import Envelope, Finding, Round
from schemas.acknowledgement import Became
from schemas.audit import AuditEvent
from schemas.instants import as_text
from schemas.joins import PERSON_BYTES
from schemas.roster import Kind, desk_keys
from schemas.sealed import seal_to_each
from schemas.token import TokenBody, envelope_id, token_context, write_token
from schemas.tree_head import batch_digest

TOKEN_BYTES = 32
MINTED = "tokens-minted"  # kind of an audit event
BETWEEN_RELEASES = timedelta(days=1)  # one instant a day, so that the number of releases says little


def mint_tokens(session: Session, settings: ServiceSettings, round_id: str, *, now: datetime) -> None:
    """Mint one release's envelopes for every authority.

    A finding gets one token, however often this runs: its envelope's id follows from the child, and the table holds it once. The
    secret is in the sealed envelope alone; the service keeps its SHA-256.
    """
    agreed = load_agreed(settings.directory)
    round_, waiting = session.get_one(Round, round_id), waiting_findings(session, round_id, now)
    terms = agreed.agreement.release
    expires_at, answer_by = as_text(now + timedelta(days=terms.token_days)), as_text(now + timedelta(days=terms.answer_days))
    batches = {}
    for organisation in agreed.roster.of_kind(Kind.LOCAL_AUTHORITY):
        bodies = _bodies(organisation.organisation, waiting[organisation.organisation], round_id, terms.envelopes, expires_at)
        desks = desk_keys(organisation)
        envelopes = [_mint(body, desks, round_, now, answer_by) for body in bodies]
        session.add_all(envelopes)
        batches[organisation.organisation] = batch_digest({item.envelope_id: sha256(item.sealed).hexdigest() for item in envelopes})
    append(session, AuditEvent(kind=MINTED, round_id=round_id, actor=settings.organisation, at=as_text(now), detail={"batches": batches}))


def is_due(session: Session, round_id: str, now: datetime) -> bool:
    """Say whether a released round is to release again: findings wait, and a day has gone by."""
    last = session.scalar(select(func.max(Envelope.minted_at)).where(Envelope.round_id == round_id))
    return bool(waiting_findings(session, round_id, now)) and as_text(now - BETWEEN_RELEASES) >= (last or "")


def waiting_findings(session: Session, round_id: str, now: datetime) -> dict[str, list[Finding]]:
    """Return the findings to release that have no token yet, by authority; the surest first."""
    minted = set(session.scalars(select(Envelope.envelope_id).where(Envelope.round_id == round_id)))
    is_next = Finding.stands_by_for.in_(_passed_on(round_id, now))
    query = select(Finding).where(Finding.round_id == round_id, or_(Finding.decision == "release", is_next))
    found: dict[str, list[Finding]] = defaultdict(list)
    for finding in session.scalars(query.order_by(Finding.authority, Finding.weight_centibits.desc(), Finding.child)):
        if envelope_id(round_id, finding.authority, finding.child) not in minted:
            found[finding.authority].append(finding)
    return found


def _passed_on(round_id: str, now: datetime) -> Select[str]:
    """Select the envelopes that are passed on: of a child who moved, or of which no desk has said in time what became of them."""
    in_vain = and_(Envelope.became.is_(None), Envelope.answer_by <= as_text(now))
    return select(Envelope.envelope_id).where(Envelope.round_id == round_id, or_(Envelope.became == Became.MOVED, in_vain))


def _bodies(authority: str, findings: Sequence[Finding], round_id: str, number: int, expires_at: str) -> list[TokenBody]:
    """Return `number` tokens: of the first findings, and dummies."""
    new = partial(TokenBody, round_id=round_id, authority=authority, expires_at=expires_at)
    real = [
        new(
            token=secrets.token_hex(TOKEN_BYTES),
            child=item.child,
            own_carer=item.own_carer,
            grade="A" if item.grade == "A" else "B",
            attributes=tuple(item.attributes),
        )
        for item in findings[:number]
    ]
    dummies = [
        new(token=secrets.token_hex(TOKEN_BYTES), child=secrets.token_hex(PERSON_BYTES), grade="B", is_dummy=True)
        for _ in range(number - len(real))
    ]
    return [*real, *dummies]


def _mint(body: TokenBody, desks: Sequence[str], round_: Round, now: datetime, answer_by: str) -> Envelope:
    return Envelope(
        envelope_id=envelope_id(body.round_id, body.authority, body.child),
        round_id=body.round_id,
        authority=body.authority,
        token_sha256=sha256(bytes.fromhex(body.token)).hexdigest(),
        sealed=seal_to_each(write_token(body), desks, token_context(round_.digest, body.authority)),
        minted_at=as_text(now),
        expires_at=body.expires_at,
        answer_by=answer_by,
    )
