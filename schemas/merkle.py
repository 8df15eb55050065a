"""Merkle trees over records: one digest commits to every record, and one record is shown to be under it without the others. Pure.

Source: RFC 6962, section 2.1: a leaf is hashed after a byte 0, a node after a byte 1, so that neither can stand for the other.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

LEAF, NODE = b"\x00", b"\x01"


class Tree:
    """The tree over `leaves`, in their order."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """Hash every leaf, and every pair up to the root."""
        self._levels = [[_leaf(item) for item in leaves]]
        while len(self._levels[-1]) > 1:
            self._levels.append(list(_above(self._levels[-1])))

    @property
    def root(self) -> str:
        """The root in hexadecimal; of no leaves it is the hash of nothing."""
        top = self._levels[-1]
        return top[0].hex() if top else sha256().hexdigest()

    def path(self, index: int) -> list[str]:
        """Return the hashes beside the way from leaf `index` to the root, from the leaf up."""
        found = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(level):
                found.append(level[beside].hex())
            index >>= 1
        return found


def is_under(root: str, leaf: bytes, *, index: int, size: int, path: Sequence[str]) -> bool:
    """Say whether `leaf` is the one at `index` of the `size` leaves under `root`."""
    if not 0 <= index < size:
        return False
    found, last, rest = _leaf(leaf), size - 1, [bytes.fromhex(item) for item in path]
    while last:
        if index % 2 or index < last:  # else it is the odd one out, and goes up as it is
            if not rest:
                return False
            beside = rest.pop(0)
            found = _node(beside, found) if index % 2 else _node(found, beside)
        index, last = index >> 1, last >> 1
    return not rest and found.hex() == root


def _above(level: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the next level: hashes of pairs, then the odd one out as it is."""
    for at in range(0, len(level) - 1, 2):
        yield _node(level[at], level[at + 1])
    if len(level) % 2:
        yield level[-1]


def _leaf(content: bytes) -> bytes:
    return sha256(LEAF + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(NODE + left + right).digest()
