"""Outcomes of an authority's referrals, in the node's own database: states in order, and that the child was heard. Never what was said.

A wrong child stops everything at once: its documents are deleted here, and its next envelope is held for people.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.referrals.calendar import LONDON
from parties.referrals.cases import CASE, CaseState, Duty, check_may_follow
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, StoppedChild
from schemas.errors import TokenError

CHILD_HEARD = "child-heard"  # that the child's own views were asked for and written down, in the recipient's own file
REFERRALS, ENDINGS = "referrals", (".html", ".json")


class Case(NamedTuple):
    """A referral of a round: its document, the authority's record id, grade, by when to act, post, where it stands, whether the child was heard."""

    document: str
    child_id: str
    grade: str
    due: str
    post: str
    state: CaseState
    is_child_heard: bool

    @property
    def duty(self) -> Duty:
        """Who owns the state, and what they do."""
        return CASE[self.state]


def cases(settings: NodeSettings, round_id: str) -> list[Case]:
    """Return every referral of a round that was written, by when to act; those of a wrong child have no document any more."""
    with _opened(settings) as store:
        found = [_case(settings, store, document, record_id) for document, record_id in _written(store, round_id).items()]
    return sorted(found, key=lambda case: (case.due, case.document))


def record_outcome(settings: NodeSettings, round_id: str, document: str, what: CaseState | None, *, child_heard: bool = False) -> Case:
    """Record what became of a referral, or that the child was heard, or both.

    Raises:
        TokenError: there is no such document in the round.
        ConfigurationError: that state cannot follow.
    """
    with _opened(settings) as store:
        named = _written(store, round_id)
        if document not in named:
            raise TokenError("document: none of that name was written in this round; `kinlink party outcomes` lists them")
        case = _case(settings, store, document, named[document])
        if what is not None:
            check_may_follow(case.state, what)
            if what is CaseState.WRONG_CHILD:
                _stop(settings, store, case)
            else:
                _add(store, document, what)
        if child_heard:
            _add(store, document, CHILD_HEARD)
        return _case(settings, store, document, named[document])


def counts(found: list[Case]) -> dict[str, dict[str, int]]:
    """Return how many referrals stand where, by grade: for the authority itself; no row of it leaves."""
    counted = Counter((case.state, case.grade) for case in found)
    return {
        state.value: {grade: counted[state, grade] for grade in ("A", "B")}
        for state in CaseState
        if counted[state, "A"] + counted[state, "B"]
    }


def by_post(found: list[Case]) -> dict[str, int]:
    """Return how many referrals went to each post: which ways lead to children outside of schools."""
    return dict(sorted(Counter(case.post for case in found if case.post).items()))


def overdue(found: list[Case], now: datetime) -> list[str]:
    """Return the documents that nobody has acknowledged by when they were to be acted on."""
    hour = f"{now.astimezone(LONDON):%Y-%m-%d %H:%M}"
    return [case.document for case in found if case.state is CaseState.WRITTEN and case.due and case.due < hour]


def stopped_children(store: Engine) -> set[str]:
    """Return the record ids of children of whom a referral was of the wrong child: people look at their next envelope first."""
    with Session(store) as session:
        return set(session.scalars(select(StoppedChild.record_id)))


def _written(store: Engine, round_id: str) -> dict[str, str]:
    """Return the record id of every document that was written in a round."""
    query = select(CaseEvent.document, CaseEvent.record_id).where(CaseEvent.round_id == round_id).order_by(CaseEvent.event_id)
    with Session(store) as session:
        return {document: record_id or "" for document, record_id in session.execute(query)}


def _case(settings: NodeSettings, store: Engine, document: str, record_id: str) -> Case:
    with Session(store) as session:
        events = session.scalars(select(CaseEvent).where(CaseEvent.document == document).order_by(CaseEvent.event_id)).all()
    states = [CaseState(event.what) for event in events if event.what != CHILD_HEARD]
    grade = next((event.grade for event in events if event.grade), "")
    due, post = _said(settings, document)
    return Case(document, record_id, grade, due, post, states[-1], any(event.what == CHILD_HEARD for event in events))


def _said(settings: NodeSettings, document: str) -> tuple[str, str]:
    """Return by when a document is to be acted on, and by which post; of one that is gone, neither."""
    path = settings.path(REFERRALS, f"{document}.json")
    if not path.exists():
        return "", ""
    content = json.loads(path.read_bytes())
    return content["due"], content["recipient"]["role"]


def _stop(settings: NodeSettings, store: Engine, case: Case) -> None:
    """Hold the child's next envelope, and then delete the documents."""
    with Session(store) as session, session.begin():
        session.execute(insert(StoppedChild).values(record_id=case.child_id, stopped_at=_now()).on_conflict_do_nothing())
        session.add(CaseEvent(document=case.document, what=CaseState.WRONG_CHILD, recorded_at=_now()))
    for ending in ENDINGS:
        settings.path(REFERRALS, case.document + ending).unlink(missing_ok=True)


def _add(store: Engine, document: str, what: str) -> None:
    with Session(store) as session, session.begin():
        session.add(CaseEvent(document=document, what=what, recorded_at=_now()))


@contextmanager
def _opened(settings: NodeSettings) -> Iterator[Engine]:
    store = open_node_store(settings)
    try:
        yield store
    finally:
        store.dispose()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
