"""An invented population as its custodians hold it, each record with the person that it is: what calibration counts on.

Reads the truth, which no custodian does; nothing here runs in a round.
"""

import csv
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

from flows.demo.plan import custodians
from parties.encoding.rows import PersonRows
from parties.extracts.check import EXTRACT_DIRECTORY, Checked
from parties.extracts.mapping import map_extract
from parties.settings import NodeSettings
from schemas.encoding_set import Population
from schemas.roster import Kind
from validation.synthetic.population import write_population

FILES = {"adults": ("receptions", "persons", "carers"), "children": ("declared_children", "children")}
PREVALENCE = 0.16  # ten times the country's: more pairs to count


@dataclass(frozen=True)
class Labelled:
    """One custodian's records of one population, and the person that each is."""

    kind: Kind
    organisation: str
    rows: PersonRows
    labels: list[str]


@contextmanager
def invented(seed: int, people: int, *, carelessness: float = 1.0) -> Iterator[Path]:
    """Write an invented population into a temporary folder, each custodian's files where its node keeps its extract."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        write_population(path, people=people, seed=seed, prevalence=PREVALENCE, carelessness=carelessness)
        for member in custodians(path):
            extract = path / str(member.extract)
            moved = extract.rename(path / "moving")
            extract.mkdir()
            moved.rename(extract / EXTRACT_DIRECTORY)
        yield path


def labelled(folder: Path, population: Population) -> list[Labelled]:
    """Return every custodian's records of one population."""
    person_of, found = _person_of(folder, population), []
    for member in custodians(folder):
        rows = _mapped_rows(folder / str(member.extract), member.kind, population)
        found.append(Labelled(member.kind, member.organisation, rows, [person_of[str(member.extract), key] for key in rows.people()]))
    return found


def relatives(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Return whom each person is related to and how: twin, sibling, or partner (who has a child in common)."""
    birth = {row["person_id"]: row["date_of_birth"] for row in _rows(folder / "truth" / "people.csv")}
    adults, children = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for row in _rows(folder / "truth" / "parents.csv"):
        adults[row["child_id"]].add(row["adult_id"])
        children[row["adult_id"]].add(row["child_id"])
    found = defaultdict[str, dict[str, str]](dict)
    for together in adults.values():
        for one, other in permutations(together, 2):
            found[one][other] = "partner"
    for brood in children.values():
        for one, other in permutations(brood, 2):
            found[one][other] = "twin" if birth[one] == birth[other] else "sibling"
    return found


def _person_of(folder: Path, population: Population) -> dict[tuple[str, str], str]:
    """Return who each record is, by custodian and record key; a prisoner's key is the NOMIS number, not the reception's."""
    truth = [row for row in _rows(folder / "truth" / "records.csv") if row["file"] in FILES[population]]
    person_of = {(row["custodian"], row["record_id"]): row["person_id"] for row in truth}
    prison = Kind.PRISON_SERVICE.value
    receptions = _rows(folder / prison / EXTRACT_DIRECTORY / "receptions.csv")
    named = {
        (prison, row["nomis_number"]): person_of[prison, row["reception_id"]]
        for row in receptions
        if (prison, row["reception_id"]) in person_of
    }
    return person_of | named


def _mapped_rows(extract: Path, kind: Kind, population: Population) -> PersonRows:
    settings = NodeSettings.model_validate({"kind": kind.value, "organisation": "calibration", "directory": extract})
    mapped = map_extract(settings, Checked({}, defaultdict(frozenset)))
    return (mapped.adults if population == "adults" else mapped.children).rows


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
