"""Planted controls: invented families that custodians add to a round, to measure it without seeing a person. Pure.

Every custodian derives the same families from the round key. A family has a number; the number alone says of which class it is
and from which list its names come, so that nothing but person ids has to be shown. Each custodian's ids travel with its
submission, in a list of one size, sealed under an opener that custodians release with their answers to the last wave:

    list    for each number: id of the adult, id of the child (16 bytes each; zeros where the custodian planted none)
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.encoding_set import POPULATIONS, PSEUDONYM_BYTES, Population
from schemas.errors import SealError

CONTROLS_PART: Final = "controls.arrow"
SEALED_LISTS: Final = pa.schema([pa.field("sealed", pa.binary(), nullable=False)])  # one row
OPENER_BYTES: Final = 32
_TAG_BYTES: Final = 16
_IV: Final = bytes(12)  # a key is of one round and one custodian; GCM-SIV bears that a changed list is sealed under it again
_NOBODY: Final = bytes(PSEUDONYM_BYTES)


class ControlClass(StrEnum):
    """What is known of a control family: how the prison service's record of it errs, or how it is none."""

    USUAL = "usual"  # every site errs as such sites do
    EXACT = "exact"
    MOVED = "moved"
    SURNAME = "changed surname"
    NAME_SLIP = "name slip"
    BIRTH_SLIP = "birth slip"
    SWAPPED = "swapped names"
    ALIAS = "alias"
    TWIN = "twin"  # from here on: the authority knows somebody else, who looks like the parent or the child
    SIBLING = "sibling"
    NAMESAKE = "namesake"
    LOOK_ALIKE = "look-alike"  # a person put together from the prison service's own columns, whom no authority knows


# Whom the real person is not there to outdo: harder than a round's people. Shown by class, and in no share of all.
HARDER: Final = frozenset({ControlClass.TWIN, ControlClass.SIBLING, ControlClass.NAMESAKE})
NON_MATCHES: Final = HARDER | {ControlClass.LOOK_ALIKE}
# Which class comes how often: half of the matches as sites usually record them, a third of all families no match.
SCHEDULE: Final[tuple[ControlClass, ...]] = (
    ControlClass.USUAL,
    ControlClass.TWIN,
    ControlClass.EXACT,
    ControlClass.USUAL,
    ControlClass.MOVED,
    ControlClass.LOOK_ALIKE,
    ControlClass.USUAL,
    ControlClass.SURNAME,
    ControlClass.SIBLING,
    ControlClass.NAME_SLIP,
    ControlClass.USUAL,
    ControlClass.BIRTH_SLIP,
    ControlClass.NAMESAKE,
    ControlClass.SWAPPED,
    ControlClass.LOOK_ALIKE,
    ControlClass.ALIAS,
)
NAME_LISTS: Final = ("general", "muslim", "sikh", "hindu", "african", "european", "welsh")


class Planted(NamedTuple):
    """The ids of one control family with one custodian, by population; None where it planted nobody."""

    adults: bytes | None
    children: bytes | None

    def __repr__(self) -> str:
        """Show nothing."""
        return "Planted(…)"


NOTHING: Final = Planted(None, None)


def class_of(number: int) -> ControlClass:
    """Return the class of a control family."""
    return SCHEDULE[number % len(SCHEDULE)]


def names_of(number: int) -> str:
    """Return which list of names a control family's names come from; every class meets every list."""
    return NAME_LISTS[number // len(SCHEDULE) % len(NAME_LISTS)]


def is_match(number: int) -> bool:
    """Say whether the two sides of a control family are one family, which a round must find."""
    return class_of(number) not in NON_MATCHES


def sealed_list_bytes(families: int) -> int:
    """Return the size of a sealed list: it follows from the agreed number of families alone."""
    return families * len(POPULATIONS) * PSEUDONYM_BYTES + _TAG_BYTES


def seal_list(planted: Mapping[int, Planted], families: int, opener: bytes, context: str) -> bytes:
    """Return the list of a custodian's controls, sealed.

    Args:
        planted: the ids, by the family's number, below `families`.
        families: how many families were agreed on.
        opener: the round's, 32 bytes.
        context: a `list_context`.
    """
    rows = (planted.get(number, NOTHING) for number in range(families))
    return _box(opener, context).encrypt(_IV, b"".join(person or _NOBODY for row in rows for person in row), None)


def open_list(sealed: bytes, families: int, opener: bytes, context: str) -> dict[int, Planted]:
    """Return the ids of a custodian's controls, by the family's number; families of which it planted nobody are left out.

    Raises:
        SealError: the list is damaged, or was sealed under another opener, or for another round or custodian.
    """
    if len(sealed) != sealed_list_bytes(families):
        raise SealError("controls: the list has another size than was agreed; submit again")
    try:
        content = _box(opener, context).decrypt(_IV, sealed, None)
    except InvalidTag:
        raise SealError("controls: the list is damaged, or sealed under another opener; it stays shut") from None
    ids = [content[at : at + PSEUDONYM_BYTES] for at in range(0, len(content), PSEUDONYM_BYTES)]
    rows = (Planted(*(None if person == _NOBODY else person for person in pair)) for pair in _pairs(ids))
    return {number: row for number, row in enumerate(rows) if row != NOTHING}


def list_context(round_digest: str, organisation: str) -> str:
    """Return the sealing context of one custodian's list in one round."""
    return f"kinlink/controls/1|{round_digest}|{organisation}"


def persons(planted: Planted) -> dict[Population, bytes]:
    """Return the ids that there are, by population."""
    return {population: person for population, person in zip(POPULATIONS, planted, strict=True) if person is not None}


def _pairs(ids: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    return list(zip(ids[::2], ids[1::2], strict=True))


def _box(opener: bytes, context: str) -> AESGCMSIV:
    return AESGCMSIV(HKDF(algorithm=SHA256(), length=32, salt=None, info=context.encode()).derive(opener))
