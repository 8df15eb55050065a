"""One side's half of a pair: its tags, the opener of the other side's join, and its own join under the opener it does not show. Pure.

Slots and answers are both halves, of the left and of the right side; one function makes them, so they cannot differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parties.encoding.encode import EncodedPopulation
from parties.encoding.keystream import Keystream
from parties.second_look.evidence import Digests, digests, tags
from parties.second_look.keys import opener, pair_key
from schemas.agreement import PROJECTIONS, Projection
from schemas.byte_columns import Bytes2D, as_ids
from schemas.encoding_set import Population
from schemas.sealed_join import JOIN_BYTES, OPENER_BYTES, SEALED_JOIN_BYTES, seal_join, write_join
from schemas.second_look import N_TAGS
from schemas.slots import OTHER_SIDE, Side

Rows = NDArray[np.int64]
NOBODY = -1
HALVES_AT_ONCE = 8_192  # 16 MB of digests and tags
_BLANK = ("",) * N_TAGS


@dataclass(frozen=True, repr=False)
class OwnFilters:
    """What stands behind the filters of one projection. Shows nothing in `repr`.

    Attributes:
        pseudonyms: shape (filters, 16).
        record: the record of each filter, a row of `digests` and of `joins`.
        digests: shape (records, N_TAGS, 16).
        joins: shape (records, JOIN_BYTES).
    """

    pseudonyms: Bytes2D
    record: Rows
    digests: Digests
    joins: Bytes2D

    def __repr__(self) -> str:
        """Show how many, and nothing else."""
        return f"OwnFilters({len(self.pseudonyms)})"


Behind = Mapping[Population, Mapping[Projection, OwnFilters]]


def own_filters(
    encoded: EncodedPopulation, components: Sequence[Sequence[str]], joins: Sequence[bytes], *, key: bytes, blanks: bytes
) -> dict[Projection, OwnFilters]:
    """Return what stands behind every filter of a population, by projection; a fill is a record that is blank throughout.

    Args:
        encoded: the population as it is submitted.
        components: the components of each of its persons.
        joins: the written join of each of its persons.
        key: the attribute key of the round and population.
        blanks: a key of the party's own, from which blank components are drawn.
    """
    owners = {projection: _owners(encoded, projection) for projection in PROJECTIONS}
    fills = max(int((owner == NOBODY).sum()) for owner in owners.values())
    made = digests([*components, *([_BLANK] * fills)], key, Keystream(blanks))
    written = np.frombuffer(b"".join([*joins, *([write_join(None)] * fills)]), dtype=np.uint8).reshape(-1, JOIN_BYTES)
    return {
        projection: OwnFilters(encoded.pseudonyms[projection], _with_fills(owner, len(components)), made, written)
        for projection, owner in owners.items()
    }


def halves(own: OwnFilters, filters: Rows, nonces: Bytes2D, *, side: Side, key: bytes) -> dict[str, Bytes2D]:
    """Return the halves of `side` for filters and nonces side by side: columns nonce, tags, opener and join.

    Args:
        own: the side's own filters.
        filters: of which filter each half is, shape (halves,).
        nonces: shape (halves, 16).
        side: the uploader's or the responder's.
        key: the pairs' key, a `pairs_key`.
    """
    records, named = own.record[filters], [nonce.tobytes() for nonce in nonces]
    sealed = b"".join(
        seal_join(own.joins[record].tobytes(), opener(key, nonce, side)) for record, nonce in zip(records, named, strict=True)
    )
    shown = b"".join(opener(key, nonce, OTHER_SIDE[side]) for nonce in named)
    return {
        "nonce": nonces,
        "tags": tags(own.digests[records], (pair_key(key, nonce) for nonce in named)),
        "opener": np.frombuffer(shown, dtype=np.uint8).reshape(-1, OPENER_BYTES),
        "join": np.frombuffer(sealed, dtype=np.uint8).reshape(-1, SEALED_JOIN_BYTES),
    }


def _owners(encoded: EncodedPopulation, projection: Projection) -> Rows:
    """Return the person of each filter of a projection, a number in the order of the persons; `NOBODY` for a fill."""
    number = {person.tobytes(): at for at, person in enumerate(as_ids(encoded.persons))}
    people, pseudonyms = encoded.joins
    person_of = {own.tobytes(): number[person.tobytes()] for person, own in zip(as_ids(people), as_ids(pseudonyms), strict=True)}
    return np.array([person_of.get(own.tobytes(), NOBODY) for own in as_ids(encoded.pseudonyms[projection])], dtype=np.int64)


def _with_fills(owner: Rows, persons: int) -> Rows:
    """Return `owner` with a record of its own, after the persons', for each filter that is nobody's."""
    record, fills = owner.copy(), owner == NOBODY
    record[fills] = persons + np.arange(fills.sum())
    return record
