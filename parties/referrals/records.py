"""The desk's view of the authority's own record: which child a pseudonym is, what the extract says, who is in the directory.

Reads the node's database and extract; writes the row by which a token is kept until it is redeemed, then recorded.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, Engine, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.extracts.read import FIRST_DATA_ROW, read_extract
from parties.referrals.calendar import Closure
from parties.referrals.cases import CaseState
from parties.referrals.directory import Directory, Post, make_directory, vacancies
from parties.referrals.opening import Opened
from parties.referrals.protection import Opening
from parties.referrals.receptions import keep_receptions
from parties.referrals.routing import Child
from parties.settings import NodeSettings
from parties.store.models import Alarm, CaseEvent, DocumentApproval, Person, ProtectedOpening, RedeemedToken
from schemas.attributes import Attributes
from schemas.errors import ExtractError
from schemas.instants import as_text

EXTRACT, CHILDREN, DIRECTORY, CLOSURES = "extract", "children", "directory", "closures"
_COLUMNS = (
    "child_id", "forename", "middle_names", "surname", "date_of_birth", "school_urn", "under_five_area", "legal_status", "standing",
    "education", "case_holder", "responsible_authority", "nation", "expected_on", "care_leaver", "protection",
)  # fmt: skip


class Redeemed(NamedTuple):
    """A token that was redeemed at this desk: when, and the name of its document: "" for none, None while it waits for approval."""

    redeemed_at: str
    referral: str | None


def redeemed(store: Engine, envelope_id: str) -> Redeemed | None:
    """Return when and as what this desk redeemed an envelope, or None."""
    with Session(store) as session:
        row = session.get(RedeemedToken, envelope_id)
        return None if row is None or row.redeemed_at is None else Redeemed(row.redeemed_at, row.referral)


def keep(store: Engine, item: Opened) -> None:
    """Keep an envelope, sealed as it came, before its token is redeemed."""
    row = {
        "envelope_id": item.envelope_id,
        "round_id": item.body.round_id,
        "child": item.body.child,
        "body": base64.b64encode(item.sealed).decode(),
    }
    with Session(store) as session, session.begin():
        session.execute(insert(RedeemedToken).values(row).on_conflict_do_nothing())


def let_go(store: Engine, envelope_id: str) -> None:
    """Forget an envelope that was kept but turned out not to be this desk's to redeem."""
    with Session(store) as session, session.begin():
        session.execute(delete(RedeemedToken).where(RedeemedToken.envelope_id == envelope_id, RedeemedToken.redeemed_at.is_(None)))


def kept(store: Engine, round_id: str) -> dict[str, bytes]:
    """Return the sealed envelopes of a round that were kept and not recorded as redeemed, by id."""
    query = select(RedeemedToken.envelope_id, RedeemedToken.body).where(
        RedeemedToken.round_id == round_id, RedeemedToken.redeemed_at.is_(None)
    )
    with Session(store) as session:
        return {envelope_id: base64.b64decode(body or "") for envelope_id, body in session.execute(query)}


def record_alarm(store: Engine, item: Opened, what: str) -> None:
    """Record that an envelope must never have come; the first time it did stays."""
    row = {"envelope_id": item.envelope_id, "round_id": item.body.round_id, "what": what, "raised_at": _now()}
    with Session(store) as session, session.begin():
        session.execute(insert(Alarm).values(row).on_conflict_do_nothing())


def record_redeemed(store: Engine, item: Opened, referral: str, record_id: str = "", receptions: Sequence[Attributes] = ()) -> None:
    """Record, once, that this desk redeemed a kept envelope and wrote its document of a child, if any: the last step, and the first of a case."""
    instant = _now()
    open_still = update(RedeemedToken).where(RedeemedToken.envelope_id == item.envelope_id, RedeemedToken.referral.is_(None))
    with Session(store) as session, session.begin():
        done = session.execute(open_still.values(redeemed_at=instant, referral=referral, body=None))
        if referral and cast("CursorResult[Any]", done).rowcount:
            case = {"document": referral.removesuffix(".json"), "what": CaseState.WRITTEN, "recorded_at": instant}
            carer = session.get(Person, (item.body.round_id, "adults", item.body.own_carer)) if item.body.own_carer else None
            of_whom = {"round_id": item.body.round_id, "record_id": record_id, "carer_id": carer.record_id if carer else None}
            session.add(CaseEvent(**case, grade=item.body.grade, **of_whom))
            keep_receptions(session, case["document"], receptions)


def record_opening(store: Engine, item: Opened, opening: Opening) -> None:
    """Record, once, that an envelope was dealt with by a rule of the child's protection; not by which."""
    row = {"envelope_id": item.envelope_id, "round_id": item.body.round_id, "opening": opening.name, "decided_at": _now()}
    with Session(store) as session, session.begin():
        session.execute(insert(ProtectedOpening).values(row).on_conflict_do_nothing())


