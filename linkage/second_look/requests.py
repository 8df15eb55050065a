"""Candidate pairs to requests: a free slot for each, best first, then dummies until every filter is asked equally often. Pure.

A dummy is a nonce without a slot: its answer opens nothing, and the responder cannot tell it from a candidate's. What has no
slot left is counted, never asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from linkage.search.engine import FilterPairs
from schemas.byte_columns import Bytes2D, as_ids, by_bytes
from schemas.errors import SubmissionError
from schemas.slots import NONCE_BYTES, REQUESTS, byte_table

Rows = npt.NDArray[np.int64]
Draw = Callable[[int], bytes]  # so many random bytes


@dataclass(frozen=True)
class Assigned:
    """Candidate pairs with a slot: filters of each side, and which of the left filter's slots; and those without.

    `no_slot` candidates found the left filter's slots taken, `no_room` the right filter asked as often as it may be.
    """

    left: Rows
    right: Rows
    slot: Rows
    no_slot: int = 0
    no_room: int = 0


def assign(pairs: FilterPairs, *, slots: int, each: int) -> Assigned:
    """Give each candidate a slot of its left filter, best score first; equal scores by their rows.

    Args:
        pairs: candidates, rows numbered over all uploaders and over all responders.
        slots: how many slots a left filter has in this wave.
        each: how often a right filter is asked in this wave.
    """
    taken: dict[int, int] = {}
    asked: dict[int, int] = {}
    kept: list[tuple[int, int, int]] = []
    no_slot = no_room = 0
    order = np.lexsort((pairs.right, pairs.left, -pairs.score))
    for left, right in zip(pairs.left[order].tolist(), pairs.right[order].tolist(), strict=True):
        slot = taken.get(left, 0)
        if slot >= slots:
            no_slot += 1
        elif asked.get(right, 0) >= each:
            no_room += 1
        else:
            kept.append((left, right, slot))
            taken[left], asked[right] = slot + 1, asked.get(right, 0) + 1
    found = np.array(kept, dtype=np.int64).reshape(-1, 3)
    return Assigned(found[:, 0], found[:, 1], found[:, 2], no_slot, no_room)


def slot_nonces(slots: Mapping[str, Bytes2D], pseudonyms: Bytes2D, *, each: int) -> Bytes2D:
    """Return the nonces of every left filter's slots, in the order of the nonces, shape (filters, each, 16).

    Args:
        slots: columns pseudonym and nonce of all slots of a projection.
        pseudonyms: the filters', shape (filters, 16).
        each: how many slots a filter has.

    Raises:
        SubmissionError: a filter has more or fewer slots, a slot is no filter's, or a nonce stands twice.
    """
    if len(np.unique(as_ids(slots["nonce"]))) < len(slots["nonce"]):
        raise SubmissionError("slots: a nonce stands twice; encode and submit again")
    order = np.lexsort((*slots["nonce"].T[::-1], *slots["pseudonym"].T[::-1]))
    rows = by_bytes(pseudonyms)
    owners = slots["pseudonym"][order]
    if len(owners) != len(rows) * each or (owners != np.repeat(pseudonyms[rows], each, axis=0)).any():
        raise SubmissionError(f"slots: want {each} for every pseudonym; encode and submit again")
    nonces = np.empty((len(rows), each, NONCE_BYTES), dtype=np.uint8)
    nonces[rows] = slots["nonce"][order].reshape(nonces.shape)
    return nonces


def request_table(right: Rows, nonces: Bytes2D, pseudonyms: Bytes2D, *, each: int, draw: Draw) -> pa.Table:
    """Return the requests to one responder: those given, and dummies until every filter is asked `each` times.

    Sorted by nonce, an order that says nothing; rows depend on the number of filters alone.

    Args:
        right: the filter that each candidate's request is for, a row of `pseudonyms`.
        nonces: its slot's, shape (requests, 16).
        pseudonyms: the responder's filters of the projection, shape (filters, 16).
        each: how often a filter is asked in this wave; not less than it is in `right`.
        draw: where dummies' nonces come from.
    """
    missing = each - np.bincount(right, minlength=len(pseudonyms))
    dummies = np.repeat(np.arange(len(pseudonyms), dtype=np.int64), missing)
    drawn = np.frombuffer(draw(len(dummies) * NONCE_BYTES), dtype=np.uint8).reshape(-1, NONCE_BYTES)
    filters, asked = np.concatenate([right, dummies]), np.concatenate([nonces, drawn])
    order = by_bytes(asked)
    return byte_table(REQUESTS, {"pseudonym": pseudonyms[filters[order]], "nonce": asked[order]})
