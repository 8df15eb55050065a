"""Outcomes of an authority's referrals, in the node's own database: states in order, and that the child was heard. Never what was said.

A wrong child stops everything at once: its documents are deleted here, and its next envelope is held for people.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.referrals.calendar import LONDON
from parties.referrals.cases import CASE, CaseState, Duty, check_may_be_corrected, check_may_follow
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import CaseEvent, CaseReception, Person, StoppedChild
from schemas.errors import ConfigurationError, TokenError
from schemas.instants import as_text

CHILD_HEARD, CHILD_NOT_HEARD = (
    "child-heard",
    "child-not-heard",
)  # whether its own views were asked for and written down, in the recipient's own file
CORRECTED = "corrected"  # the state before was recorded in error
REFERRALS, ENDINGS, OFFERS = "referrals", (".html", ".json"), "offers"
STEM = "referral-"


class Heard(NamedTuple):
    """Whether a child's own views were asked for and written down, and on which day that was settled."""

    is_heard: bool
    on: date


class Case(NamedTuple):
    """A referral of a round: its document, the authority's record id, grade, by when to act, post, where it stands and stood, whether the child was heard.

    `is_first` goes before others of the same hour: the prison service says that nobody else cared for the child.
    """

    document: str
    child_id: str
    grade: str
    due: str
    post: str
    states: tuple[CaseState, ...]
    heard: Heard | None = None
    is_first: bool = False

    @property
    def state(self) -> CaseState:
        """Where it stands."""
        return self.states[-1]

    @property
    def duty(self) -> Duty:
        """Who owns the state, and what they do."""
        return CASE[self.state]


def cases(settings: NodeSettings, round_id: str) -> list[Case]:
    """Return every referral of a round that was written, by when to act, then whose carer is gone first; those of a wrong child have no document any more."""
    with _opened(settings) as store:
        found = [_case(settings, store, document, record_id) for document, record_id in _written(store, round_id).items()]
    return sorted(found, key=lambda case: (case.due, not case.is_first, case.document))


def rounds_here(settings: NodeSettings) -> list[str]:
    """Return the ids of the rounds that this desk has referrals or a map of persons of, the newest name first."""
    with _opened(settings) as store, Session(store) as session:
        known = {*session.scalars(select(CaseEvent.round_id).distinct()), *session.scalars(select(Person.round_id).distinct())}
    return sorted(filter(None, known), reverse=True)


def record_outcome(settings: NodeSettings, round_id: str, document: str, what: CaseState | None, *, heard: Heard | None = None) -> Case:
    """Record what became of a referral, or whether the child was heard, or both.

    Raises:
        TokenError: there is no such document in the round.
        ConfigurationError: that state cannot follow, or the day is still to come.
    """
    if heard is not None and heard.on > datetime.now(LONDON).date():
        raise ConfigurationError("outcome: the day on which the child was heard is still to come; record it afterwards")
    with _opened(settings) as store:
        case = _find(settings, store, round_id, document)
        if what is not None:
            check_may_follow(case.state, what)
            if what is CaseState.WRONG_CHILD:
                _stop(settings, store, case)
            else:
                _add(store, document, what)
            if what is CaseState.WITHDRAWN:
                delete_documents(settings, document)
        if heard is not None:
            _add(store, document, CHILD_HEARD if heard.is_heard else CHILD_NOT_HEARD, heard.on)
        return _case(settings, store, document, case.child_id)


def correct_outcome(settings: NodeSettings, round_id: str, document: str) -> Case:
    """Take back the last state of a referral, which was recorded in error; both stay in the log.

    Raises:
        TokenError: there is no such document in the round.
        ConfigurationError: nothing was recorded, or the documents are gone.
    """
    with _opened(settings) as store:
        case = _find(settings, store, round_id, document)
        check_may_be_corrected(case.states)
        _add(store, document, CORRECTED)
        return _case(settings, store, document, case.child_id)


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


