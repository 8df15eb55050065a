"""Keys out of keys: HKDF-SHA256 under a name for each use. Pure."""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32


def derive(key: bytes, *use: str, salt: bytes | None = None) -> bytes:
    """Return the 32-byte key that `key` gives for one use, such as `("clk", "adults", "A")`.

    Source: RFC 5869.
    """
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info="|".join(use).encode()).derive(key)


def keyed_id(key: bytes, size: int, *parts: str) -> bytes:
    """Return `size` bytes of HMAC-SHA256 over `parts`; only the last part may hold a `|`."""
    return hmac.digest(key, "|".join(parts).encode(), "sha256")[:size]
