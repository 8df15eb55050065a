"""Which bits each token of a field sets: keyed, so in memory only, hidden in `repr` and never pickled. Pure.

A token's first positions are the same however many follow. All tokens have equally many here, as many as any needed so far.
"""

from typing import NoReturn

import numpy as np
from clkhash.bloomfilter import _double_hash_token, _double_hash_token_non_singular, blake_hash_token
from clkhash.field_formats import FieldHashingProperties
from numpy.typing import NDArray

from parties.encoding.tokens import Tokens

BLAKE_POSITIONS = 32  # what one BLAKE2b digest gives: hashing fewer costs the same


class TokenPositions:
    """The positions of one field's tokens."""

    def __init__(self, properties: FieldHashingProperties, keys: tuple[bytes, ...], bits: int) -> None:
        """Start without tokens; `bits` is the length of a filter before it is folded."""
        self._properties, self._keys, self._bits = properties, keys, bits
        self._known = np.empty((0, 0), dtype=np.uint16)

    def of(self, tokens: Tokens, wanted: int) -> NDArray[np.uint16]:
        """Return at least `wanted` positions of every token, shape (tokens, width); hashes only what is new.

        Raises:
            ValueError: a token cannot be written in the field's encoding.
        """
        if wanted > self._known.shape[1]:
            self._known = np.empty((0, -(-wanted // BLAKE_POSITIONS) * BLAKE_POSITIONS), dtype=np.uint16)
        first, width = self._known.shape
        if tokens.known() > first:
            fresh = [self._hashed(token.encode(self._properties.encoding), width) for token in tokens.since(first)]
            self._known = np.concatenate([self._known, np.array(fresh, dtype=np.uint16)])
        return self._known

    def _hashed(self, token: bytes, width: int) -> list[int]:
        """Hash by clkhash's own functions, without the caches around them: those would keep keys after their use."""
        if self._properties.hash_type == "blakeHash":
            positions: list[int] = blake_hash_token.__wrapped__(token, width, self._keys[0], self._bits)
            return positions
        pair = _double_hash_token_non_singular if self._properties.prevent_singularity else _double_hash_token
        step, start = pair.__wrapped__(token, self._bits, *self._keys)
        return [(start + number * step) % self._bits for number in range(width)]

    def __repr__(self) -> str:
        """Show nothing."""
        return "TokenPositions(…)"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("token positions are keyed; they stay in this process's memory")
