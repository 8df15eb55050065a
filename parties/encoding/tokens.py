"""Columns of texts to numbered tokens, each token numbered once for all records. Pure.

N-grams of strings are cut and numbered by a compiled kernel. All else, such as numbers, dates or n-grams of over three
characters, clkhash cuts, once for each different value.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain, count, islice
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from clkhash.comparators import NgramComparison
from clkhash.field_formats import EnumSpec, FieldHashingProperties, FieldSpec, StringSpec
from numpy.typing import NDArray

from parties.encoding.token_kernel import CODE_POINT_BITS, FREE, MAX_N, fill_slots, number_ngrams

_FIRST_ROOM = 1_024
_SLOTS_PER_TOKEN = 4


@dataclass(frozen=True, repr=False)
class Cut:
    """The tokens of some texts: `ids` in order, and where each text's end, with a 0 before, shape (texts + 1,)."""

    ids: NDArray[np.int32]
    ends: NDArray[np.int64]


class Tokens(Protocol):
    """The tokens of one field."""

    def cut(self, texts: pa.LargeStringArray) -> Cut:
        """Return the tokens of each text."""
        ...

    def known(self) -> int:
        """Return how many tokens have a number."""
        ...

    def since(self, first: int) -> Iterable[str]:
        """Return the tokens from number `first` on."""
        ...


def tokens_of(field: FieldSpec) -> Tokens:
    """Return an empty numbering of a field's tokens."""
    comparator = field.hashing_properties.comparator
    taken_as_it_is = isinstance(field, StringSpec | EnumSpec)
    compiled = taken_as_it_is and isinstance(comparator, NgramComparison) and 1 <= comparator.n <= MAX_N
    return _Ngrams(field.hashing_properties) if compiled else _ValueTokens(field)


def cut_value(field: FieldSpec, text: str) -> Iterable[str]:
    """Return the tokens of one value, as clkhash cuts it.

    Raises:
        ValueError: the value is not of the field's format, or OverflowError where it is a number without an end.
    """
    tokens: Iterable[str] = field.hashing_properties.comparator.tokenize(field.format_value(text))
    return tokens


class _Ngrams:
    """N-grams of strings, numbered by the kernel."""

    def __init__(self, properties: FieldHashingProperties) -> None:
        self._n, self._positional, self._known = properties.comparator.n, bool(properties.comparator.positional), 0
        self._missing = properties.missing_value
        self._codes, self._places = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int32)
        self._grow()

    def cut(self, texts: pa.LargeStringArray) -> Cut:
        if self._missing:
            texts = pc.if_else(pc.equal(texts, self._missing.sentinel), self._missing.replace_with, texts).cast(pa.large_string())
        _, offsets, content = texts.buffers()
        bounds = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
        characters = np.frombuffer(content or b"", dtype=np.uint8)
        ids = np.empty(bounds[-1] - bounds[0] + len(texts) * self._n, dtype=np.int32)
        ends, row = np.zeros(len(bounds), dtype=np.int64), 0
        while row < len(texts):
            table = (self._slots, self._codes, self._places)
            row, self._known = number_ngrams(characters, bounds, row, self._n, int(self._positional), *table, self._known, ids, ends)
            if row < len(texts):
                self._grow()
        return Cut(ids, ends)

    def known(self) -> int:
        return self._known

    def since(self, first: int) -> Iterable[str]:
        return map(self._text, self._codes[first : self._known].tolist(), self._places[first : self._known].tolist())

    def _grow(self) -> None:
        room = max(_FIRST_ROOM, 2 * len(self._codes))
        self._codes, self._places = np.resize(self._codes, room), np.resize(self._places, room)
        self._slots = np.full(room * _SLOTS_PER_TOKEN, FREE, dtype=np.int32)
        fill_slots(self._slots, self._codes, self._places, self._known)

    def _text(self, code: int, place: int) -> str:
        shifts = range(CODE_POINT_BITS * (self._n - 1), -1, -CODE_POINT_BITS)
        text = "".join(chr(code >> shift & (1 << CODE_POINT_BITS) - 1) for shift in shifts)
        return f"{place} {text}" if self._positional else text


class _ValueTokens:
    """Tokens that clkhash cuts, remembered by value."""

    def __init__(self, field: FieldSpec) -> None:
        self._field = field
        self._ids: dict[str, int] = defaultdict(count().__next__)
        self._of_value = cache(self._number)

    def cut(self, texts: pa.LargeStringArray) -> Cut:
        found = list(map(self._of_value, texts.to_pylist()))
        ends = np.zeros(len(found) + 1, dtype=np.int64)
        np.cumsum(np.fromiter(map(len, found), dtype=np.int64, count=len(found)), out=ends[1:])
        return Cut(np.fromiter(chain.from_iterable(found), dtype=np.int32, count=ends[-1]), ends)

    def known(self) -> int:
        return len(self._ids)

    def since(self, first: int) -> Iterable[str]:
        return islice(self._ids, first, None)

    def _number(self, text: str) -> tuple[int, ...]:
        return tuple(self._ids[token] for token in cut_value(self._field, text))
