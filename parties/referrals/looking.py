"""Looking at a referral's sheet at the desk: who, when and why is written down before the sheet is shown."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from parties.referrals.outcomes import REFERRALS, cases
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import DocumentLook
from schemas.errors import TokenError


class Why(StrEnum):
    """Why somebody looks: words of a list, so that no line about a family gets into the log."""

    HAND_OVER = "hand-over"
    RECORD = "record-outcome"
    CHECK = "check-record"
    FAMILY_ASKED = "family-asked"
    AUDIT = "audit"


def look_at(settings: NodeSettings, round_id: str, document: str, *, who: str, why: Why) -> Path:
    """Write down that somebody looks at a sheet, and return where it is.

    Raises:
        TokenError: there is no such document in the round, or it was deleted.
    """
    known = {case.document for case in cases(settings, round_id)}
    path = settings.path(REFERRALS, f"{document}.html")
    if document not in known or not path.is_file():
        raise TokenError("document: none of that name is here in this round; a wrong child's was deleted")
    store = open_node_store(settings)
    try:
        with Session(store) as session, session.begin():
            session.add(DocumentLook(document=document, who=who, why=why, looked_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"))
    finally:
        store.dispose()
    return path


def looks(settings: NodeSettings, document: str) -> list[tuple[str, str, str]]:
    """Return who looked at a document, why and when, in this order."""
    store = open_node_store(settings)
    try:
        with Session(store) as session:
            found = session.scalars(select(DocumentLook).where(DocumentLook.document == document).order_by(DocumentLook.look_id))
            return [(item.who, item.why, item.looked_at) for item in found]
    finally:
        store.dispose()
