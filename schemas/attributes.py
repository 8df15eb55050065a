"""What the prison service tells the authority that acts about one reception: sealed, copied by the service unread, opened by the desk. Pure.

Every filter of an adult has one, of one size; a fill's stands for nobody. The key is of the round: custodians have it, the service does
not. AES-256-GCM-SIV (RFC 8452) does no harm where a nonce seals other content because an extract has changed.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from schemas.errors import SealError, SubmissionError

ATTRIBUTES_PART: Final = "adults.attributes.arrow"
HANDLE_BYTES: Final = 32
NONCE_BYTES: Final = 12
_LAYOUT: Final = Struct(f"<{HANDLE_BYTES}sBB")  # handle, custody, marks
_TAG_BYTES: Final = 16
SEALED_ATTRIBUTES_BYTES: Final = NONCE_BYTES + _LAYOUT.size + _TAG_BYTES
_NOBODY: Final = bytes(_LAYOUT.size)
_RESTRICTED, _SOLE_CARER = 1, 2


class Custody(IntEnum):
    """How somebody is held, as at the reception."""

    REMAND = 1
    SENTENCED = 2
    RECALL = 3


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Attributes:
    """Of one reception: the event handle, how the parent is held, whether contact with children is restricted, whether nobody else cares for them.

    `handle` is random; who has it reads the events that are published of this reception, and nobody else does.
    """

    handle: bytes
    custody: Custody
    is_restricted: bool = False
    is_sole_carer: bool = False

    def __repr__(self) -> str:
        """Show nothing."""
        return "Attributes(…)"


def seal_attributes(attributes: Attributes | None, key: bytes, nonce: bytes) -> bytes:
    """Return attributes, or None's for a fill, sealed: `SEALED_ATTRIBUTES_BYTES`, the nonce first."""
    return nonce + AESGCMSIV(key).encrypt(nonce, _written(attributes), None)


def open_attributes(sealed: bytes, key: bytes) -> Attributes | None:
    """Return what is sealed, or None where it stands for nobody.

    Raises:
        SealError: it is damaged, or sealed under another key.
        SubmissionError: it holds a value that this version does not know.
    """
    try:
        content = AESGCMSIV(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        raise SealError("attributes: damaged, or sealed under another round's key; tell the linkage operator") from None
    return None if content == _NOBODY else _read(content)


def _written(attributes: Attributes | None) -> bytes:
    if attributes is None:
        return _NOBODY
    marks = _RESTRICTED * attributes.is_restricted | _SOLE_CARER * attributes.is_sole_carer
    return _LAYOUT.pack(attributes.handle, attributes.custody, marks)


def _read(content: bytes) -> Attributes:
    if len(content) == _LAYOUT.size:
        handle, custody, marks = _LAYOUT.unpack(content)
        if custody in set(Custody) and marks <= _RESTRICTED | _SOLE_CARER:
            is_restricted, is_sole_carer = bool(marks & _RESTRICTED), bool(marks & _SOLE_CARER)
            return Attributes(handle=handle, custody=Custody(custody), is_restricted=is_restricted, is_sole_carer=is_sole_carer)
    raise SubmissionError("attributes: a value is not a known one; update Kinlink")