def offer_path(settings: NodeSettings, document: str) -> Path:
    """Return where the sheet of a case's voluntary offer is, if there is one."""
    return settings.path(OFFERS, f"offer-{document.removeprefix(STEM)}.html")


def delete_documents(settings: NodeSettings, document: str) -> bool:
    """Delete what was written of a referral; say whether anything was there."""
    written = (*(settings.path(REFERRALS, document + ending) for ending in ENDINGS), offer_path(settings, document))
    paths = [path for path in written if path.exists()]
    for path in paths:
        path.unlink(missing_ok=True)
    return bool(paths)


def stopped_children(store: Engine) -> set[str]:
    """Return the record ids of children of whom a referral was of the wrong child: people look at their next envelope first."""
    with Session(store) as session:
        return set(session.scalars(select(StoppedChild.record_id)))


def last_states(store: Engine) -> dict[str, CaseState]:
    """Return where every referral stands, of any round, by its document."""
    events: dict[str, list[CaseEvent]] = defaultdict(list)
    with Session(store) as session:
        for event in session.scalars(select(CaseEvent).order_by(CaseEvent.event_id)):
            events[event.document].append(event)
    return {document: states_of(of_it)[-1] for document, of_it in events.items()}


def states_of(events: Sequence[CaseEvent]) -> tuple[CaseState, ...]:
    """Return the states of one referral that hold, in order; a correction takes back the one before."""
    states: list[CaseState] = []
    for event in events:
        if event.what == CORRECTED:
            states.pop()
        elif event.what not in {CHILD_HEARD, CHILD_NOT_HEARD}:
            states.append(CaseState(event.what))
    return tuple(states)


def grade_of(events: Sequence[CaseEvent]) -> str:
    """Return the grade of one referral's token."""
    return next((event.grade for event in events if event.grade), "")


def _written(store: Engine, round_id: str) -> dict[str, str]:
    """Return the record id of every document that was written in a round."""
    query = select(CaseEvent.document, CaseEvent.record_id).where(CaseEvent.round_id == round_id).order_by(CaseEvent.event_id)
    with Session(store) as session:
        return {document: record_id or "" for document, record_id in session.execute(query)}


def _find(settings: NodeSettings, store: Engine, round_id: str, document: str) -> Case:
    named = _written(store, round_id)
    if document not in named:
        raise TokenError("document: none of that name was written in this round; `kinlink party outcomes` lists them")
    return _case(settings, store, document, named[document])


def _case(settings: NodeSettings, store: Engine, document: str, record_id: str) -> Case:
    with Session(store) as session:
        events = session.scalars(select(CaseEvent).where(CaseEvent.document == document).order_by(CaseEvent.event_id)).all()
        alone = select(CaseReception.handle).where(CaseReception.document == document, CaseReception.is_sole_carer)
        is_first = session.scalar(alone.limit(1)) is not None
    due, post = _said(settings, document)
    return Case(document, record_id, grade_of(events), due, post, states_of(events), _heard(events), is_first)


def _heard(events: Sequence[CaseEvent]) -> Heard | None:
    said = [event for event in events if event.what in {CHILD_HEARD, CHILD_NOT_HEARD}]
    return Heard(said[-1].what == CHILD_HEARD, date.fromisoformat(said[-1].happened_on or said[-1].recorded_at[:10])) if said else None


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
    delete_documents(settings, case.document)


def _add(store: Engine, document: str, what: str, on: date | None = None) -> None:
    with Session(store) as session, session.begin():
        session.add(CaseEvent(document=document, what=what, recorded_at=_now(), happened_on=on.isoformat() if on else None))


@contextmanager
def _opened(settings: NodeSettings) -> Iterator[Engine]:
    store = open_node_store(settings)
    try:
        yield store
    finally:
        store.dispose()


def _now() -> str:
    return as_text(datetime.now(UTC))
