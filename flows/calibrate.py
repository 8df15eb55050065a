"""Count agreement patterns on invented populations and write the table of match weights that ships.

Run by `make weights`. The seeds are kept for calibration: no demo or test uses them. Pairs are those that a round compares:
people in prison with carers and with police records, declared and police children with an authority's.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
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
from flows.labelled import invented, labelled
from flows.linking import Linking, Side
from linkage.search.weights import ABSENT, BELOW, LEVELS, pattern_levels
from schemas.agreement import PROJECTIONS, Search
from schemas.encoding_set import POPULATIONS, Population
from schemas.roster import Kind
from schemas.slots import SEARCHES

SEEDS = (9101, 9102, 9103, 9104)
PEOPLE = 60_000
SPREAD = (0.05, 0.9, 0.05)  # each pair counts a little for the next level up and down: levels are cuts through a scale
IMAGINED = 1.0  # matches, and half as many others, spread by the levels' own frequencies: no pattern is impossible
SEARCH = Search()
SHAPE = (LEVELS - 1,) * len(PROJECTIONS)
Table = npt.NDArray[np.float64]


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
class Encoded:
    """One custodian's side of a population, and the person that each record is."""

    kind: Kind
    side: Side
    labels: list[str]


def calibrate(seeds: Sequence[int] = SEEDS, people: int = PEOPLE) -> dict[str, Any]:
    """Return the table of weights for both populations, counted on `seeds`."""
    patterns = {population: Patterns() for population in POPULATIONS}
    for seed in seeds:
        with invented(seed, people) as folder:
            for population in POPULATIONS:
                _count(folder, population, patterns[population])
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
    linking = Linking(population)
    encoded = [Encoded(item.kind, linking.encode(item.organisation, item.rows), item.labels) for item in labelled(folder, population)]
    for searched, left_kind, right_kind in SEARCHES:
        if searched == population:
            for left in (item for item in encoded if item.kind is left_kind):
                for right in (item for item in encoded if item.kind is right_kind):
                    _compare(left, right, patterns)


def _compare(left: Encoded, right: Encoded, patterns: Patterns) -> None:
    pairs = Linking.search(left.side, right.side, cut=SEARCH.cut_per_mille / 1_000, top_k=SEARCH.top_k)
    is_match = np.array(
        [left.labels[one] == right.labels[other] for one, other in zip(pairs.left, pairs.right, strict=True)], dtype=np.bool_
    )
    counts = Counter(right.labels)
    patterns.add(pairs.scores, is_match, sum(counts[label] for label in left.labels), len(left.labels) * len(right.labels))


def main() -> None:
    """Write the table into the linkage schemas."""
    path = Path(str(resources.files(linkage_schemas) / "weights.json"))
    path.write_text(json.dumps(calibrate(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
