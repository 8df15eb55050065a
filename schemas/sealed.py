"""Sealed envelopes: HPKE with a hybrid post-quantum key encapsulation, bytes in, bytes out. Pure.

Layout: magic `KLS1`, one byte suite, then the HPKE ciphertext. The context (what this is, for whom, in which round)
goes into HPKE's `info`, so an envelope opened for another purpose, recipient or round does not open at all.

Source: RFC 9180; suite ML-KEM-768 + X25519, HKDF-SHA256, ChaCha20-Poly1305 as offered by `cryptography`.
"""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite

from schemas.errors import SealError

MAGIC = b"KLS1"
SUITE_MLKEM768_X25519 = 1
OVERHEAD = len(MAGIC) + 1 + 1136  # bytes: header, encapsulated key and tag
MAX_PLAINTEXT = 64 * 1024
MAX_RECIPIENTS = 4  # a desk's holder and deputy, each with an old key and a new one

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


class OpensEnvelopes(Protocol):
    """Whoever can open an envelope: one private key, or several of one recipient."""

    def open(self, envelope: bytes, info: str) -> bytes:
        """Return the plaintext; raises as `SealingKey.open` does."""


class SealingKeys:
    """A recipient's private keys, the newest first: what was sealed before a key changed still opens. Shows nothing in `repr`."""

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        """Use these keys, of which there is at least one."""
        self._keys = tuple(keys)

    def open(self, envelope: bytes, info: str) -> bytes:
        """Return the plaintext of `envelope`, sealed to any of the keys for `info`.

        Raises:
            SealError: none of them opens it; as `SealingKey.open` says.
        """
        *others, last = self._keys
        for key in others:
            try:
                return key.open(envelope, info)
            except SealError:
                continue
        return last.open(envelope, info)

    def __repr__(self) -> str:
        """Show nothing."""
        return "SealingKeys(…)"


def seal(plaintext: bytes, public_key: str, info: str) -> bytes:
    """Return `plaintext` sealed to `public_key` (roster text) for `info`; `OVERHEAD` bytes longer.

    Raises:
        SealError: the plaintext is over `MAX_PLAINTEXT` bytes, or the key is not a sealing key.
    """
    if len(plaintext) > MAX_PLAINTEXT:
        raise SealError(f"envelope: over {MAX_PLAINTEXT} bytes")
    return MAGIC + bytes([SUITE_MLKEM768_X25519]) + _SUITE.encrypt(plaintext, _public(public_key), info.encode())


def seal_to_each(plaintext: bytes, public_keys: Sequence[str], info: str) -> bytes:
    """Return one envelope for each of `public_keys`, end to end: of one size, so that how many there are is all that shows.

    Raises:
        SealError: as `seal`, or there is no key, or there are too many.
    """
    if not 0 < len(public_keys) <= MAX_RECIPIENTS:
        raise SealError(f"roster: want 1 to {MAX_RECIPIENTS} sealing keys of one recipient; ask the root signers for a corrected one")
    return b"".join(seal(plaintext, key, info) for key in public_keys)


def open_any(key: OpensEnvelopes, envelopes: bytes, info: str) -> bytes:
    """Return the plaintext of `seal_to_each`, sealed to `key` among others for `info`.

    Raises:
        SealError: as `SealingKey.open`; none of the envelopes is for this key.
    """
    try:
        return key.open(envelopes, info)
    except SealError as error:
        for envelope in _apart(envelopes):
            try:
                return key.open(envelope, info)
            except SealError:
                continue
        raise error from None


def _apart(envelopes: bytes) -> Iterator[bytes]:
    """Yield the envelopes of every way to part the bytes into several of one size."""
    for number in range(2, MAX_RECIPIENTS + 1):
        size, rest = divmod(len(envelopes), number)
        if size and not rest:
            yield from (envelopes[start : start + size] for start in range(0, len(envelopes), size))


def _public(text: str) -> MLKEM768X25519PublicKey:
    try:
        raw = base64.b64decode(text, validate=True)
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM_PUBLIC]), X25519PublicKey.from_public_bytes(raw[_MLKEM_PUBLIC:])
        )
    except (binascii.Error, ValueError):
        raise SealError("roster: a sealing key is malformed; ask the organisation for its key again") from None
