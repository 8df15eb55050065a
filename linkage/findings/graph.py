"""The whole graph of one round: pools, scored pairs, ties and standings in; findings and decisions out. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

from linkage.findings.links import Link, Pair, Person, SamePerson, with_margins
from linkage.findings.paths import Finding, Ties, carer_paths, declared_paths, findings, police_paths
from linkage.search.pools import PersonPairs, Pool, compare_persons
from linkage.search.weights import WeightTable, prior_bits
from schemas.agreement import Release
from schemas.encoding_set import Population
from schemas.joins import Standing
from schemas.roster import Kind
from schemas.slots import SEARCHES

CENTIBITS = 100


@dataclass(frozen=True)
class RoundPools:
    """What the accepted submissions of a round hold, by organisation."""

    kinds: Mapping[str, Kind]
    pools: Mapping[Population, Mapping[str, Pool]]
    ties: Ties
    standings: Mapping[Person, Standing]

    def of_kind(self, population: Population, kind: Kind) -> list[Pool]:
        """Return the pools of one kind of custodian, by organisation's name."""
        return [pool for name, pool in sorted(self.pools[population].items()) if self.kinds[name] is kind]


@dataclass(frozen=True)
class Scored:
    """The candidate pairs of one pool with another."""

    population: Population
    left: str
    right: str
    pairs: PersonPairs


@dataclass
class FamilyGraph:
    """Turns scored pairs into links, and links into findings, under one release policy and table of weights."""

    pools: RoundPools
    weights: Mapping[Population, WeightTable]
    policy: Release
    scored: list[Scored] = field(default_factory=list)

    def findings(self) -> list[Finding]:
        """Return every prisoner and authority's child that some path joins at or above the link threshold."""
        links = {search: self._links(*search) for search in SEARCHES}
        paths = chain(
            carer_paths(links[SEARCHES[0]], self.pools.ties),
            police_paths(links[SEARCHES[1]], self.pools.ties, links[SEARCHES[3]]),
            declared_paths(self._ties_of(Kind.PRISON_SERVICE), links[SEARCHES[2]]),
        )
        return findings(paths, delta=self.policy.delta_centibits / CENTIBITS)

    def same(self, population: Population) -> SamePerson:
        """Return the question whether two records of different organisations are one person."""
        pools, table = self.pools.pools[population], self.weights[population]

        @cache
        def same_person(one: Person, other: Person) -> bool:
            scores = compare_persons(pools[one.organisation], one.number, pools[other.organisation], other.number)
            size = sum(len(pool.persons) for pool in pools.values())
            return bool(table.of(scores[None, :])[0] + prior_bits(size) >= self.policy.link_centibits / CENTIBITS)

        return same_person

    def _links(self, population: Population, left: Kind, right: Kind) -> list[Link]:
        floor = (self.policy.link_centibits - self.policy.review_band_centibits) / CENTIBITS
        return with_margins(self._pairs(population, left, right), self.same(population), floor=floor)

    def _pairs(self, population: Population, left: Kind, right: Kind) -> Iterable[Pair]:
        prior = prior_bits(sum(len(pool.persons) for pool in self.pools.of_kind(population, right)))
        for item in self.scored:
            if item.population == population and (self.pools.kinds[item.left], self.pools.kinds[item.right]) == (left, right):
                weights = self.weights[population].of(item.pairs.scores) + prior
                rows = zip(item.pairs.left.tolist(), item.pairs.right.tolist(), weights.tolist(), strict=True)
                yield from ((Person(item.left, one), Person(item.right, other), weight) for one, other, weight in rows)

    def _ties_of(self, kind: Kind) -> Ties:
        return {adult: children for adult, children in self.pools.ties.items() if self.pools.kinds[adult.organisation] is kind}
