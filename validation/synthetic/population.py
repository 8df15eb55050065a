"""Write a synthetic population: custodians' extracts and, apart from them, the truth.

Made in blocks of `BLOCK_PEOPLE`, each from its own draws, so memory does not grow with the population, and a smaller population
is the beginning of a larger one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from schemas.errors import ConfigurationError
from validation.synthetic import custodians, custody, rates
from validation.synthetic.custodians import Ties
from validation.synthetic.draws import Draws
from validation.synthetic.families import Family, FamilyMaker, Person
from validation.synthetic.output import TRUTH, Block, RowWriter, open_files
from validation.synthetic.places import AUTHORITIES

BLOCK_PEOPLE: Final = 2000
DIRECTORY_BLOCK: Final = 2**32 - 1  # draws of its own, so that the first block's stay as they are


@dataclass(frozen=True, slots=True)
class Summary:
    """What a population holds; `children_true` have a parent received and are known to one of the authorities."""

    people: int
    children: int
    children_true: int
    children_true_without_tie: int
    prevalence: float
    per_authority: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is true of one child: the authorities that know it, its parents received, and whether anyone recorded a tie to them."""

    child: Person
    authorities: tuple[str, ...]
    parents: tuple[int, ...]
    has_tie: bool

    @property
    def is_true(self) -> bool:
        return bool(self.parents and self.authorities)


class _Tally:
    """Counts as blocks go by."""

    def __init__(self) -> None:
        self.people = self.children = self.received = self.true = self.without_tie = 0
        self.known = dict.fromkeys(AUTHORITIES, 0)
        self.acting = dict.fromkeys(AUTHORITIES, 0)

    def add(self, outcome: _Outcome) -> None:
        self.children += 1
        self.received += bool(outcome.parents)
        for gss in outcome.authorities:
            self.known[gss] += 1
        if outcome.is_true:
            self.true += 1
            self.without_tie += not outcome.has_tie
            self.acting[outcome.authorities[0]] += 1

    def summary(self) -> Summary:
        per_authority = {gss: {"children": self.known[gss], "children_true": self.acting[gss]} for gss in AUTHORITIES}
        prevalence = self.received / self.children if self.children else 0.0
        return Summary(self.people, self.children, self.true, self.without_tie, prevalence, per_authority)


def write_population(
    out: Path,
    *,
    people: int,
    seed: int,
    prevalence: float | None = None,
    carelessness: float = 1.0,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write the extracts of `people` people and the truth below `out`.

    Args:
        out: a folder; files of an earlier population in it are replaced.
        people: how many, adults and children.
        seed: the same seed gives the same bytes.
        prevalence: the share of children with a parent received in the window; about 0.016 unless given.
        carelessness: how many times as often as usual those who record make a slip.
        progress: called with the number of people written so far.

    Raises:
        ConfigurationError: `people`, `seed` or `prevalence` is out of range.
    """
    _check(people, seed, prevalence)
    tally = _Tally()
    with open_files(out) as writers:
        _write_directories(writers, seed)
        for number, first in enumerate(range(0, people, BLOCK_PEOPLE)):
            size = min(BLOCK_PEOPLE, people - first)
            draws = Draws(seed, number, carelessness)
            _write(_make_block(draws, number, size, rates.PREVALENCE if prevalence is None else prevalence, tally), writers)
            if progress:
                progress(first + size)
    return tally.summary()


def _make_block(draws: Draws, number: int, size: int, prevalence: float, tally: _Tally) -> Block:
    """Return the rows of one block, counting them in `tally`."""
    block, made = Block(draws), 0
    maker = FamilyMaker(block.draws, number * BLOCK_PEOPLE + 1)
    while made < size:
        before = maker.next_id
        family = maker.family()
        if family.size > size - made:  # the last few people of a block live alone
            maker.next_id = before
            family = maker.of_form("single")
        made += family.size
        for outcome in _record(block, family, prevalence):
            tally.add(outcome)
    tally.people += made
    block.shuffle()
    return block


def _check(people: int, seed: int, prevalence: float | None) -> None:
    if people < 1 or seed < 0:
        raise ConfigurationError("synthetic population: people must be at least 1 and the seed at least 0")
    if prevalence is not None and not 0 <= prevalence <= 1:
        raise ConfigurationError("synthetic population: the prevalence is a share of children; give a number from 0 to 1")


def _write_directories(writers: Mapping[tuple[str, str], RowWriter], seed: int) -> None:
    block = Block(Draws(seed, DIRECTORY_BLOCK))
    custodians.record_directories(block)
    _write(block, writers)


def _write(block: Block, writers: Mapping[tuple[str, str], RowWriter]) -> None:
    for key, rows in block.rows.items():
        writers[key].writerows(rows)


def _record(block: Block, family: Family, prevalence: float) -> list[_Outcome]:
    received = custody.received_of(family, block.draws, prevalence)
    ties = custodians.record_prison(block, family, received)
    ties |= custodians.record_police(block, family, received, prevalence)
    authority_ties, standings = custodians.record_authorities(block, family)
    inside = {person.person.person_id for person in received}
    outcomes = [_outcome(child, family, inside, ties | authority_ties, tuple(standings[child.person_id])) for child in family.children]
    _record_truth(block, family, outcomes)
    return outcomes


def _outcome(child: Person, family: Family, inside: set[int], ties: Ties, authorities: tuple[str, ...]) -> _Outcome:
    adults = (bond.adult.person_id for bond in family.bonds if bond.child is child and custody.counts_as_parent(bond))
    parents = tuple(adult for adult in adults if adult in inside)
    return _Outcome(child, authorities, parents, any((parent, child.person_id) in ties for parent in parents))


def _record_truth(block: Block, family: Family, outcomes: list[_Outcome]) -> None:
    for person in (*family.adults, *family.children):
        kin = (str(parent.person_id) if parent else "" for parent in (person.mother, person.father))
        block.add(TRUTH, "people", (str(person.person_id), person.sex, date.fromordinal(person.born).isoformat(), *kin))
    for bond in family.bonds:
        relation = "parent" if bond.relation == "birth_parent" else bond.relation
        block.add(TRUTH, "parents", (str(bond.child.person_id), str(bond.adult.person_id), relation, _truth(said=bond.current)))
    for outcome in outcomes:
        if outcome.is_true:
            block.add(TRUTH, "children_true", _true_row(outcome))


def _true_row(outcome: _Outcome) -> tuple[str, ...]:
    moved = _truth(said=outcome.child.former_home is not None)
    known, parents = ";".join(outcome.authorities), ";".join(map(str, outcome.parents))
    return str(outcome.child.person_id), outcome.authorities[0], known, _truth(said=outcome.has_tie), parents, moved


def _truth(*, said: bool) -> str:
    return "true" if said else "false"
