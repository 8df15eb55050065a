"""What a desk holds about a child, or about a parent, for whoever it is about: two views, and each shows its own person alone.

    child       what was written, to which post, where it stands, whether its views were heard, when and why somebody looked
    parent      that the prison service's reception led to an offer, what it said of the reception, what was heard of it since

A parent learns no child, school, post or address here, and a child nothing of custody. Names of staff are in neither.
"""

import json
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from parties.referrals.agreeing import consent_of
from parties.referrals.outcomes import REFERRALS
from parties.referrals.pages import page
from parties.referrals.protection import is_restricted
from parties.referrals.records import read_children
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, CaseReception, DocumentLook, LearnedEvent
from schemas.attributes import Custody
from schemas.errors import TokenError
from schemas.event_feed import Event

NOTHING: Final = "access: nothing is held of this record here; ask the authority's other desks, and the node that submits"
PROTECTED: Final = (
    "access: this child's record is protected, and who asks may be whom it is protected from; the data-protection lead decides by hand"
)
Rows = list[dict[str, Any]]


def child_view(settings: NodeSettings, child_id: str) -> Rows:
    """Return what is held about a child, one entry for each case.

    Raises:
        TokenError: nothing is, or the child is protected.
    """
    child = read_children(settings, [child_id]).get(child_id)
    if child is not None and is_restricted(child.protection):
        raise TokenError(PROTECTED)
    found: Rows = []
    store = open_node_store(settings)
    try:
        with Session(store) as session:
            for document in session.scalars(select(CaseEvent.document).where(CaseEvent.record_id == child_id).order_by(CaseEvent.event_id)):
                looks = session.scalars(select(DocumentLook).where(DocumentLook.document == document).order_by(DocumentLook.look_id))
                found.append(
                    {
                        "reference": document,
                        "sheet": _sheet(settings, document),
                        "happened": _happened(session, document),
                        "looked_at": [{"why": item.why, "at": item.looked_at} for item in looks],
                        "consent": consent_of(session, document).state.value,
                    }
                )
    finally:
        store.dispose()
    return _checked(found)


def parent_view(settings: NodeSettings, carer_id: str) -> Rows:
    """Return what is held about a parent on the authority's own record, one entry for each reception behind a case.

    Raises:
        TokenError: nothing is.
    """
    store = open_node_store(settings)
    try:
        with Session(store) as session:
            documents = session.scalars(select(CaseEvent.document).where(CaseEvent.carer_id == carer_id)).all()
            receptions = session.scalars(select(CaseReception).where(CaseReception.document.in_(documents))).all()
            handles = {item.handle: item for item in receptions}
            found: Rows = [_reception(session, item) for item in handles.values()]
            offered = session.scalars(
                select(CaseEvent.recorded_at).where(CaseEvent.carer_id == carer_id).order_by(CaseEvent.event_id)
            ).all()
    finally:
        store.dispose()
    return _checked([{"support_was_to_be_offered": list(offered)}, *found] if documents else [])


def access_page(view: Rows, whose: str) -> str:
    """Return a view as one page to hand over; `whose` is child or parent."""
    title = {"child": "What is held about a child", "parent": "What is held about a parent"}[whose]
    body = "\n".join(f"<h2>{number}</h2>\n{_listed(entry)}" for number, entry in enumerate(view, start=1))
    return page([("en", title)], f'<section lang="en">\n<h1>{escape(title)}</h1>\n{body}\n</section>')


def _sheet(settings: NodeSettings, document: str) -> dict[str, Any] | None:
    path = settings.path(REFERRALS, f"{document}.json")
    if not path.exists():
        return None
    said = json.loads(path.read_bytes())
    kept = {
        name: said[name] for name in ("child_name", "date_of_birth", "school_urn", "area", "child_record", "grade", "due") if name in said
    }
    return {**kept, "went_to": said["recipient"]["role"]}


def _happened(session: Session, document: str) -> list[dict[str, str | None]]:
    events = session.scalars(select(CaseEvent).where(CaseEvent.document == document).order_by(CaseEvent.event_id))
    return [{"what": event.what, "recorded_at": event.recorded_at, "on": event.happened_on} for event in events]


def _reception(session: Session, item: CaseReception) -> dict[str, Any]:
    of_it = select(LearnedEvent).where(LearnedEvent.document == item.document, LearnedEvent.handle == item.handle)
    return {
        "the_prison_service_said": {
            "custody": Custody(item.custody).name.lower(),
            "contact_restricted": item.is_restricted,
            "sole_carer": item.is_sole_carer,
        },
        "heard_since": [
            {"what": Event(event.event).name.lower(), "at": event.learned_at}
            for event in session.scalars(of_it.order_by(LearnedEvent.sequence))
        ],
    }


def _checked(found: Rows) -> Rows:
    if not found:
        raise TokenError(NOTHING)
    return found


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        rows = "\n".join(f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{_listed(item)}</dd>" for name, item in value.items())
        return f"<dl>\n{rows}\n</dl>"
    if isinstance(value, list):
        return "".join(f"<div>{_listed(item)}</div>" for item in value) or "nothing"
    return "no" if value is False else "yes" if value is True else escape(str(value if value is not None else "-"))
