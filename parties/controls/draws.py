"""Draws out of a key: the same people for every custodian that holds it. Pure."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np

from parties.encoding.keystream import Keystream
from validation.synthetic.draws import Draws

WORDS_AT_ONCE = 64
_UNUSED_BITS, _STEP = np.uint64(11), 2.0**-53  # the highest 53 bits of a word are a number in [0, 1), exactly

T = TypeVar("T")


class KeyedDraws(Draws):
    """A stream of draws out of a 32-byte key, the same on every machine; nobody errs oftener than usual."""

    def __init__(self, key: bytes) -> None:
        """Start the stream of `key`."""
        self.carelessness = 1.0
        self._keystream = Keystream(key)
        self.unit = self._stream().__next__

    def _stream(self) -> Iterator[float]:
        while True:
            yield from ((self._keystream.words(WORDS_AT_ONCE) >> _UNUSED_BITS) * _STEP).tolist()

    def shuffle(self, items: list[T]) -> None:
        """Put `items` in the stream's order, in place."""
        items[:] = [items[place] for place in self._keystream.permutation(len(items))]
