"""The authority's map from round-level person ids to its own records, written before a submission is accepted."""

from collections.abc import Iterable

from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite import insert

from parties.store.models import Person

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
