"""Count agreement patterns on invented populations and write the table of match weights that ships.

Run by `make weights`. The seeds are kept for calibration: no demo or test uses them. Pairs are those that a round compares:
people in prison with carers and with police records, declared and police children with an authority's.
"""

import csv
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from importlib import resources
from itertools import product
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d

import schemas.linkage as linkage_schemas
from flows.demo.plan import custodians
from flows.linking import Linking, Side
from linkage.search.weights import ABSENT, BELOW, LEVELS, pattern_levels
from parties.encoding.rows import PersonRows
from parties.extracts.check import EXTRACT_DIRECTORY, Checked
from parties.extracts.mapping import map_extract
from parties.settings import NodeSettings
from schemas.agreement import PROJECTIONS, Search
from schemas.encoding_set import POPULATIONS, Population
from schemas.roster import Kind
from schemas.slots import SEARCHES
from validation.synthetic.population import write_population

SEEDS = (9101, 9102, 9103, 9104)
PEOPLE = 60_000
PREVALENCE = 0.16
SPREAD = (0.05, 0.9, 0.05)  # each pair counts a little for the next level up and down: levels are cuts through a scale
IMAGINED = 1.0  # matches, and half as many others, spread by the levels' own frequencies: no pattern is impossible
SEARCH = Search()
SHAPE = (LEVELS - 1,) * len(PROJECTIONS)
Table = npt.NDArray[np.float64]
FILES = {"adults": ("receptions", "persons", "carers"), "children": ("declared_children", "children")}


@dataclass
class Patterns:
    """How often each pattern occurred among pairs that are one person, and among those that are not.

    Counted are pairs where both have a filter in every projection; a pattern with an absent level sums over what it might
    have been, because a missing value is no evidence. Arrays have one axis for each projection, without the absent level.
    """

    matches: Table = field(default_factory=lambda: np.zeros(SHAPE))
    others: Table = field(default_factory=lambda: np.zeros(SHAPE))
    match_pairs: float = 0.0
    other_pairs: float = 0.0

    def add(self, scores: npt.NDArray[np.float64], is_match: npt.NDArray[np.bool_], match_pairs: float, all_pairs: float) -> None:
        """Count one search: candidate pairs, which of them are one person, and how many there were to find and to compare."""
        levels = pattern_levels(scores)
        complete = (levels != ABSENT).all(axis=1)
        for counts, chosen in ((self.matches, is_match & complete), (self.others, ~is_match & complete)):
            np.add.at(counts, tuple((levels[chosen] - 1).T), 1)
        self.match_pairs += match_pairs
        self.other_pairs += all_pairs - match_pairs

    def weights(self) -> dict[str, int]:
        """Return hundredths of a bit for each pattern, by pattern text."""
        match = _smooth(self.matches, IMAGINED) / (self.match_pairs + IMAGINED)
        other = _smooth(self.others, IMAGINED / 2) / (self.other_pairs + IMAGINED / 2)
        table = {}
        for levels in product(range(LEVELS), repeat=len(PROJECTIONS)):
            if any(level > BELOW for level in levels):
                cells = tuple(slice(None) if level == ABSENT else level - 1 for level in levels)
                table["".join(map(str, levels))] = round(100 * log2(match[cells].sum() / other[cells].sum()))
        return table


def _smooth(counts: Table, imagined: float) -> Table:
    spread = counts
    for axis in range(counts.ndim):
        spread = convolve1d(spread, SPREAD, axis=axis, mode="nearest")
    total = max(spread.sum(), 1.0)
    shares = [spread.sum(axis=tuple(other for other in range(counts.ndim) if other != axis)) / total for axis in range(counts.ndim)]
    independent = reduce(np.multiply.outer, [share * 0.9 + 0.1 / len(share) for share in shares])
    independent[(BELOW - 1,) * counts.ndim] = 0.0  # below the cut everywhere is no candidate
    smoothed: Table = spread + imagined * independent / independent.sum()
    smoothed[(BELOW - 1,) * counts.ndim] = 0.0
    return smoothed


@dataclass(frozen=True)
class Labelled:
    """One custodian's side of a population, and the person that each record is."""

    kind: Kind
    side: Side
    labels: list[str]


def calibrate(seeds: Sequence[int] = SEEDS, people: int = PEOPLE) -> dict[str, Any]:
    """Return the table of weights for both populations, counted on `seeds`."""
    patterns = {population: Patterns() for population in POPULATIONS}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            write_population(Path(folder), people=people, seed=seed, prevalence=PREVALENCE)
            _as_nodes(Path(folder))
            for population in POPULATIONS:
                _count(Path(folder), population, patterns[population])
        print(
            f"seed {seed}: {patterns['adults'].match_pairs:,.0f} adults, {patterns['children'].match_pairs:,.0f} children", file=sys.stderr
        )
    source = {
        "seeds": list(seeds),
        "people": people,
        "levels": LEVELS,
        "unit": "hundredths of a bit",
        "digits": f"levels in {', '.join(PROJECTIONS)}",
    }
    return {"source": source, **{population: counted.weights() for population, counted in patterns.items()}}


def _count(folder: Path, population: Population, patterns: Patterns) -> None:
    labelled = _labelled(folder, population)
    for searched, left_kind, right_kind in SEARCHES:
        if searched == population:
            for left in (item for item in labelled if item.kind is left_kind):
                for right in (item for item in labelled if item.kind is right_kind):
                    _compare(left, right, patterns)


def _as_nodes(folder: Path) -> None:
    """Move each custodian's files to where a node keeps its extract."""
    for member in custodians(folder):
        extract = folder / str(member.extract)
        moved = extract.rename(folder / "moving")
        extract.mkdir()
        moved.rename(extract / EXTRACT_DIRECTORY)


def _labelled(folder: Path, population: Population) -> list[Labelled]:
    person_of, linking = _person_of(folder, population), Linking(population)
    labelled = []
    for member in custodians(folder):
        rows = _mapped_rows(folder / str(member.extract), member.kind, population)
        labelled.append(
            Labelled(member.kind, linking.encode(member.organisation, rows), [person_of[str(member.extract), key] for key in rows.people()])
        )
    return labelled


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


def _compare(left: Labelled, right: Labelled, patterns: Patterns) -> None:
    pairs = Linking.search(left.side, right.side, cut=SEARCH.cut_per_mille / 1_000, top_k=SEARCH.top_k)
    is_match = np.array(
        [left.labels[one] == right.labels[other] for one, other in zip(pairs.left, pairs.right, strict=True)], dtype=np.bool_
    )
    counts = Counter(right.labels)
    patterns.add(pairs.scores, is_match, sum(counts[label] for label in left.labels), len(left.labels) * len(right.labels))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def main() -> None:
    """Write the table into the linkage schemas."""
    path = Path(str(resources.files(linkage_schemas) / "weights.json"))
    path.write_text(json.dumps(calibrate(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
