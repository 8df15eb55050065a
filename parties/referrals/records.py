"""The desk's view of the authority's own record: which child a pseudonym is, what the extract says, who is in the directory.

Reads the node's database and extract; writes the row by which a token is kept until it is redeemed, then recorded.
"""

import base64
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.extracts.read import read_extract
from parties.referrals.opening import Opened
from parties.referrals.routing import Child, Directory, make_directory
from parties.settings import NodeSettings
from parties.store.models import Alarm, Person, RedeemedToken

EXTRACT, CHILDREN, DIRECTORY = "extract", "children", "directory"
_COLUMNS = ("child_id", "forename", "middle_names", "surname", "date_of_birth", "school_urn", "under_five_area", "legal_status", "standing")


class Redeemed(NamedTuple):
    """A token that was redeemed at this desk: when, and the name of its document."""

    redeemed_at: str
    referral: str


def redeemed(store: Engine, envelope_id: str) -> Redeemed | None:
    """Return when and as what this desk redeemed an envelope, or None."""
    with Session(store) as session:
        row = session.get(RedeemedToken, envelope_id)
        return None if row is None or row.redeemed_at is None else Redeemed(row.redeemed_at, row.referral or "")


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


def record_redeemed(store: Engine, envelope_id: str, referral: str) -> None:
    """Record that this desk redeemed a kept envelope and wrote its document: the last step."""
    instant = _now()
    with Session(store) as session, session.begin():
        done = {"redeemed_at": instant, "referral": referral, "body": None}
        session.execute(update(RedeemedToken).where(RedeemedToken.envelope_id == envelope_id).values(done))


def redeemed_in(store: Engine, round_id: str) -> list[tuple[str, str]]:
    """Return record id and documents' name of every child referred in a round."""
    query = (
        select(Person.record_id, RedeemedToken.referral)
        .join(Person, (Person.round_id == RedeemedToken.round_id) & (Person.person == RedeemedToken.child))
        .where(RedeemedToken.round_id == round_id, RedeemedToken.redeemed_at.is_not(None), Person.population == CHILDREN)
        .order_by(RedeemedToken.envelope_id)
    )
    with Session(store) as session:
        return [(record_id, referral or "") for record_id, referral in session.execute(query)]


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
            found[row["child_id"]] = Child(**{name: row.get(name, "") for name in _COLUMNS})
    return found


def read_directory(settings: NodeSettings) -> Directory:
    """Return the authority's directory.

    Raises:
        ConfigurationError: it has no single point of contact.
    """
    return make_directory(_rows(settings, DIRECTORY))


def _rows(settings: NodeSettings, name: str) -> Iterator[dict[str, str]]:
    for chunk in read_extract(settings.path(EXTRACT), name):
        columns = [str(column) for column in chunk.frame.columns]
        for row in chunk.frame.itertuples(index=False, name=None):
            yield dict(zip(columns, row, strict=True))


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
