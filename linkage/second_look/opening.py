"""Slots and answers to opened pairs: both halves of a nonce, or nothing. Pure.

What a custodian sent never stops a round: a half that is damaged, foreign or missing is counted and left out. An answer to a
dummy finds no slot and stays shut.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from schemas.byte_columns import Bytes2D
from schemas.errors import SealError, SubmissionError
from schemas.sealed_join import Join, open_join, read_join

Columns = Mapping[str, Bytes2D]
Tags = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


class Outcome(StrEnum):
    """What became of a request or an answer."""

    OPENED = "opened"
    SHUT = "shut"  # a dummy's
    FILL = "fill"  # a side is nobody
    DAMAGED = "damaged"  # a join does not open, or cannot be read
    FOREIGN = "foreign"  # nobody asked for it, or it came twice
    UNANSWERED = "unanswered"


@dataclass(frozen=True)
class OpenedPairs:
    """Pairs of which both halves are there and both joins open, in the order of their nonces.

    `left` and `right` are pseudonyms of shape (pairs, 16), `left_tags` and `right_tags` of shape (pairs, N_TAGS).
    """

    left: Bytes2D
    right: Bytes2D
    left_tags: Tags
    right_tags: Tags
    left_joins: list[Join]
    right_joins: list[Join]
    counts: Mapping[Outcome, int]


def open_pairs(slots: Columns, requests: Columns, answers: Columns) -> OpenedPairs:
    """Return the pairs that slots and answers open together.

    Args:
        slots: columns of SLOTS, of all uploaders that the requests may be about.
        requests: columns of REQUESTS, as one responder was sent them.
        answers: columns of ANSWERS, as it sent them back.
    """
    counts, rows, joins = Counter[Outcome](), list[tuple[int, int, int]](), list[tuple[Join, Join]]()
    for slot, request, answer in _matched(slots, requests, answers, counts):
        opened = _open(slots, slot, answers, answer)
        if isinstance(opened, Outcome):
            counts[opened] += 1
        else:
            rows.append((slot, request, answer))
            joins.append(opened)
    counts[Outcome.OPENED] = len(rows)
    kept: Rows = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return OpenedPairs(
        left=slots["pseudonym"][kept[:, 0]],
        right=requests["pseudonym"][kept[:, 1]],
        left_tags=_words(slots["tags"][kept[:, 0]]),
        right_tags=_words(answers["tags"][kept[:, 2]]),
        left_joins=[left for left, _ in joins],
        right_joins=[right for _, right in joins],
        counts=counts,
    )


def _matched(slots: Columns, requests: Columns, answers: Columns, counts: Counter[Outcome]) -> Iterator[tuple[int, int, int]]:
    """Yield the rows of slot, request and answer of every nonce that has all three; count the others."""
    slot_of, request_of, answer_of = _rows_of(slots), _rows_of(requests), dict[bytes, int]()
    for row, nonce in enumerate(_nonces(answers)):
        if nonce in request_of and nonce not in answer_of:
            answer_of[nonce] = row
        else:
            counts[Outcome.FOREIGN] += 1
    counts[Outcome.UNANSWERED] += len(request_of) - len(answer_of)
    counts[Outcome.SHUT] += len(answer_of.keys() - slot_of.keys())
    for nonce in sorted(answer_of.keys() & slot_of.keys()):
        yield slot_of[nonce], request_of[nonce], answer_of[nonce]


def _open(slots: Columns, slot: int, answers: Columns, answer: int) -> tuple[Join, Join] | Outcome:
    """Return the joins of both sides, each opened with what the other side released."""
    try:
        left = read_join(open_join(slots["join"][slot].tobytes(), answers["opener"][answer].tobytes()))
        right = read_join(open_join(answers["join"][answer].tobytes(), slots["opener"][slot].tobytes()))
    except (SealError, SubmissionError):
        return Outcome.DAMAGED
    return (left, right) if left and right else Outcome.FILL


def _nonces(columns: Columns) -> Iterator[bytes]:
    return (nonce.tobytes() for nonce in columns["nonce"])


def _rows_of(columns: Columns) -> dict[bytes, int]:
    return {nonce: row for row, nonce in enumerate(_nonces(columns))}


def _words(tags: Bytes2D) -> Tags:
    return np.ascontiguousarray(tags).view("<u8")
