"""What the prison service says of the receptions behind an envelope: opened by the desk, and kept with the case that it becomes.

An envelope whose every reception is behind a case of the same child already is a repeat: rounds look for a reception in several weeks.
"""

import base64
from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.referrals.cases import CaseState
from parties.referrals.outcomes import last_states
from parties.store.models import CaseEvent, CaseReception
from schemas.attributes import Attributes, open_attributes
from schemas.errors import SealError, SubmissionError

OVER = frozenset({CaseState.WRONG_CHILD, CaseState.WITHDRAWN, CaseState.RECALLED, CaseState.MOVED})  # such a case takes nothing more


def open_all(sealed: Iterable[str], key: bytes | None) -> list[Attributes] | None:
    """Return what is sealed with a token, or None where it cannot be read: then nobody knows whether contact is restricted."""
    try:
        texts = [base64.b64decode(text, validate=True) for text in sealed]
        if texts and key is None:
            return None
        return [found for text in texts if (found := open_attributes(text, key or b"")) is not None]
    except (SealError, SubmissionError, ValueError):
        return None


def is_repeat(store: Engine, record_id: str, receptions: Sequence[Attributes]) -> bool:
    """Say whether each of the receptions is behind a case of this child that is not over."""
    with Session(store) as session:
        documents = session.scalars(select(CaseEvent.document).where(CaseEvent.record_id == record_id)).all()
    states = last_states(store)  # after the documents: holder and deputy may collect at the same time
    going_on = [document for document in documents if states[document] not in OVER]
    with Session(store) as session:
        known = set(session.scalars(select(CaseReception.handle).where(CaseReception.document.in_(going_on))))
    return bool(receptions) and all(item.handle in known for item in receptions)


def keep_receptions(session: Session, document: str, receptions: Iterable[Attributes]) -> None:
    """Keep the receptions behind a case, in the transaction that records it."""
    for item in receptions:
        row = {"document": document, "handle": item.handle, "custody": item.custody, "events": 0}
        marks = {"is_restricted": item.is_restricted, "is_sole_carer": item.is_sole_carer}
        session.execute(insert(CaseReception).values(**row, **marks).on_conflict_do_nothing())
