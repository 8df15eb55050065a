"""What an attack is made on: filters of some people under one key, and what the attacker makes of the same people under another. Pure.

The attacker knows everybody's values and all parameters and has no key. What he compares with are plain filters under a key of
his own: from them he can say how alike two diffused filters are on average, without the noise that his own diffusion would add.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parties.encoding.clk import clk_secret, encode_clks
from parties.encoding.encode import diffused
from schemas.agreement import Projection
from schemas.byte_columns import Bytes2D
from schemas.encoding_set import Population
from schemas.linkage import WHOLE

Signs = NDArray[np.float32]
PLAIN = 1  # each output bit is the XOR of one input bit: the filter itself, in another order


@dataclass(frozen=True)
class Strength:
    """How filters are made: t, where 1 is not diffused, and the share of the linkage schemas' bits in thousandths."""

    diffusion: int
    bits_per_mille: int = WHOLE


@dataclass(frozen=True, repr=False)
class Target:
    """What is attacked: a projection of a population, made how, under which key, and the attacker's own. Shows no key in `repr`."""

    population: Population
    projection: Projection
    strength: Strength
    key: bytes
    own_key: bytes

    def plain(self) -> "Target":
        """Return what the attacker makes himself: filters that are not diffused, under his own key."""
        return replace(self, strength=replace(self.strength, diffusion=PLAIN), key=self.own_key)

    def filters(self, values: Sequence[tuple[str, ...]]) -> Bytes2D:
        """Return the filter of each tuple of the projection's values, shape (n, 128)."""
        t, bits = self.strength.diffusion, self.strength.bits_per_mille
        if t == PLAIN:
            return encode_clks(values, self.projection, clk_secret(self.key, self.population, self.projection), bits_per_mille=bits)
        return diffused(values, self.population, self.projection, self.key, t=t, bits_per_mille=bits)

    def __repr__(self) -> str:
        """Show which, and nothing else."""
        return f"Target({self.population}.{self.projection})"


@dataclass(frozen=True, repr=False)
class Attacked:
    """Filters that somebody sees, and the attacker's people. Shows nothing in `repr`.

    Attributes:
        seen: bits as signs, shape (n, bits).
        public: the attacker's plain filters as signs, shape (n, bits), in an order of their own.
        owner: the row of `public` of whoever a row of `seen` is of, shape (n,).
        alike: a number of each row of `public`, equal where values are: such people cannot be told apart and need not be.
        diffusion: t of `seen`.
    """

    seen: Signs
    public: Signs
    owner: NDArray[np.int64]
    alike: NDArray[np.int64]
    diffusion: int

    def right(self, guesses: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which rows of `seen` are guessed right, given a row of `public` for each."""
        return np.equal(self.alike[guesses], self.alike[self.owner])


def attacked(values: Sequence[tuple[str, ...]], target: Target, order: NDArray[np.int64]) -> Attacked:
    """Return the filters of `values` as they would be seen, in `order`, and as the attacker has them."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return Attacked(
        seen=signs(target.filters(values))[order],
        public=signs(target.plain().filters(values)),
        owner=order,
        alike=np.array([numbers[value] for value in values], dtype=np.int64),
        diffusion=target.strength.diffusion,
    )


def signs(clks: Bytes2D) -> Signs:
    """Return packed bits as -1 and 1."""
    return np.unpackbits(clks, axis=1).astype(np.float32) * 2 - 1


def expected_likeness(left: Signs, right: Signs, diffusion: int) -> NDArray[np.float64]:
    """Return how alike plain filters would be once diffused, averaged over keys: 1 for equal ones, 0 for noise.

    Where filters differ in a share d of their bits, diffused ones agree in (1 - 2d)**t more of them than they differ in.

    Source: Armknecht, Heng & Schnell (2023), PoPETs 2023(2).
    """
    agreed: NDArray[np.float64] = ((left @ right.T).astype(np.float64) / left.shape[1]) ** diffusion
    return agreed
