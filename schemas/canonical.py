"""One byte encoding for everything that is signed or digested. Pure.

JSON with sorted keys, no white space, UTF-8, and no floating-point numbers: two organisations that agree on the
values agree on the bytes.
"""

import hashlib
import json
from typing import Any

from schemas.errors import AgreementError

SHORT_DIGEST = 12  # hexadecimal characters shown to people


def canonical_json(value: Any) -> bytes:
    """Return the canonical bytes of `value`: objects, lists, strings, integers, booleans and null.

    Raises:
        AgreementError: `value` holds a float, or something JSON has no name for.
    """
    _check_exact(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of `content` as 64 hexadecimal characters."""
    return hashlib.sha256(content).hexdigest()


def digest_of(value: Any) -> str:
    """Return the digest of the canonical bytes of `value`."""
    return digest(canonical_json(value))


def short(digest_hex: str) -> str:
    """Return as much of a digest as people compare by eye."""
    return digest_hex[:SHORT_DIGEST]


def _check_exact(value: Any) -> None:
    if value is None or isinstance(value, str | int):
        return
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        for item in value.values():
            _check_exact(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_exact(item)
    else:
        raise AgreementError(
            "canonical JSON holds text, integers, booleans, null, lists and objects only; write fractions as integers with a unit"
        )
