"""All searches of a round: to the plan of whom to ask, and from the answers to opened pairs. Reads the vault, writes nothing."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa

from linkage.inbox.pools import Submissions
from linkage.inbox.vault import Vault
from linkage.inbox.waves import read_answers
from linkage.search.engine import MAX_PAIRS, Engine, FilterPairs
from linkage.search.pools import Pool
from linkage.second_look.opened import OPENED, opened_table
from linkage.second_look.opening import open_pairs
from linkage.second_look.planning import PLAN, assign_waves, plan_table, planned, stacked
from linkage.second_look.requests import slot_nonces
from linkage.store.models import Asked
from schemas.agreement import PROJECTIONS, Projection
from schemas.agreement import Search as Terms
from schemas.byte_columns import Bytes2D, as_ids
from schemas.encoding_set import Population
from schemas.errors import SubmissionError
from schemas.roster import Kind
from schemas.slots import ANSWERS, REQUESTS, SEARCHES, SLOTS, VOLUMES, WAVES, byte_columns, requests_name
from schemas.waves import TableSummary
from validation.progress import Progress

Answered = tuple[Asked, Sequence[TableSummary]]
Columns = dict[str, Bytes2D]
Search = tuple[Population, Kind, Kind]
JOBS = tuple((search, projection) for search in SEARCHES for projection in PROJECTIONS)


class Looking:
    """The searches of one round, over the filters of every accepted submission."""

    def __init__(self, submissions: Submissions) -> None:
        """Read every filter.

        Raises:
            SubmissionError, ServiceError: a part is not as it was accepted.
        """
        self._submissions, self.pools = submissions, submissions.pools()

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
        """Return every pair that slots and answers open together."""
        return pa.concat_tables([OPENED.empty_table(), *(self._opened(plan, answers, *job) for job in JOBS)])

    def _candidates(self, terms: Terms, engine: Engine, search: Search, projection: Projection) -> FilterPairs:
        """Return the pairs of one search, rows numbered over all uploaders and over all responders."""
        lefts, rights = self._sides(search)
        cut, max_pairs = terms.cut_per_mille / 1000, min(terms.max_pairs, MAX_PAIRS)
        return stacked(
            [
                (first, other, engine.candidate_pairs(one, two, cut=cut, top_k=terms.top_k, max_pairs=max_pairs))
                for first, one in zip(_firsts(lefts), (pool.filters[projection] for pool in lefts), strict=False)
                for other, two in zip(_firsts(rights), (pool.filters[projection] for pool in rights), strict=False)
            ]
        )

    def _waves(self, search: Search, projection: Projection, pairs: FilterPairs, first_wave: int) -> list[pa.Table]:
        population, uploader, responder = search
        lefts, rights = self._sides(search)
        volume = VOLUMES["referral"][projection]
        slots = ((pool, self._submissions.slots(pool.organisation, population, projection, responder)) for pool in lefts)
        nonces = np.concatenate([slot_nonces(columns, pool.pseudonyms[projection], each=sum(volume)) for pool, columns in slots])
        name, asked = requests_name(population, projection, uploader), [(pool.organisation, len(pool)) for pool in rights]
        return [plan_table(wave, name, asked, assigned, nonces) for wave, assigned in assign_waves(pairs, volume, first_wave=first_wave)]

    def _opened(self, plan: pa.Table, answers: Sequence[Answered], search: Search, projection: Projection) -> pa.Table:
        population, uploader, responder = search
        lefts, rights = self._sides(search)
        name = requests_name(population, projection, uploader)
        requests = _stacked(REQUESTS, [_asked_of(plan, pool, projection, name) for pool in rights])
        among = requests["nonce"]
        slots = [self._submissions.slots(pool.organisation, population, projection, responder, among=among) for pool in lefts]
        answered = [_answers_of(self._submissions.vault, plan, pool, name, answers) for pool in rights]
        opened = open_pairs(_stacked(SLOTS, slots), requests, _stacked(ANSWERS, answered))
        organisations = _organisations(lefts, projection, opened.left), _organisations(rights, projection, opened.right)
        return opened_table(opened, population, projection, organisations)

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


def _organisations(pools: Sequence[Pool], projection: Projection, pseudonyms: Bytes2D) -> list[str]:
    owner = {pseudonym.tobytes(): pool.organisation for pool in pools for pseudonym in pool.pseudonyms[projection]}
    return [owner[pseudonym.tobytes()] for pseudonym in pseudonyms]


def _firsts(pools: Sequence[Pool]) -> list[int]:
    """Return the first row of each pool, where rows are numbered over all of them."""
    return [0, *accumulate(map(len, pools))]