def record_held(store: Engine, envelope_id: str) -> None:
    """Record that a kept envelope's token is used up, and that it stays sealed until its document is approved."""
    with Session(store) as session, session.begin():
        session.execute(update(RedeemedToken).where(RedeemedToken.envelope_id == envelope_id).values(redeemed_at=_now()))


def held(store: Engine, round_id: str) -> dict[str, bytes]:
    """Return the sealed envelopes of a round whose documents wait for approval, by id."""
    query = select(RedeemedToken.envelope_id, RedeemedToken.body).where(
        RedeemedToken.round_id == round_id, RedeemedToken.redeemed_at.is_not(None), RedeemedToken.referral.is_(None)
    )
    with Session(store) as session:
        return {envelope_id: base64.b64decode(body or "") for envelope_id, body in session.execute(query)}


def approve(store: Engine, envelope_id: str, approver: str) -> int:
    """Record somebody's approval of a document; return how many different people have approved it."""
    row = {"envelope_id": envelope_id, "approver": approver, "approved_at": _now()}
    with Session(store) as session, session.begin():
        session.execute(insert(DocumentApproval).values(row).on_conflict_do_nothing())
        return len(session.scalars(select(DocumentApproval.approver).where(DocumentApproval.envelope_id == envelope_id)).all())


def redeemed_in(store: Engine, round_id: str) -> list[tuple[str, str]]:
    """Return record id and document's name of every child of whom a document was written in a round."""
    query = (
        select(Person.record_id, RedeemedToken.referral)
        .join(Person, (Person.round_id == RedeemedToken.round_id) & (Person.person == RedeemedToken.child))
        .where(RedeemedToken.round_id == round_id, RedeemedToken.referral != "", Person.population == CHILDREN)  # != is false of NULL
        .order_by(RedeemedToken.envelope_id)
    )
    with Session(store) as session:
        return [(record_id, referral or "") for record_id, referral in session.execute(query)]


def opened_in(store: Engine, round_id: str) -> set[str]:
    """Return the ids of every envelope of a round that this desk has recorded as redeemed."""
    with Session(store) as session:
        return set(session.scalars(select(RedeemedToken.envelope_id).where(RedeemedToken.round_id == round_id)))


def record_ids(store: Engine, items: Iterable[Opened]) -> dict[str, str]:
    """Return the record id of each envelope's child, by envelope id; a child that this node never encoded is left out."""
    found: dict[str, str] = {}
    with Session(store) as session:
        for item in items:
            row = session.get(Person, (item.body.round_id, CHILDREN, item.body.child))
            if row is not None:
                found[item.envelope_id] = row.record_id
    return found


def read_children(settings: NodeSettings, wanted: Iterable[str]) -> dict[str, Child]:
    """Return the wanted children of the extract, by record id, in one pass."""
    found: dict[str, Child] = {}
    ids = set(wanted)
    for row in _rows(settings, CHILDREN):
        if row.get("child_id") in ids:
            known: dict[str, Any] = {name: row.get(name, "") for name in _COLUMNS}
            found[row["child_id"]] = Child(**known)
    return found


def read_directory(settings: NodeSettings, today: date) -> Directory:
    """Return who holds each post of the authority's directory on a day.

    Raises:
        ConfigurationError: it has no single point of contact on that day.
    """
    return make_directory(_rows(settings, DIRECTORY), today)


def read_closures(settings: NodeSettings) -> list[Closure]:
    """Return when the authority's schools are closed, from its extract's `closures`; none where there is no such file.

    Raises:
        ExtractError: a row does not name two days in order.
    """
    if not any(settings.path(EXTRACT, f"{CLOSURES}{ending}").is_file() for ending in (".csv", ".parquet")):
        return []
    return [_closure(row, number) for number, row in enumerate(_rows(settings, CLOSURES), start=FIRST_DATA_ROW)]


def _closure(row: dict[str, str], number: int) -> Closure:
    try:
        closure = Closure(date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"]))
    except (KeyError, ValueError):
        closure = None
    if closure is None or closure.first > closure.last:
        raise ExtractError(f"{CLOSURES}, row {number}: want first_day and last_day, YYYY-MM-DD, in order; mend the row")
    return closure


def vacant_posts(settings: NodeSettings, today: date) -> list[Post]:
    """Return the posts of the authority's directory that nobody holds on a day."""
    return vacancies(_rows(settings, DIRECTORY), today)


def _rows(settings: NodeSettings, name: str) -> Iterator[dict[str, str]]:
    for chunk in read_extract(settings.path(EXTRACT), name):
        columns = [str(column) for column in chunk.frame.columns]
        for row in chunk.frame.itertuples(index=False, name=None):
            yield dict(zip(columns, row, strict=True))


def _now() -> str:
    return as_text(datetime.now(UTC))
