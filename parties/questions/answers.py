"""Take what people filled in: check it row by row, and keep what keeps the rules. Says row, column and rule; never a value."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parties.extracts.read import read_extract
from parties.initialise import roles_here
from parties.questions.fetching import NOTHING
from parties.questions.kept import RecordName, asked_records, keep_answers, remember_asked
from parties.settings import NodeSettings
from parties.store.engine import open_node_store
from schemas.errors import ConfigurationError, ExtractError
from schemas.extracts import load_answer_rules
from schemas.questions import QUESTIONS
from schemas.roster import Role
from validation.extract import Failure, Keys, check_file

if TYPE_CHECKING:
    import pandas as pd

CSV = ".csv"
HANDED_OVER = ""  # in place of a round: the desk knows which one asked
_FILE = "answers"


@dataclass(frozen=True)
class Taken:
    """How many records have answers in the file, and the rows that break a rule and were left out."""

    records: int
    failures: tuple[Failure, ...]


def take_answers(settings: NodeSettings, path: Path) -> Taken:
    """Check the answers in a worklist and keep them for the next submission; safe to repeat with the same or a mended file.

    The desk checks that each record was asked about; a node whose desk is apart takes what the desk hands over.
    An empty cell is not answered yet and changes nothing; `NOTHING` says that there is nothing, and takes back an earlier answer.

    Raises:
        ConfigurationError: the node is no authority's.
        ExtractError: the file is no readable CSV, or lacks the columns that name a record.
    """
    if settings.kind != "local-authority":
        raise ConfigurationError(f"{settings.directory}: local authorities answer questions; this node is a {settings.kind}")
    if path.suffix != CSV or not path.is_file():
        raise ExtractError(f"{path}: no such CSV file; name the worklist that was filled in")
    is_desk, store = Role.DESK in roles_here(settings), open_node_store(settings)
    try:
        asked, keys = asked_records(store), Keys()
        answers, failures = dict[RecordName, dict[str, str]](), list[Failure]()
        for first_row, read in read_extract(path.parent, path.stem):
            frame = read.apply(lambda column: column.str.strip())
            failures += [*_broken(frame, first_row, keys), *(_not_asked(frame, first_row, asked) if is_desk else ())]
            left_out = {failure.row for failure in failures}
            answers |= {record: answer for row, record, answer in _given(frame, first_row) if answer and row not in left_out}
        if not is_desk:
            remember_asked(store, HANDED_OVER, answers)
        keep_answers(store, answers)
    finally:
        store.dispose()
    return Taken(len(answers), tuple(sorted(failures)))


def _broken(frame: "pd.DataFrame", first_row: int, keys: Keys) -> list[Failure]:
    said = frame.replace(NOTHING, "")
    return check_file(_FILE, _FILE, said, first_row=first_row, rules=load_answer_rules(), keys=keys).failures


def _not_asked(frame: "pd.DataFrame", first_row: int, asked: frozenset[RecordName]) -> Iterator[Failure]:
    for row, record, _ in _given(frame, first_row):
        if all(record) and record not in asked:
            yield Failure(row, "record_id", "asked")


def _given(frame: "pd.DataFrame", first_row: int) -> Iterator[tuple[int, RecordName, dict[str, str]]]:
    """Yield row, record and what was filled in, with "" for nothing to say."""
    for row, cells in enumerate(frame.to_dict("records"), start=first_row):
        filled = {name: cells[name] for name in QUESTIONS if cells.get(name)}
        yield row, RecordName(cells["file"], cells["record_id"]), {name: "" if text == NOTHING else text for name, text in filled.items()}
