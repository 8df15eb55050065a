"""All searches of a round: to the plan of whom to ask, from the answers to opened pairs, and from those to what is carried over.

Reads the vault, writes nothing.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa

from linkage.findings.carrying import carried_over
from linkage.findings.graph import dice
from linkage.findings.weighing import make_graph
from linkage.inbox.pools import Submissions
from linkage.inbox.vault import Vault
from linkage.inbox.waves import read_answers
from linkage.search.cut import computed_cut
from linkage.search.engine import MAX_PAIRS, Engine, FilterPairs
from linkage.search.pools import Pool
from linkage.second_look.opened import OPENED, opened_table
from linkage.second_look.opening import open_pairs
from linkage.second_look.planning import (
    CARRIED_WAVE,
    PLAN,
    CarriedPair,
    Place,
    assign_carried,
    assign_waves,
    plan_table,
    planned,
    stacked,
    with_carried,
)
from linkage.second_look.requests import slot_nonces
from linkage.store.models import Asked
from schemas.agreement import PROJECTIONS, Projection, Release
from schemas.agreement import Search as Terms
from schemas.byte_columns import Bytes2D, as_ids
from schemas.encoding_set import PSEUDONYM_BYTES, Population
from schemas.errors import SubmissionError
from schemas.roster import Kind
from schemas.slots import ANSWERS, REQUESTS, SEARCHES, SLOTS, VOLUMES, WAVES, byte_columns, requests_name
from schemas.waves import TableSummary
from validation.progress import Progress

Answered = tuple[Asked, Sequence[TableSummary]]
Columns = dict[str, Bytes2D]
Search = tuple[Population, Kind, Kind]
CENTIBITS = 100
JOBS = tuple((search, projection) for search in SEARCHES for projection in PROJECTIONS)


class Looking:
    """The searches of one round, over the filters of every accepted submission."""

    def __init__(self, submissions: Submissions) -> None:
        """Read every filter.

        Raises:
            SubmissionError, ServiceError: a part is not as it was accepted.
        """
        self._submissions, self.pools = submissions, submissions.pools()
        self.lowest_cut = 1.0

    def plan_all(self, terms: Terms, engine: Engine, progress: Progress, *, first_wave: int) -> tuple[pa.Table, int]:
        """Search every pair of pools that may be compared; return whom to ask for what from `first_wave` on, and the number of pairs.

        Raises:
            AgreementError: over `max_pairs` pairs of filters of one projection reach the cut.
        """
        tables, found = [PLAN.empty_table()], 0
        for done, (search, projection) in enumerate(JOBS, start=1):
            pairs = self._candidates(terms, engine, search, projection)
            found += len(pairs)
            if len(pairs):
                tables += self._waves(search, projection, pairs, first_wave)
            progress("search", done, len(JOBS))
        return pa.concat_tables(tables), found

    def open_all(self, plan: pa.Table, answers: Sequence[Answered]) -> pa.Table:
        """Return every pair that slots and answers open together, of those that were asked for."""
        return pa.concat_tables([OPENED.empty_table(), *(self._opened(plan, answers, search) for search in SEARCHES)])

    def carry(self, plan: pa.Table, opened: pa.Table, policy: Release) -> pa.Table:
        """Return whom to ask for what in the second wave: children of parents who agree so far, then what the search has left over."""
        graph = make_graph(opened, self.pools, policy)
        tables = [PLAN.empty_table()]
        for search, pairs in carried_over(graph.pairs, graph.people.ties, accepted=policy.link_centibits / CENTIBITS).items():
            named = [tuple(graph.people.id(search[0], person) for person in pair) for pair in pairs]
            tables.append(self._carried(search, named))
        return with_carried(plan, pa.concat_tables(tables))

    def _candidates(self, terms: Terms, engine: Engine, search: Search, projection: Projection) -> FilterPairs:
        """Return the pairs of one search, rows numbered over all uploaders and over all responders."""
        lefts, rights = self._sides(search)
        ours, theirs = ([pool.filters[projection] for pool in pools] for pools in (lefts, rights))
        cut, max_pairs = computed_cut(terms, ours, theirs), min(terms.max_pairs, MAX_PAIRS)
        self.lowest_cut = min(self.lowest_cut, cut)
        return stacked(
            [
                (first, other, engine.candidate_pairs(one, two, cut=cut, top_k=terms.top_k, max_pairs=max_pairs))
                for first, one in zip(_firsts(lefts), ours, strict=False)
                for other, two in zip(_firsts(rights), theirs, strict=False)
            ]
        )

    def _waves(self, search: Search, projection: Projection, pairs: FilterPairs, first_wave: int) -> list[pa.Table]:
        population, uploader, _ = search
        volume, nonces = VOLUMES["referral"][projection], self._nonces(search, projection)
        name, asked = requests_name(population, projection, uploader), [(pool.organisation, len(pool)) for pool in self._sides(search)[1]]
        return [plan_table(wave, name, asked, assigned, nonces) for wave, assigned in assign_waves(pairs, volume, first_wave=first_wave)]

    def _opened(self, plan: pa.Table, answers: Sequence[Answered], search: Search) -> pa.Table:
        """Return the opened pairs of one search; the two filters of a pair that was carried over may be of two projections."""
        population, uploader, responder = search
        lefts, rights = self._sides(search)
        names = {projection: requests_name(population, projection, uploader) for projection in PROJECTIONS}
        requests = _stacked(REQUESTS, [_asked_of(plan, pool, *name) for pool in rights for name in names.items()])
        among = requests["nonce"]
        slots = [
            self._submissions.slots(pool.organisation, population, projection, responder, among=among)
            for pool in lefts
            for projection in PROJECTIONS
        ]
        answered = [_answers_of(self._submissions.vault, plan, pool, name, answers) for pool in rights for name in names.values()]
        opened = open_pairs(_stacked(SLOTS, slots), requests, _stacked(ANSWERS, answered))
        return opened_table(opened, population, (_owners(lefts, opened.left), _owners(rights, opened.right)))

    def _carried(self, search: Search, named: Sequence[tuple[bytes, ...]]) -> pa.Table:
        """Return who is asked for pairs of people of one search, given by their ids, each of which is a pseudonym."""
        population, uploader, _ = search
        lefts, rights = self._sides(search)
        ours, theirs = (_places(pools, {pair[side] for pair in named}) for side, pools in enumerate((lefts, rights)))
        pairs = [
            CarriedPair(ours[one], theirs[other], _likeness(lefts, ours[one], rights, theirs[other]))
            for one, other in named
            if one in ours and other in theirs
        ]
        nonces = {projection: self._nonces(search, projection) for projection in dict.fromkeys(pair.left.projection for pair in pairs)}
        rows = []
        for left, right, _ in assign_carried(pairs):
            pool, row = _pool_of(rights, right.row)
            kept = VOLUMES["referral"][left.projection].first
            rows.append(
                {
                    "wave": CARRIED_WAVE,
                    "organisation": pool.organisation,
                    "name": requests_name(population, right.projection, uploader),
                    "row": row,
                    "nonce": nonces[left.projection][left.row, kept].tobytes(),
                }
            )
        return pa.Table.from_pylist(rows, schema=PLAN)

    def _nonces(self, search: Search, projection: Projection) -> Bytes2D:
        """Return the nonces of every uploader's slots of one projection, shape (filters, slots, 16)."""
        population, _, responder = search
        each = sum(VOLUMES["referral"][projection])
        slots = ((pool, self._submissions.slots(pool.organisation, population, projection, responder)) for pool in self._sides(search)[0])
        return np.concatenate([slot_nonces(columns, pool.pseudonyms[projection], each=each) for pool, columns in slots])

    def _sides(self, search: Search) -> tuple[list[Pool], list[Pool]]:
        population, uploader, responder = search
        return self.pools.of_kind(population, uploader), self.pools.of_kind(population, responder)


