"""Sealed envelopes: HPKE with a hybrid post-quantum key encapsulation, bytes in, bytes out. Pure.

Layout: magic `KLS1`, one byte suite, then the HPKE ciphertext. The context (what this is, for whom, in which round)
goes into HPKE's `info`, so an envelope opened for another purpose, recipient or round does not open at all.

Source: RFC 9180; suite ML-KEM-768 + X25519, HKDF-SHA256, ChaCha20-Poly1305 as offered by `cryptography`.
"""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite

from schemas.errors import SealError

MAGIC = b"KLS1"
SUITE_MLKEM768_X25519 = 1
OVERHEAD = len(MAGIC) + 1 + 1136  # bytes: header, encapsulated key and tag
MAX_PLAINTEXT = 64 * 1024

_MLKEM_SEED = 64
_MLKEM_PUBLIC = 1184
_X25519 = 32
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class SealingKey:
    """A recipient's private key. Shows nothing in `repr`."""

    def __init__(self, raw: bytes) -> None:
        """Load 96 raw bytes: ML-KEM-768 seed, then X25519 scalar.

        Raises:
            SealError: the length is not 96 bytes.
        """
        if len(raw) != _MLKEM_SEED + _X25519:
            raise SealError("sealing key: want 96 bytes; restore the key file from its backup or run `kinlink party init` again")
        self._raw = raw
        self._mlkem = MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED])
        self._x25519 = X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED:])

    @classmethod
    def generate(cls) -> "SealingKey":
        """Return a new key."""
        return cls(MLKEM768PrivateKey.generate().private_bytes_raw() + X25519PrivateKey.generate().private_bytes_raw())

    def raw(self) -> bytes:
        """Return the 96 bytes to keep in the owner's key file, and nowhere else."""
        return self._raw

    def public_text(self) -> str:
        """Return the public half as the text that rosters carry."""
        return base64.b64encode(self._mlkem.public_key().public_bytes_raw() + self._x25519.public_key().public_bytes_raw()).decode()

    def open(self, envelope: bytes, info: str) -> bytes:
        """Return the plaintext of `envelope`, sealed to this key for `info`.

        Raises:
            SealError: the envelope is damaged, of an unknown suite, or sealed to another key or for another `info`.
        """
        if envelope[: len(MAGIC)] != MAGIC or len(envelope) < OVERHEAD:
            raise SealError("envelope: not a Kinlink envelope, or cut short; collect it again")
        if envelope[len(MAGIC)] != SUITE_MLKEM768_X25519:
            raise SealError("envelope: sealed with a suite this version does not know; update Kinlink")
        private = MLKEM768X25519PrivateKey(self._mlkem, self._x25519)
        try:
            return _SUITE.decrypt(envelope[len(MAGIC) + 1 :], private, info.encode())
        except (InvalidTag, ValueError):
            raise SealError(
                "envelope: damaged, or sealed to another organisation or round; collect your own with `kinlink party collect`"
            ) from None

    def __repr__(self) -> str:
        """Show nothing."""
        return "SealingKey(…)"


def seal(plaintext: bytes, public_key: str, info: str) -> bytes:
    """Return `plaintext` sealed to `public_key` (roster text) for `info`; `OVERHEAD` bytes longer.

    Raises:
        SealError: the plaintext is over `MAX_PLAINTEXT` bytes, or the key is not a sealing key.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise SealError(f"envelope: over {MAX_PLAINTEXT} bytes")
    return MAGIC + bytes([SUITE_MLKEM768_X25519]) + _SUITE.encrypt(plaintext, _public(public_key), info.encode())


def _public(text: str) -> MLKEM768X25519PublicKey:
    try:
        raw = base64.b64decode(text, validate=True)
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]), X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:])
        )
    except (binascii.Error, ValueError):
        raise SealError("roster: a sealing key is malformed; ask the organisation for its key again") from None
