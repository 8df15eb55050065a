"""The whole graph of one round: people, weighed pairs and ties in; findings out. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain

import numpy as np

from linkage.findings.links import Link, Pair, Person, with_margins
from linkage.findings.paths import Finding, Ties, carer_paths, declared_paths, findings, guarded, police_paths
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
        levels: how far fields agree, of each pair, by search.
    """

    people: People
    pairs: Mapping[Search, Iterable[Pair]]
    kinds: Mapping[str, Kind]
    policy: Release
    filters: Mapping[Population, FilterOf]
    levels: Mapping[Search, Mapping[tuple[Person, Person], tuple[int, ...]]] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        """Return every prisoner and authority's child that some path joins at or above the link threshold."""
        links, alike = {search: self._links(search) for search in SEARCHES}, self._relatives()
        paths = chain(
            carer_paths(links[SEARCHES[0]], self.people.ties),
            guarded(police_paths(links[SEARCHES[1]], self.people.ties, links[SEARCHES[3]]), alike),
            guarded(declared_paths(self._ties_of(Kind.PRISON_SERVICE), links[SEARCHES[2]]), alike),
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
        likeness, levels = self.likeness(search[0]), self.levels.get(search, {})
        links = with_margins(self.pairs.get(search, []), lambda one, other: likeness(one, other) >= SAME_DICE, floor=floor)
        return [replace(link, levels=levels.get((link.left, link.right), ())) for link in links]

    def _relatives(self) -> Callable[[Link], bool]:
        """Return the question whether a child of the family of a link's right child is alike to it and was not looked at beside the left."""
        looked = {(left, right) for search in SEARCHES if search[0] == "children" for left, right, _ in self.pairs.get(search, ())}
        relatives: dict[Person, set[Person]] = defaultdict(set)
        for children in self._ties_of(Kind.LOCAL_AUTHORITY).values():
            for child in children:
                relatives[child].update(children)
        likeness = self.likeness("children")

        def alike(link: Link) -> bool:
            others = relatives[link.right] - {link.right}
            return any((link.left, other) not in looked and likeness(link.right, other) >= SAME_DICE for other in others)

        return alike

    def _ties_of(self, kind: Kind) -> Ties:
        return {adult: children for adult, children in self.people.ties.items() if self.kinds[adult.organisation] is kind}


def dice(rows: Filters, others: Filters) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the Dice coefficient of every two filters, shape (rows, others)."""
    bits, other_bits = np.unpackbits(rows, axis=1).astype(np.int64), np.unpackbits(others, axis=1).astype(np.int64)
    total: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = (
        2 * (bits @ other_bits.T) / (bits.sum(axis=1)[:, None] + other_bits.sum(axis=1)[None, :])
    )
    return total
