"""The authority's map from round-level person ids to its own records, written before a submission is accepted."""

from collections.abc import Iterable

from sqlalchemy import Engine, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.settings import NodeSettings
from parties.store.engine import open_node_store
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


def children_of(settings: NodeSettings, round_id: str) -> bytes:
    """Return the person ids of the children whom the authority's map of a round holds, 16 bytes each, in the order of the ids.

    The order of random ids says nothing, and whoever asks about one of them asks about a record that the desk can name.
    """
    query = select(Person.person).where(Person.round_id == round_id, Person.population == "children").order_by(Person.person)
    store = open_node_store(settings)
    try:
        with Session(store) as session:
            return bytes.fromhex("".join(session.scalars(query)))
    finally:
        store.dispose()
