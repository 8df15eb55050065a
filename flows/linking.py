"""Two populations through the real encoders, search and second look, in one process: what `evaluate` and its tests share.

The left side uploads, the right one answers. There are no dummies and no waves: in one process nobody is there to be hidden from.
"""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from linkage.engines.threads import ThreadsEngine
from linkage.search.cut import computed_cut
from linkage.search.engine import MAX_PAIRS, FilterPairs, Filters
from linkage.second_look.opening import OpenedPairs, Tags, open_pairs
from linkage.second_look.requests import assign
from parties.encoding.encode import EncodedPopulation, encode_population
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.encoding.rows import PersonRows
from parties.second_look.components import component_texts
from parties.second_look.halves import OwnFilters, halves, own_filters
from parties.second_look.keys import attribute_key, pairs_key
from schemas.agreement import PROJECTIONS, Encoding, Projection, Search
from schemas.byte_columns import Bytes2D, as_ids
from schemas.encoding_set import Population
from schemas.linkage import schemas_digest
from schemas.roster import Kind
from schemas.sealed_join import Join, write_join
from schemas.slots import LEFT, NONCE_BYTES, RIGHT, VOLUMES
from validation.progress import Progress, silent

KEY_BYTES = 32
LOOKS_AT_ONCE = 16_384  # pairs; about 50 MB
SLOTS = sum(VOLUMES["referral"]["A"])

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """One party's filters as the service has them, and the people behind them.

    `behind` is what stands behind the filters of a projection, and `number` the row of the input that a person id stands for.
    """

    filters: Mapping[Projection, Filters]
    behind: Mapping[Projection, OwnFilters]
    number: Mapping[bytes, int]


@dataclass(frozen=True)
class EvidencePairs:
    """Candidate pairs of input rows with both sides' comparison tags, shape (pairs, N_TAGS); ordered by their rows."""

    left: Rows
    right: Rows
    left_tags: Tags
    right_tags: Tags


class Linking:
    """One round's key and terms, thrown away with this object."""

    def __init__(self, population: Population, *, terms: Mapping[str, Any] = MappingProxyType({}), progress: Progress = silent) -> None:
        """Draw a round key for `population`; `terms` are what an agreement's encoding says otherwise than the shipped one."""
        self._population = population
        self._round_key = secrets.token_bytes(KEY_BYTES)
        self._encoding = Encoding(
            schemas_digest=schemas_digest(),
            normaliser=NORMALISER,
            normaliser_digest=normaliser_digest(),
            **terms,
        )
        self._progress = progress

    def encode(self, rows: PersonRows) -> Side:
        """Encode one party's rows under a local secret of its own."""
        encoded = encode_population(
            rows,
            population=self._population,
            round_key=self._round_key,
            round_id="local",
            local_secret=secrets.token_bytes(KEY_BYTES),
            encoding=self._encoding,
            progress=self._progress,
        )
        behind = own_filters(
            encoded,
            component_texts(rows),
            _joins(encoded),
            key=attribute_key(self._round_key, self._population),
            blanks=secrets.token_bytes(KEY_BYTES),
        )
        number = {person.tobytes(): row for row, person in enumerate(as_ids(encoded.persons))}
        return Side(encoded.clks, behind, number)

    @staticmethod
    def candidates(left: Side, right: Side, terms: Search) -> dict[Projection, FilterPairs]:
        """Return candidate pairs of filters, by projection."""
        return {
            projection: ThreadsEngine().candidate_pairs(
                left.filters[projection],
                right.filters[projection],
                cut=cut,
                top_k=terms.top_k,
                max_pairs=min(terms.max_pairs, MAX_PAIRS),
            )
            for projection, cut in cuts(left, right, terms).items()
        }

    @staticmethod
    def are_candidates(
        left: Side, right: Side, candidates: Mapping[Projection, FilterPairs], pairs: tuple[Rows, Rows]
    ) -> npt.NDArray[np.bool_]:
        """Return whether the search found each pair of input rows, in any projection; a slot it may still have missed."""
        width, found = len(right.number), np.zeros(len(pairs[0]), dtype=np.bool_)
        for projection, near in candidates.items():
            ones, others = left.behind[projection].record[near.left], right.behind[projection].record[near.right]
            people = (ones < len(left.number)) & (others < width)
            found |= np.isin(pairs[0] * width + pairs[1], ones[people] * width + others[people])
        return found

    def second_look(
        self, left: Side, right: Side, candidates: Mapping[Projection, FilterPairs], *, slots: int = SLOTS
    ) -> Iterator[EvidencePairs]:
        """Yield the pairs of input rows whose slots and answers open, each pair once, some thousands at a time.

        Args:
            left: who uploads.
            right: who answers.
            candidates: pairs of filters, by projection.
            slots: how many candidates of each filter, on either side, are looked at; the best are.
        """
        key = pairs_key(self._round_key, self._population, Kind.PRISON_SERVICE, Kind.LOCAL_AUTHORITY)
        seen = np.empty(0, dtype=np.int64)
        for projection, pairs in candidates.items():
            assigned = assign(pairs, slots=slots, each=slots)
            ours, theirs = left.behind[projection], right.behind[projection]
            new, keys = _not_seen(ours.record[assigned.left], theirs.record[assigned.right], left, right, seen)
            seen = np.union1d(seen, keys)
            for start in range(0, len(new), LOOKS_AT_ONCE):
                block = new[start : start + LOOKS_AT_ONCE]
                opened = _look(ours, assigned.left[block], theirs, assigned.right[block], key)
                yield _of_rows(opened, left, right)


def cuts(left: Side, right: Side, terms: Search) -> dict[Projection, float]:
    """Return how alike two filters must be to be candidates, by projection."""
    return {projection: computed_cut(terms, [left.filters[projection]], [right.filters[projection]]) for projection in PROJECTIONS}


def _joins(encoded: EncodedPopulation) -> list[bytes]:
    return [write_join(Join(person=person.tobytes(), population=encoded.population)) for person in encoded.persons]


def _not_seen(one: Rows, other: Rows, left: Side, right: Side, seen: Rows) -> tuple[Rows, Rows]:
    """Return which pairs of records are of two persons and not in `seen`, each once, and their keys.

    Filters of the same two persons would say the same again, so evaluation looks once; a round cannot know.
    """
    keys = one * len(right.number) + other
    people = np.flatnonzero((one < len(left.number)) & (other < len(right.number)) & ~np.isin(keys, seen))
    distinct, first = np.unique(keys[people], return_index=True)
    return people[first], distinct


def _look(ours: OwnFilters, left: Rows, theirs: OwnFilters, right: Rows, key: bytes) -> OpenedPairs:
    """Return the opened pairs of filters side by side, through slots, requests and answers."""
    nonces: Bytes2D = np.frombuffer(secrets.token_bytes(len(left) * NONCE_BYTES), dtype=np.uint8).reshape(-1, NONCE_BYTES)
    slots = {"pseudonym": ours.pseudonyms[left], **halves(ours, left, nonces, side=LEFT, key=key)}
    requests = {"pseudonym": theirs.pseudonyms[right], "nonce": nonces}
    return open_pairs(slots, requests, halves(theirs, right, nonces, side=RIGHT, key=key))


def _of_rows(opened: OpenedPairs, left: Side, right: Side) -> EvidencePairs:
    ones = np.array([left.number[join.person] for join in opened.left_joins], dtype=np.int64)
    others = np.array([right.number[join.person] for join in opened.right_joins], dtype=np.int64)
    order = np.lexsort((others, ones))
    return EvidencePairs(ones[order], others[order], opened.left_tags[order], opened.right_tags[order])
