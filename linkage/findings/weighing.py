"""Opened pairs to the family graph: people, and the weight of each pair of them. Pure."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from linkage.findings.graph import NAMES_AND_BIRTH, FamilyGraph, Search
from linkage.findings.links import Person
from linkage.findings.people import People
from linkage.search.engine import Filters
from linkage.search.pools import RoundPools
from linkage.second_look.levels import Levels
from linkage.second_look.opened import levels_of, sides
from linkage.second_look.scoring import load_model
from schemas.agreement import Release
from schemas.byte_columns import as_ids
from schemas.encoding_set import POPULATIONS, Population
from schemas.linkage import evidence_model
from schemas.slots import SEARCHES


def make_graph(opened: pa.Table, pools: RoundPools, policy: Release) -> FamilyGraph:
    """Return the family graph of a round under its agreement and the shipped model.

    Args:
        opened: opened pairs of all searches.
        pools: the filters that were searched.
        policy: the agreement's thresholds.
    """
    people, met, levels = People(), dict[Search, list[tuple[Person, Person, int]]](), levels_of(opened)
    for row, (left, right) in enumerate(sides(opened)):
        population = left.join.population
        search = (population, pools.kinds[left.organisation], pools.kinds[right.organisation])
        met.setdefault(search, []).append((people.add(left), people.add(right), row))
    best = {search: _weighed(search, met[search], levels, pools) for search in SEARCHES if search in met}
    pairs = {search: [(*both, weight) for both, (weight, _) in found.items()] for search, found in best.items()}
    agree = {search: {both: tuple(levels[row].tolist()) for both, (_, row) in found.items()} for search, found in best.items()}
    filters = {population: _filters(people, pools, population) for population in POPULATIONS}
    return FamilyGraph(people, pairs, pools.kinds, policy, filters, agree)


def _weighed(
    search: Search, met: list[tuple[Person, Person, int]], levels: Levels, pools: RoundPools
) -> dict[tuple[Person, Person], tuple[float, int]]:
    """Return each pair of persons once, in order, with the best weight of its opened pairs, and the row of that one."""
    population, _, responder = search
    model, size = load_model(evidence_model(), population), sum(map(len, pools.of_kind(population, responder)))
    weights = model.weights(levels[np.array([row for _, _, row in met], dtype=np.int64)], size)
    best: dict[tuple[Person, Person], tuple[float, int]] = {}
    for (left, right, row), weight in zip(met, weights.tolist(), strict=True):
        best[left, right] = max((weight, -row), best.get((left, right), (weight, -row)))
    return {both: (weight, -row) for both, (weight, row) in sorted(best.items())}


def _filters(people: People, pools: RoundPools, population: Population) -> Mapping[str, Mapping[bytes, Filters]]:
    """Return the known filters of the projection that two authorities' records are compared in."""
    wanted = {pseudonym for known in people.filters[population].values() for pseudonym in known}
    wanted |= {name for names in people.ids[population].values() for name in names}
    return {
        name: {
            own.tobytes(): pool.filters[NAMES_AND_BIRTH][row]
            for row, own in enumerate(as_ids(pool.pseudonyms[NAMES_AND_BIRTH]))
            if own.tobytes() in wanted
        }
        for name, pool in pools.pools[population].items()
    }
