"""A join as the second look carries it: whom a pseudonym stands for, of one size, sealed under an opener. Pure.

One side of a pair seals its join under a key that the other side alone releases, so that the linkage service opens a join only
where both answered for the same nonce. An opener seals one join; AES-256-GCM-SIV (RFC 8452) does no harm where a party answers
again after its extract has changed, which plain GCM with one nonce would.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from schemas.encoding_set import POPULATIONS, Population
from schemas.errors import SealError, SubmissionError
from schemas.joins import PERSON_BYTES, AgeBand, Relation, Standing

MAX_TIED: Final = 12
MAX_COUNT: Final = 255
OPENER_BYTES: Final = 32
UNKNOWN_VALUE: Final = "join: a value is not a known one; update Kinlink and submit again"

_TIED = Struct(f"<{PERSON_BYTES}sBH")  # person, standing and age, quarter
_RECORD = Struct(f"<{PERSON_BYTES}sBBHBB{MAX_TIED * _TIED.size}s")  # person, population, standing and age, quarter, tied, more, who is tied
_AGE = 16  # times the age band, beside 1 + the standing
_IV = bytes(12)  # an opener is of one nonce and one side: it seals one join
JOIN_BYTES: Final = _RECORD.size
SEALED_JOIN_BYTES: Final = JOIN_BYTES + 16  # the tag
_NOBODY = bytes(JOIN_BYTES)


class Tied(NamedTuple):
    """Somebody of the other population who belongs to a person: the id, and the authority's relation where it is a child of its own."""

    person: bytes
    relation: Relation | None = None

    def __repr__(self) -> str:
        """Show nothing."""
        return "Tied(…)"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Join:
    """Whom a pseudonym stands for.

    Attributes:
        person: the person's id in this round, 16 bytes: a pseudonym of the person's, see `schemas.joins.NAMING`.
        population: of which the person is.
        relation: the authority's to a child; none for an adult, or elsewhere.
        tied: persons of the other population that belong to this one; `MAX_TIED` of them travel.
        more: how many ties had no room.
    """

    person: bytes
    population: Population
    relation: Relation | None = None
    tied: tuple[Tied, ...] = ()
    more: int = 0


def write_join(join: Join | None) -> bytes:
    """Return the `JOIN_BYTES` bytes of a join; None is a fill's, which stands for nobody. Ties beyond `MAX_TIED` are only counted."""
    if join is None:
        return _NOBODY
    population = 1 + POPULATIONS.index(join.population)
    tied = join.tied[:MAX_TIED]
    more = min(MAX_COUNT, join.more + len(join.tied) - len(tied))
    ties = b"".join(_TIED.pack(person, *_written(relation)) for person, relation in tied)
    return _RECORD.pack(join.person, population, *_written(join.relation), len(tied), more, ties)


def read_join(content: bytes) -> Join | None:
    """Return the join in `content`, or None where it stands for nobody.

    Raises:
        SubmissionError: another size, or a value that `write_join` does not write.
    """
    if len(content) != JOIN_BYTES:
        raise SubmissionError(f"join: want {JOIN_BYTES} bytes; update Kinlink and submit again")
    if content == _NOBODY:
        return None
    person, population, said, last_contact, count, more, ties = _RECORD.unpack(content)
    if not (1 <= population <= len(POPULATIONS) and count <= MAX_TIED and any(person)) or any(ties[count * _TIED.size :]):
        raise SubmissionError(UNKNOWN_VALUE)
    return Join(
        person=person,
        population=POPULATIONS[population - 1],
        relation=_relation(said, last_contact),
        tied=tuple(Tied(tied, _relation(*of_tied)) for tied, *of_tied in _TIED.iter_unpack(ties[: count * _TIED.size])),
        more=more,
    )


def _written(relation: Relation | None) -> tuple[int, int]:
    return (0, 0) if relation is None else (_AGE * relation.age + 1 + relation.standing, relation.last_contact)


def _relation(said: int, last_contact: int) -> Relation | None:
    age, standing = divmod(said, _AGE)
    if standing > len(Standing) or age >= len(AgeBand) or ((last_contact or age) and not standing):
        raise SubmissionError(UNKNOWN_VALUE)
    return Relation(Standing(standing - 1), last_contact, AgeBand(age)) if standing else None


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
