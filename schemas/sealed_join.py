"""A join as the second look carries it: whom a pseudonym stands for, of one size, sealed under an opener. Pure.

One side of a pair seals its join under a key that the other side alone releases, so that the linkage service opens a join only
where both answered for the same nonce. An opener seals one join; AES-256-GCM-SIV (RFC 8452) does no harm where a party answers
again after its extract has changed, which plain GCM with one nonce would.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from schemas.encoding_set import POPULATIONS, Population
from schemas.errors import SealError, SubmissionError
from schemas.joins import PERSON_BYTES, Standing

MAX_TIED: Final = 12
MAX_COUNT: Final = 255
OPENER_BYTES: Final = 32

_RECORD = Struct(f"<{PERSON_BYTES}sBBHBB{MAX_TIED * PERSON_BYTES}s")  # person, population, standing, quarter, tied, more, ids
_IV = bytes(12)  # an opener is of one nonce and one side: it seals one join
JOIN_BYTES: Final = _RECORD.size
SEALED_JOIN_BYTES: Final = JOIN_BYTES + 16  # the tag
_NOBODY = bytes(JOIN_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Join:
    """Whom a pseudonym stands for.

    Attributes:
        person: the person's id in this round, 16 bytes.
        population: of which the person is.
        standing: the authority's relation to a child; none for an adult, or elsewhere.
        last_contact: quarter of the last contact, 4 x year + quarter - 1; 0 where it is not said.
        tied: ids of persons of the other population that belong to this one; `MAX_TIED` of them travel.
        more: how many ties had no room.
    """

    person: bytes
    population: Population
    standing: Standing | None = None
    last_contact: int = 0
    tied: tuple[bytes, ...] = ()
    more: int = 0


def write_join(join: Join | None) -> bytes:
    """Return the `JOIN_BYTES` bytes of a join; None is a fill's, which stands for nobody. Ties beyond `MAX_TIED` are only counted."""
    if join is None:
        return _NOBODY
    standing = 0 if join.standing is None else 1 + join.standing
    population = 1 + POPULATIONS.index(join.population)
    tied = join.tied[:MAX_TIED]
    more = min(MAX_COUNT, join.more + len(join.tied) - len(tied))
    return _RECORD.pack(join.person, population, standing, join.last_contact, len(tied), more, b"".join(tied))


def read_join(content: bytes) -> Join | None:
    """Return the join in `content`, or None where it stands for nobody.

    Raises:
        SubmissionError: another size, or a value that `write_join` does not write.
    """
    if len(content) != JOIN_BYTES:
        raise SubmissionError(f"join: want {JOIN_BYTES} bytes; update Kinlink and submit again")
    if content == _NOBODY:
        return None
    person, population, standing, last_contact, count, more, ids = _RECORD.unpack(content)
    known = 1 <= population <= len(POPULATIONS) and standing <= len(Standing) and count <= MAX_TIED and any(person)
    if not known or any(ids[count * PERSON_BYTES :]):
        raise SubmissionError("join: a value is not a known one; update Kinlink and submit again")
    return Join(
        person=person,
        population=POPULATIONS[population - 1],
        standing=Standing(standing - 1) if standing else None,
        last_contact=last_contact,
        tied=tuple(ids[at : at + PERSON_BYTES] for at in range(0, count * PERSON_BYTES, PERSON_BYTES)),
        more=more,
    )


def seal_join(content: bytes, opener: bytes) -> bytes:
    """Return the `JOIN_BYTES` of a join sealed under `opener`, `SEALED_JOIN_BYTES` long."""
    return AESGCMSIV(opener).encrypt(_IV, content, None)


def open_join(sealed: bytes, opener: bytes) -> bytes:
    """Return the bytes of the join in `sealed`.

    Raises:
        SealError: it is damaged, or sealed under another opener.
    """
    try:
        return AESGCMSIV(opener).decrypt(_IV, sealed, None)
    except (InvalidTag, ValueError):
        raise SealError("join: damaged, or sealed under another opener; the pair stays shut") from None
