"""The responder's side: checks of a wave of requests, and an answer to each. Pure, given the keys.

Every filter is asked the same number of times in a wave, and every request is answered: how many are dummies, the responder
cannot tell, and nothing about its answers depends on it.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from parties.second_look.halves import HALVES_AT_ONCE, OwnFilters, Rows, halves
from schemas.byte_columns import Bytes2D, as_ids
from schemas.errors import NotPermittedError, SubmissionError
from schemas.slots import ANSWERS, RIGHT, byte_table

ASK = "answer nothing, and ask the linkage operator"


def asked_filters(requests: Mapping[str, Bytes2D], own: OwnFilters, *, each: int) -> Rows:
    """Return the filter that each request is for, once the whole wave is as agreed.

    Args:
        requests: columns pseudonym and nonce.
        own: the responder's filters of the projection.
        each: how often a filter is asked in this wave.

    Raises:
        SubmissionError: a pseudonym is not the responder's, or a filter is asked more or less often than agreed.
        NotPermittedError: a nonce stands twice, so that two records would be compared under one key.
    """
    row_of = {pseudonym.tobytes(): row for row, pseudonym in enumerate(own.pseudonyms)}
    try:
        filters = np.array([row_of[pseudonym.tobytes()] for pseudonym in requests["pseudonym"]], dtype=np.int64)
    except KeyError:
        raise SubmissionError(f"requests: a pseudonym is not of this submission; {ASK}") from None
    if (np.bincount(filters, minlength=len(row_of)) != each).any():
        raise SubmissionError(f"requests: want {each} for every pseudonym; {ASK}")
    if len(np.unique(as_ids(requests["nonce"]))) < len(filters):
        raise NotPermittedError(f"requests: a nonce stands twice; {ASK}")
    return filters


def answer(own: OwnFilters, filters: Rows, nonces: Bytes2D, *, key: bytes) -> Iterator[pa.Table]:
    """Yield an answer for each request, in the order of the requests; some thousands at a time.

    Args:
        own: the responder's filters of the projection.
        filters: what `asked_filters` returned.
        nonces: the requests', shape (requests, 16).
        key: the `pairs_key` of uploader and responder.
    """
    for start in range(0, len(filters), HALVES_AT_ONCE):
        block = slice(start, start + HALVES_AT_ONCE)
        yield byte_table(ANSWERS, halves(own, filters[block], nonces[block], side=RIGHT, key=key))
