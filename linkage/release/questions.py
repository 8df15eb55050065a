"""Every authority's questions, minted once, in the transaction that records the release: the same number and size, whatever was found."""

import secrets
from datetime import datetime

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from linkage.agreed import load_agreed
from linkage.inbox.vault import QUESTIONS_BLOB, Vault
from linkage.release.asking import nobody
from linkage.settings import ServiceSettings
from linkage.store.audit import append
from linkage.store.models import Questions, Round
from schemas.audit import AuditEvent
from schemas.instants import as_text
from schemas.questions import QUESTIONS, QuestionsBody, questions_context, write_questions
from schemas.roster import Kind, Organisation, desk_keys
from schemas.sealed import seal_to_each


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
    for authority in agreed.roster.of_kind(Kind.LOCAL_AUTHORITY):
        if authority.organisation not in known:
            children = asked.get(authority.organisation) or nobody(number, secrets.token_bytes)
            session.add(_sealed_questions(round_, authority, children, now=as_text(now)))
    append(session, AuditEvent(kind="questions-minted", round_id=round_id, actor=settings.organisation, at=as_text(now)))


def _asked(vault: Vault) -> dict[str, list[bytes]]:
    """Return whom the worker chose, by authority; nobody where the findings were made before there were questions."""
    chosen: dict[str, list[bytes]] = {}
    if vault.has_blob(QUESTIONS_BLOB):
        for row in pa.ipc.open_file(pa.BufferReader(vault.read_blob(QUESTIONS_BLOB))).read_all().to_pylist():
            chosen.setdefault(row["authority"], []).append(row["child"])
    return chosen


def _sealed_questions(round_: Round, authority: Organisation, children: list[bytes], *, now: str) -> Questions:
    body = QuestionsBody(
        round_id=round_.round_id, authority=authority.organisation, questions=QUESTIONS, children=tuple(child.hex() for child in children)
    )
    sealed = seal_to_each(write_questions(body), desk_keys(authority), questions_context(round_.digest, authority.organisation))
    return Questions(round_id=round_.round_id, authority=authority.organisation, sealed=sealed, minted_at=now)
