"""The authority's map from round-level person ids to its own records, written before a submission is accepted; and the round's key of sealed attributes."""

from collections.abc import Iterable

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert

from parties.store.models import CustodyKey, Person

BATCH = 20_000


def remember_people(engine: Engine, round_id: str, population: str, people: Iterable[tuple[bytes, str]]) -> None:
    """Keep person id and record id of each of `people`, in one transaction; those already there stay.

    Earlier rows stay because an earlier submission may be the one that was accepted; an id means the same record in both.
    """
    rows = [{"round_id": round_id, "population": population, "person": person.hex(), "record_id": record} for person, record in people]
    statement = insert(Person).on_conflict_do_nothing()
    with engine.begin() as connection:
        for start in range(0, len(rows), BATCH):
            connection.execute(statement, rows[start : start + BATCH])


def remember_custody_key(engine: Engine, round_id: str, sealed: bytes) -> None:
    """Keep a round's key of sealed attributes, itself sealed to the desk; a newer one, maybe sealed to newer keys, takes its place."""
    row = insert(CustodyKey).values(round_id=round_id, sealed=sealed)
    with engine.begin() as connection:
        connection.execute(row.on_conflict_do_update(index_elements=["round_id"], set_={"sealed": sealed}))


def kept_custody_key(engine: Engine, round_id: str) -> bytes | None:
    """Return a round's key of sealed attributes, sealed as it is kept."""
    with engine.begin() as connection:
        return connection.scalar(select(CustodyKey.sealed).where(CustodyKey.round_id == round_id))
