"""Random draws for one block of the population, from that block's own generator.

Pure. A block's draws depend on the seed and the block's number alone, so blocks can be made in any order or on their own.
"""

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Generic, TypeVar

import numpy as np

BATCH: Final = 8192  # one NumPy call for many draws: a call for each would take most of the time

T = TypeVar("T")


class Draws:
    """A stream of draws; `carelessness` says how much oftener than usual those who record err."""

    def __init__(self, seed: int, block: int, carelessness: float = 1.0) -> None:
        """Start the stream of a block."""
        self.carelessness = carelessness
        self._rng = np.random.default_rng([seed, block])
        self.unit = self._stream().__next__

    def _stream(self) -> Iterator[float]:
        while True:
            yield from self._rng.random(BATCH).tolist()

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.unit() < probability

    def below(self, limit: int) -> int:
        """Return a whole number in [0, limit)."""
        return int(self.unit() * limit)

    def between(self, low: int, high: int) -> int:
        """Return a whole number in [low, high]."""
        return low + int(self.unit() * (high - low + 1))

    def bell(self, mean: float, spread: float) -> float:
        """Return a number about `mean` with standard deviation `spread`, never more than three of them away."""
        return mean + spread * 2 * (self.unit() + self.unit() + self.unit() - 1.5)

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`, each as likely as the others."""
        return items[int(self.unit() * len(items))]

    def shuffle(self, items: list[T]) -> None:
        """Put `items` in a random order, in place."""
        items[:] = [items[place] for place in self._rng.permutation(len(items))]


class Weighted(Generic[T]):
    """Items to draw in proportion to their weights."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        """Keep the items whose weight is above zero."""
        self._items = [item for item, weight in weights.items() if weight > 0]
        sums = list(itertools.accumulate(weight for weight in weights.values() if weight > 0))
        self._cumulative = [total / sums[-1] for total in sums]

    def draw(self, draws: Draws) -> T:
        """Return one item."""
        place = bisect.bisect_right(self._cumulative, draws.unit())
        return self._items[min(place, len(self._items) - 1)]
