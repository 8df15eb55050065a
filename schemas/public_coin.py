"""Which records an auditor opens: drawn from a submission's digest and a value that nobody could know before the round closed. Pure.

The value is of a public randomness beacon that the agreement names. The submission's digest goes in, so that every submission has a
draw of its own; it was in the receipt before the value was published, so that no submission can be made to suit the draw.
"""

import hmac
from hashlib import sha256

from schemas.errors import ConfigurationError

CONTEXT = b"kinlink/audit-coin/1"
LEAST_BEACON_BYTES = 16
_DRAW_BYTES = 16  # so many more bits than a position has that the remainder favours none by more than 2**-64


def coin(submission: str, beacon: str) -> bytes:
    """Return the coin of one submission, 32 bytes.

    Args:
        submission: the digest of its manifest.
        beacon: what the beacon published, in hexadecimal.

    Raises:
        ConfigurationError: the beacon's value is not hexadecimal, or is so short that it could be guessed.
    """
    try:
        value = bytes.fromhex(beacon)
    except ValueError:
        value = b""
    if len(value) < LEAST_BEACON_BYTES:
        raise ConfigurationError(f"beacon: want at least {LEAST_BEACON_BYTES} bytes in hexadecimal; give what the agreed beacon published")
    return sha256(CONTEXT + bytes.fromhex(submission) + value).digest()


def drawn(key: bytes, size: int, count: int) -> list[int]:
    """Return `count` different positions below `size`, or all where there are fewer, in their order; the same for the same coin."""
    found: set[int] = set()
    at = 0
    while len(found) < min(size, count):
        draw = hmac.digest(key, at.to_bytes(8, "big"), "sha256")[:_DRAW_BYTES]
        found.add(int.from_bytes(draw, "big") % size)
        at += 1
    return sorted(found)


def chance_caught(size: int, swapped: int, count: int) -> float:
    """Return the probability that a draw of `count` of `size` records meets at least one of those `swapped`."""
    missed = 1.0
    for opened in range(min(size, count)):
        missed *= max(0, size - swapped - opened) / (size - opened)
    return 1 - missed