def _asked_of(plan: pa.Table, pool: Pool, projection: Projection, name: str) -> Columns:
    """Return the requests with a slot that one responder was sent, over all waves."""
    waves = [planned(plan, wave=wave, organisation=pool.organisation, name=name) for wave in range(1, WAVES + 1)]
    return {
        "pseudonym": np.concatenate([pool.pseudonyms[projection][rows] for rows, _ in waves]),
        "nonce": np.concatenate([nonces for _, nonces in waves]),
    }


def _answers_of(vault: Vault, plan: pa.Table, pool: Pool, name: str, answers: Sequence[Answered]) -> Columns:
    """Return one responder's answers to requests with a slot; a table that cannot be read counts as unanswered."""
    tables = []
    for asked, parts in answers:
        for part in parts:
            if (asked.organisation, part.name) == (pool.organisation, name):
                _, nonces = planned(plan, wave=asked.wave, organisation=pool.organisation, name=name)
                try:
                    columns = read_answers(vault, asked, part)
                except SubmissionError:
                    continue
                tables.append(_among(columns, nonces))
    return _stacked(ANSWERS, tables)


def _among(columns: Columns, nonces: Bytes2D) -> Columns:
    chosen = np.isin(as_ids(columns["nonce"]), as_ids(nonces))
    return {column: values[chosen] for column, values in columns.items()}


def _stacked(schema: pa.Schema, tables: Sequence[Columns]) -> Columns:
    every = [byte_columns(schema.empty_table()), *tables]
    return {name: np.concatenate([columns[name] for columns in every]) for name in schema.names}


def _owners(pools: Sequence[Pool], pseudonyms: Bytes2D) -> list[tuple[str, Projection]]:
    """Return whose each pseudonym is, and of which projection."""
    places = _places(pools, {pseudonym.tobytes() for pseudonym in pseudonyms})
    found = [places[pseudonym.tobytes()] for pseudonym in pseudonyms]
    return [(_pool_of(pools, place.row)[0].organisation, place.projection) for place in found]


def _places(pools: Sequence[Pool], pseudonyms: set[bytes]) -> dict[bytes, Place]:
    """Return where each of the pseudonyms is; one that is nobody's is left out."""
    wanted = np.array(sorted(pseudonyms), dtype=f"V{PSEUDONYM_BYTES}")
    found = dict[bytes, Place]()
    for projection in PROJECTIONS:
        for first, pool in zip(_firsts(pools), pools, strict=False):
            known = as_ids(pool.pseudonyms[projection])
            found |= {known[row].tobytes(): Place(projection, first + row) for row in np.flatnonzero(np.isin(known, wanted)).tolist()}
    return found


def _pool_of(pools: Sequence[Pool], row: int) -> tuple[Pool, int]:
    """Return the pool that a row over all pools is in, and its row there."""
    firsts = _firsts(pools)
    number = bisect_right(firsts, row) - 1
    return pools[number], row - firsts[number]


def _likeness(lefts: Sequence[Pool], left: Place, rights: Sequence[Pool], right: Place) -> float:
    """Return the Dice coefficient of two filters; 0 where they are of two projections, which have nothing in common."""
    if left.projection != right.projection:
        return 0.0
    one, other = (pool.filters[left.projection][row][None] for pool, row in (_pool_of(lefts, left.row), _pool_of(rights, right.row)))
    return float(dice(one, other)[0, 0])


def _firsts(pools: Sequence[Pool]) -> list[int]:
    """Return the first row of each pool, where rows are numbered over all of them."""
    return [0, *accumulate(map(len, pools))]
