"""Count how far fields agree in each class of pairs of invented populations, and write the evidence model that ships.

Run by `make weights`. The seeds are kept for calibration: no demo or test uses them. Pairs are those that a round compares. No
key is needed: a level says which components are equal, and components are here in clear.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import schemas.linkage as linkage_schemas
from flows.labelled import Labelled, invented, labelled, relatives
from linkage.second_look.levels import FIELDS, QUESTIONS, SAME, Place, Tags, field_levels
from linkage.second_look.scoring import CENTIBITS, UNRELATED, WIDTH
from parties.second_look.components import component_texts
from schemas.encoding_set import POPULATIONS, Population
from schemas.linkage import EVIDENCE
from schemas.second_look import LABELS, N_TAGS, POSITIONS
from schemas.slots import SEARCHES

SEEDS = (9201, 9202, 9203)
PEOPLE = 60_000
RANDOM_PAIRS = 200_000  # of each two pools
CARELESS, CARELESS_SHARE = 4.0, 0.25  # the world errs more than invented sites: a quarter of matches is counted at four times their slips
THINNING = 8  # the invented population lives in four towns, a country in thousands: strangers share a place so many times less often
IMAGINED = 20.0  # pairs, spread as in the classes together: no level is impossible in a class of few pairs
NAMESAKE, NEIGHBOUR = "namesake", "neighbour"
BY_POOL = (UNRELATED, NAMESAKE)  # the larger the pool, the more of them; all others are a constant for each record
IMAGINED_KIN = 10_000.0  # the same of relatives and neighbours: few are counted, and those many times
IN_COMMON = ("surname", "birth", "place", "address", "sex")  # what relatives and neighbours may share; own names never are
A_MILLION = 1_000_000

Counts = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Pairs = tuple[Rows, Rows]


@dataclass
class Counted:
    """Pairs of one class: how many, and how often each field had each level, shape (fields, levels)."""

    pairs: int = 0
    levels: Counts = field(default_factory=lambda: np.zeros((len(FIELDS), WIDTH)))

    def add(self, levels: npt.NDArray[np.uint8]) -> None:
        """Count pairs by their levels, shape (pairs, fields)."""
        self.pairs += len(levels)
        for number in range(len(FIELDS)):
            self.levels[number] += np.bincount(levels[:, number], minlength=WIDTH)


@dataclass
class Census:
    """What was counted of one population: pairs by class, matches by who recorded them, and how many could be compared."""

    matches: dict[str, Counted] = field(default_factory=lambda: defaultdict(Counted))
    others: dict[str, Counted] = field(default_factory=lambda: defaultdict(Counted))
    records: int = 0
    pairs: int = 0


@dataclass(frozen=True)
class Recorded:
    """One custodian's records as they are compared: components, what stands for their tags, and who each is."""

    texts: list[tuple[str, ...]]
    tags: Tags
    labels: list[str]


def calibrate(seeds: Sequence[int] = SEEDS, people: int = PEOPLE) -> dict[str, Any]:
    """Return the evidence model of both populations, counted on `seeds`."""
    censuses = {population: Census() for population in POPULATIONS}
    for seed in seeds:
        for carelessness in (1.0, CARELESS):
            with invented(seed, people, carelessness=carelessness) as folder:
                for population in POPULATIONS:
                    _count(folder, population, censuses[population], carelessness, np.random.default_rng(seed))
        print(
            f"seed {seed}: {sum(item.pairs for census in censuses.values() for item in census.matches.values()):,} matches", file=sys.stderr
        )
    source = {"seeds": list(seeds), "people": people, "unit": "hundredths of a bit", "careless_share": CARELESS_SHARE}
    fields = {name: [level.name for level in levels if level] for name, levels in FIELDS.items()}
    everywhere = _together(censuses.values())
    return {"source": source, "fields": fields, **{population: model(census, everywhere) for population, census in censuses.items()}}


def _together(censuses: Iterable[Census]) -> Census:
    """Return the matches and strangers of several populations."""
    everywhere = Census()
    for number, census in enumerate(censuses):
        everywhere.matches |= {f"{number} {name}": item for name, item in census.matches.items()}
        everywhere.others[UNRELATED].levels += census.others[UNRELATED].levels
    return everywhere


