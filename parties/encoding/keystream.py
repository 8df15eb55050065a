"""Random numbers out of a key, the same for every party that holds it. Pure.

ChaCha20's keystream, read as little-endian 64-bit words: specified to the byte, unlike a library's seeded generator.
"""

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from numpy.typing import NDArray

WORD_BYTES = 8
_NONCE = bytes(16)  # every keystream has a key of its own, so its counter may start at nought


class Keystream:
    """An endless stream of words from a 32-byte key. Shows nothing in `repr`."""

    def __init__(self, key: bytes) -> None:
        """Start the stream of `key`."""
        self._encryptor = Cipher(ChaCha20(key, _NONCE), mode=None).encryptor()

    def words(self, count: int) -> NDArray[np.uint64]:
        """Return the next `count` words."""
        return np.frombuffer(self._encryptor.update(bytes(WORD_BYTES * count)), dtype="<u8")

    def below(self, bound: int, count: int) -> NDArray[np.int64]:
        """Return `count` numbers from 0 up to `bound`; for bounds under 2**32 the bias is under 2**-32."""
        return (self.words(count) % np.uint64(bound)).astype(np.int64)

    def permutation(self, size: int) -> NDArray[np.int64]:
        """Return the numbers below `size` in an order of the stream's: that of as many words, equal ones as they came."""
        return np.argsort(self.words(size), kind="stable")

    def __repr__(self) -> str:
        """Show nothing."""
        return "Keystream(…)"
