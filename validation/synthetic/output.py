"""Rows on their way to the custodians' files, with the truth about each kept beside them.

Writes only below the folder it is given. The truth goes to a folder of its own that no custodian reads.
"""

import contextlib
import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, Protocol

from schemas.extracts import load_rules
from validation.synthetic.draws import Draws
from validation.synthetic.families import Person
from validation.synthetic.places import AUTHORITIES, FORCES

PRISON: Final = "prison-service"
TRUTH: Final = "truth"
TRUTH_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "records": ("custodian", "file", "record_id", "person_id"),
    "people": ("person_id", "sex", "date_of_birth", "mother_id", "father_id"),
    "parents": ("child_id", "adult_id", "relation", "current"),
    "children_true": ("person_id", "acting_authority", "known_authorities", "has_tie", "parents_received", "moved"),
}


class RowWriter(Protocol):
    """What `csv.writer` returns."""

    def writerows(self, rows: Iterable[Iterable[str]]) -> object:
        """Write rows."""


class Block:
    """The rows of one block, by folder and file."""

    def __init__(self, draws: Draws) -> None:
        """Start empty, with the draws everything in the block is made from."""
        self.draws = draws
        self.rows: dict[tuple[str, str], list[tuple[str, ...]]] = {}

    def add(self, folder: str, file: str, row: tuple[str, ...]) -> None:
        """Keep a row."""
        self.rows.setdefault((folder, file), []).append(row)

    def add_record(self, custodian: str, file: str, row: tuple[str, ...], person: Person, *, record_id: str = "") -> None:
        """Keep a custodian's row, and in the truth who it is about; the record's id is its first column unless given."""
        self.add(custodian, file, row)
        self.add(TRUTH, "records", (custodian, file, record_id or row[0], str(person.person_id)))

    def shuffle(self) -> None:
        """Put each file's rows in an order of its own, so that order says nothing of who is whom."""
        for rows in self.rows.values():
            self.draws.shuffle(rows)


def police_folder(force: str) -> str:
    """Return the name of a police force's folder."""
    return f"police-{force}"


def authority_folder(gss: str) -> str:
    """Return the name of a local authority's folder."""
    return f"local-authority-{gss}"


def headers() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the header of every file of every folder."""
    folders = {PRISON: "prison-service"}
    folders |= {police_folder(force): "police" for force in FORCES}
    folders |= {authority_folder(gss): "local-authority" for gss in AUTHORITIES}
    found = {(folder, name): file.header for folder, kind in folders.items() for name, file in load_rules(kind).files.items()}
    return found | {(TRUTH, name): header for name, header in TRUTH_HEADERS.items()}


@contextlib.contextmanager
def open_files(out: Path) -> Iterator[Mapping[tuple[str, str], RowWriter]]:
    """Open every file below `out` with its header written, and yield their writers."""
    with contextlib.ExitStack() as stack:
        writers: dict[tuple[str, str], RowWriter] = {}
        for (folder, name), header in headers().items():
            (out / folder).mkdir(parents=True, exist_ok=True)
            stream = stack.enter_context((out / folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
            writers[folder, name] = csv.writer(stream, lineterminator="\n")
            writers[folder, name].writerows([header])
        yield writers