def model(census: Census, everywhere: Census) -> dict[str, Any]:
    """Return one population's classes, with log2 probabilities in hundredths of a bit.

    Args:
        census: of the population.
        everywhere: of all populations together: what is expected where this one says little.
    """
    usual, strangers = _summed(everywhere.matches), thinned(everywhere.others[UNRELATED].levels)
    tables = {name: probabilities(item.levels, usual) for name, item in sorted(census.matches.items())}
    shares = {name: _share(name, census.matches) for name in tables}
    typical = sum((A_MILLION * shares[name] * table for name, table in tables.items()), np.zeros_like(usual))
    others = {name: _class_of_others(name, census, typical, strangers) for name in sorted(census.others)}
    others[UNRELATED]["per_pair"] = 1.0  # they were drawn, not all counted
    return {"matches": {name: {"share": shares[name], "levels": _centibits(table)} for name, table in tables.items()}, "others": others}


def _class_of_others(name: str, census: Census, matches: Counts, strangers: Counts) -> dict[str, Any]:
    item = census.others[name]
    if name in BY_POOL:
        levels = probabilities(thinned(item.levels), strangers)
        return {"per_pair": item.pairs / census.pairs, "per_record": 0.0, "levels": _centibits(levels)}
    levels = probabilities(item.levels, shared(item.levels, matches, strangers), imagined=IMAGINED_KIN)
    return {"per_pair": 0.0, "per_record": item.pairs / census.records, "levels": _centibits(levels)}


def _summed(classes: Mapping[str, Counted]) -> Counts:
    return sum((item.levels for item in classes.values()), np.zeros((len(FIELDS), WIDTH)))


def probabilities(counts: Counts, background: Counts, *, imagined: float = IMAGINED) -> Counts:
    """Return the probability of each level among those that answer the same question, smoothed by `imagined` pairs of `background`."""
    shares = np.zeros_like(counts)
    for number, name in enumerate(FIELDS):
        for question in QUESTIONS[name]:
            levels = list(question)
            expected = _within(background[number], question)[levels]
            shares[number, levels] = (counts[number, levels] + imagined * expected) / (counts[number, levels].sum() + imagined)
    return shares


def thinned(counts: Counts) -> Counts:
    """Return the counts of strangers with agreement in place `THINNING` times less often, as in a country."""
    place, result = list(FIELDS).index("place"), counts.astype(np.float64)
    for differs, agree in (
        (Place.ONLY_TOWN_DIFFERS, range(Place.ONLY_TOWN, Place.DIFFERENT)),
        (Place.DIFFERENT, range(Place.TOWN, len(Place))),
    ):
        result[place, list(agree)] /= THINNING
        result[place, differs] += counts[place, list(agree)].sum() - result[place, list(agree)].sum()
    return result


def _share(name: str, matches: Mapping[str, Counted]) -> float:
    """Return the share of a class of matches: of the careless ones together, `CARELESS_SHARE`."""
    kind = name.split(maxsplit=1)[0]
    of_kind = sum(item.pairs for other, item in matches.items() if other.split()[0] == kind)
    return matches[name].pairs / of_kind * (CARELESS_SHARE if kind == "careless" else 1 - CARELESS_SHARE)


def shared(counts: Counts, matches: Counts, strangers: Counts) -> Counts:
    """Return what is expected of pairs that have some fields in common and are strangers in the others, of a million pairs.

    Two twins have one date of birth, so the slips in theirs are those of one person's two records: a class that is too small to
    show them borrows them. How often a field is in common is read from how often it is equal; own names never are.

    Args:
        counts: of the class, shape (fields, levels).
        matches: of pairs that are one person.
        strangers: of pairs that have nothing to do with each other.
    """
    expected = np.zeros_like(matches)
    for number, name in enumerate(FIELDS):
        for at, question in enumerate(QUESTIONS[name]):
            same, other, mine = (_within(table[number], question) for table in (matches, strangers, counts))
            common = _in_common(mine, same, other, SAME[name][at]) if name in IN_COMMON else 0.0
            expected[number] += A_MILLION * (common * same + (1 - common) * other)
    return expected


def _in_common(mine: Counts, same: Counts, other: Counts, equal: range) -> float:
    """Return how much of `same` is in `mine`, a mixture of `same` and `other`, going by the levels `equal`."""
    here, most, least = (shares[equal.start : equal.stop].sum() for shares in (mine, same, other))
    return float(np.clip((here - least) / (most - least), 0, 1)) if most > least else 0.0  # who never agree say nothing


def _within(counts: Counts, question: range) -> Counts:
    """Return one field's counts as shares of the levels that answer `question`; zero elsewhere."""
    shares = np.zeros_like(counts, dtype=np.float64)
    levels = list(question)
    shares[levels] = (counts[levels] + 0.5) / (counts[levels] + 0.5).sum()
    return shares


def _centibits(shares: Counts) -> dict[str, list[int]]:
    return {
        name: [round(CENTIBITS * float(np.log2(share))) if share else 0 for share in shares[number, 1 : len(levels)]]
        for number, (name, levels) in enumerate(FIELDS.items())
    }


