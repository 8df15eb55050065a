"""The whole graph of one round: people, weighed pairs and ties in; findings out. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np

from linkage.findings.links import Link, Pair, Person, with_margins
from linkage.findings.paths import Finding, Ties, carer_paths, declared_paths, findings, police_paths
from linkage.findings.people import People
from linkage.search.engine import Filters
from schemas.agreement import Projection, Release
from schemas.encoding_set import Population
from schemas.roster import Kind
from schemas.slots import SEARCHES

CENTIBITS = 100
NAMES_AND_BIRTH: Projection = "A"  # the projection that twins, partners and moves do not confuse
SAME_DICE = 0.7  # from which two authorities' filters of names and date of birth are taken for one child's; measured in ADR 0023

Search = tuple[Population, Kind, Kind]
Likeness = Callable[[Person, Person], float]
FilterOf = Mapping[str, Mapping[bytes, Filters]]  # organisation → pseudonym → filter


@dataclass
class FamilyGraph:
    """Turns weighed pairs into links, and links into findings, under one release policy.

    Attributes:
        people: who is known.
        pairs: of every search, each pair of persons once.
        kinds: of every organisation.
        policy: the agreement's thresholds.
        filters: of the projection `NAMES_AND_BIRTH`, by population.
    """

    people: People
    pairs: Mapping[Search, Iterable[Pair]]
    kinds: Mapping[str, Kind]
    policy: Release
    filters: Mapping[Population, FilterOf]

    def findings(self) -> list[Finding]:
        """Return every prisoner and authority's child that some path joins at or above the link threshold."""
        links = {search: self._links(search) for search in SEARCHES}
        paths = chain(
            carer_paths(links[SEARCHES[0]], self.people.ties),
            police_paths(links[SEARCHES[1]], self.people.ties, links[SEARCHES[3]]),
            declared_paths(self._ties_of(Kind.PRISON_SERVICE), links[SEARCHES[2]]),
        )
        return findings(paths, delta=self.policy.delta_centibits / CENTIBITS)

    def likeness(self, population: Population) -> Likeness:
        """Return the question how alike two records of different organisations are, as far as known filters say: 0 to 1."""

        @cache
        def alike(one: Person, other: Person) -> float:
            rows, others = (self._filters(population, person) for person in (one, other))
            return float(dice(rows, others).max()) if len(rows) and len(others) else 0.0

        return alike

    def _filters(self, population: Population, person: Person) -> Filters:
        of = self.filters[population].get(person.organisation, {})
        rows = [of[pseudonym] for pseudonym in self.people.pseudonyms(population, person) if pseudonym in of]
        return np.array(rows, dtype=np.uint8)

    def _links(self, search: Search) -> list[Link]:
        floor = (self.policy.link_centibits - self.policy.review_band_centibits) / CENTIBITS
        likeness = self.likeness(search[0])
        return with_margins(self.pairs.get(search, []), lambda one, other: likeness(one, other) >= SAME_DICE, floor=floor)

    def _ties_of(self, kind: Kind) -> Ties:
        return {adult: children for adult, children in self.people.ties.items() if self.kinds[adult.organisation] is kind}


def dice(rows: Filters, others: Filters) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the Dice coefficient of every two filters, shape (rows, others)."""
    bits, other_bits = np.unpackbits(rows, axis=1).astype(np.int64), np.unpackbits(others, axis=1).astype(np.int64)
    total: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = (
        2 * (bits @ other_bits.T) / (bits.sum(axis=1)[:, None] + other_bits.sum(axis=1)[None, :])
    )
    return total
