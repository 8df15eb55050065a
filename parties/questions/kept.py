"""What the node keeps of questions: which of its records it was asked about, in which round first, and what was answered.

A record is shown once, in the round that first asks about it. The database never leaves the node.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from parties.questions.answered import NO_ANSWERS, Answers
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from parties.store.models import AskedRecord
from schemas.questions import QUESTIONS

DIRECTORY = "questions"


class RecordName(NamedTuple):
    """A record as the extract names it: its file, and the id that it has there, which `repr` does not show."""

    file: str
    record_id: str

    def __repr__(self) -> str:
        """Show the file alone."""
        return f"RecordName({self.file})"


def worklist_path(settings: NodeSettings, round_id: str) -> Path:
    """Return where the worklist of a round is."""
    return settings.path(DIRECTORY, f"{round_id}.csv")


def remember_asked(store: Engine, round_id: str, records: Iterable[RecordName]) -> None:
    """Keep which records a round asks about; those that an earlier one asked about stay with it."""
    rows = [{"file": record.file, "record_id": record.record_id, "round_id": round_id} for record in records]
    if rows:
        with store.begin() as connection:
            connection.execute(insert(AskedRecord).on_conflict_do_nothing(), rows)


def asked_in(store: Engine, round_id: str) -> dict[RecordName, dict[str, str | None]]:
    """Return the records that a round was the first to ask about, in the order of their names, with the answers so far.

    An answer is None where there is none yet, and "" where there is nothing to say.
    """
    query = select(AskedRecord).where(AskedRecord.round_id == round_id).order_by(AskedRecord.file.desc(), AskedRecord.record_id)
    with Session(store) as session:
        return {RecordName(row.file, row.record_id): {name: getattr(row, name) for name in QUESTIONS} for row in session.scalars(query)}


def count_asked(settings: NodeSettings, round_id: str) -> int:
    """Return how many records a round was the first to ask about."""
    store = open_node_store(settings)
    try:
        return len(asked_in(store, round_id))
    finally:
        store.dispose()


def asked_records(store: Engine) -> frozenset[RecordName]:
    """Return every record that was ever asked about."""
    with Session(store) as session:
        return frozenset(RecordName(*row) for row in session.execute(select(AskedRecord.file, AskedRecord.record_id)))


def keep_answers(store: Engine, answers: Mapping[RecordName, Mapping[str, str]]) -> None:
    """Keep answers, all of them or none; an earlier answer to the same question gives way, others stay."""
    with Session(store) as session, session.begin():
        for record, answer in answers.items():
            where = (AskedRecord.file == record.file, AskedRecord.record_id == record.record_id)
            session.execute(update(AskedRecord).where(*where).values(dict(answer)))


def read_answers(settings: NodeSettings) -> Answers:
    """Return what an authority has answered about its records; other kinds of custodian are not asked."""
    if settings.kind != "local-authority":
        return NO_ANSWERS
    store = open_node_store(settings)
    try:
        with Session(store) as session:
            rows = session.scalars(select(AskedRecord)).all()
    finally:
        store.dispose()
    answered: dict[tuple[str, str], dict[str, str]] = {
        (row.file, row.record_id): {name: text for name in QUESTIONS if (text := getattr(row, name))} for row in rows
    }
    return {record: answer for record, answer in answered.items() if answer}