def _count(folder: Path, population: Population, census: Census, carelessness: float, rng: np.random.Generator) -> None:
    kin, found = relatives(folder), labelled(folder, population)
    recorded = {item.organisation: _recorded(item, rng) for item in found}
    for searched, left_kind, right_kind in SEARCHES:
        if searched == population:
            lefts, rights = ([recorded[item.organisation] for item in found if item.kind is kind] for kind in (left_kind, right_kind))
            for left in lefts:
                for right in rights:
                    name = f"{'usual' if carelessness == 1 else 'careless'} {left_kind.value} {right_kind.value}"
                    census.matches[name].add(_levels(left, right, _meeting(left.labels, right.labels)))
                    if carelessness == 1:
                        _count_others(left, right, kin, census, rng)
            census.records += sum(len(left.labels) for left in lefts) if carelessness == 1 else 0


def _count_others(left: Recorded, right: Recorded, kin: Mapping[str, Mapping[str, str]], census: Census, rng: np.random.Generator) -> None:
    census.pairs += len(left.labels) * len(right.labels)
    strangers = {
        UNRELATED: (rng.integers(0, len(left.labels), RANDOM_PAIRS), rng.integers(0, len(right.labels), RANDOM_PAIRS)),
        NAMESAKE: _meeting(_full_names(left), _full_names(right)),
        NEIGHBOUR: _meeting(_component(left, "postcode"), _component(right, "postcode")),
    }
    for name, (ones, others) in strangers.items():
        kept = np.array(
            [_are_strangers(left.labels[one], right.labels[other], kin) for one, other in zip(ones, others, strict=True)], dtype=np.bool_
        )
        census.others[name].add(_levels(left, right, (ones[kept], others[kept])))
    for name, pairs in _related(left.labels, right.labels, kin).items():
        census.others[name].add(_levels(left, right, pairs))


def _are_strangers(one: str, other: str, kin: Mapping[str, Mapping[str, str]]) -> bool:
    return one != other and other not in kin.get(one, ())


def _related(left: Sequence[str], right: Sequence[str], kin: Mapping[str, Mapping[str, str]]) -> dict[str, Pairs]:
    """Return pairs of rows whose people are related, by how."""
    rows, found = defaultdict[str, list[int]](list), defaultdict[str, tuple[list[int], list[int]]](lambda: ([], []))
    for row, person in enumerate(right):
        rows[person].append(row)
    for row, person in enumerate(left):
        for relative, how in kin.get(person, {}).items():
            for other in rows.get(relative, ()):
                found[how][0].append(row)
                found[how][1].append(other)
    return {how: (np.array(ones, dtype=np.int64), np.array(others, dtype=np.int64)) for how, (ones, others) in found.items()}


def _meeting(left: Sequence[str], right: Sequence[str]) -> Pairs:
    """Return every pair of rows with one text on both sides; "" meets nothing."""
    rows = defaultdict[str, list[int]](list)
    for row, text in enumerate(right):
        rows[text].append(row)
    found = [(row, other) for row, text in enumerate(left) if text for other in rows.get(text, ())]
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _component(side: Recorded, block: str) -> list[str]:
    return ["".join(texts[POSITIONS[block]]) for texts in side.texts]


def _full_names(side: Recorded) -> list[str]:
    names = zip(_component(side, "forename"), _component(side, "surname"), strict=True)
    return [f"{first} {last}" if first and last else "" for first, last in names]


def _recorded(item: Labelled, rng: np.random.Generator) -> Recorded:
    texts = component_texts(item.rows)
    return Recorded(texts, plain_tags(texts, rng), item.labels)


def plain_tags(texts: Sequence[Sequence[str]], rng: np.random.Generator) -> Tags:
    """Return numbers that are equal where components are, and random where they are blank: tags as far as equality goes."""
    tags = rng.integers(0, 1 << 63, size=(len(texts), N_TAGS), dtype=np.uint64)
    for record, components in enumerate(texts):
        for place, text in enumerate(components):
            if text:
                tags[record, place] = _number(LABELS[place], text)
    return tags


def _number(label: str, text: str) -> int:
    return int.from_bytes(blake2b(f"{label}\0{text}".encode(), digest_size=8).digest())


def _levels(left: Recorded, right: Recorded, pairs: Pairs) -> npt.NDArray[np.uint8]:
    return field_levels(left.tags[pairs[0]], right.tags[pairs[1]])


def main() -> None:
    """Write the model into the linkage schemas."""
    path = Path(str(resources.files(linkage_schemas) / EVIDENCE))
    path.write_text(json.dumps(calibrate(), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
