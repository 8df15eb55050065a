"""Invented people as two custodians would have recorded them, in the columns of a projection and as filters."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import ceil

import numpy as np
from numpy.typing import NDArray

from parties.encoding.clk import encode_clks
from parties.encoding.diffusion import diffuse, draw_positions
from parties.encoding.rows import PersonRows, fields
from parties.keys.derive import derive
from schemas.agreement import Encoding, Projection
from validation.synthetic.draws import Draws
from validation.synthetic.families import FamilyMaker, Person
from validation.synthetic.population import BLOCK_PEOPLE
from validation.synthetic.recording import Recorded, record

T = Encoding.model_fields["diffusion"].default
LARGER_SITE, SMALLER_SITE = "authority_child", "reception"  # whose habits of recording
NAMES_AND_BIRTH: Projection = "A"
SHARED = 0.6  # of the smaller side: people whom the larger side has, too
SPARE, SPARE_PEOPLE = 1.02, 20  # some records lack a name or the date of birth, and have no filter
SITE_DRAWS = {LARGER_SITE: 2**31, SMALLER_SITE: 2**31 + 1}  # block numbers of the errors' draws, apart from those of the people
Values = list[tuple[str, ...]]
Filters = NDArray[np.uint8]


@dataclass(frozen=True)
class Sides:
    """Filters of both sides, shape (n, 128): before diffusion and after it."""

    plain: tuple[Filters, Filters]
    diffused: tuple[Filters, Filters]


def people(seed: int) -> Iterator[Person]:
    """Yield invented people, without end; the same seed gives the same ones."""
    block = 0
    while True:
        maker = FamilyMaker(Draws(seed, block), block * BLOCK_PEOPLE + 1)
        while maker.next_id <= (block + 1) * BLOCK_PEOPLE:
            family = maker.family()
            yield from (*family.adults, *family.children)
        block += 1


def recorded(found: Iterable[Person], site: str, seed: int) -> PersonRows:
    """Return people as rows, with the errors that a site makes."""
    draws, rows = Draws(seed, SITE_DRAWS[site]), PersonRows()
    for person in found:
        rows.add_rows(rows.add_person(str(person.person_id)), _columns(record(draws, person, site)))
    return rows


def values(rows: PersonRows, projection: Projection) -> Values:
    """Return what a projection reads from each row that has it all."""
    return [row for row in fields(rows, projection) if row is not None]


def sides(smaller: int, larger: int, *, among: int, seed: int) -> Sides:
    """Return filters of names and date of birth: `smaller` and `larger` of them, most of the smaller side's among the first of the larger.

    Args:
        smaller: how many filters on the left.
        larger: how many on the right.
        among: those whom both sides have are among the first `among` of the larger side, evenly.
        seed: fixes people, errors and keys.
    """
    source = people(seed)
    many = list(islice(source, _enough(larger)))
    shared = many[: among - 1 : max(1, int(among / (smaller * SHARED)))][: int(smaller * SHARED)]
    few = [*shared, *islice(source, _enough(smaller) - len(shared))]
    key = derive(seed.to_bytes(32, "big"), "bench")
    plain = tuple(
        _clks(recorded(found, site, seed), size, key) for found, site, size in ((few, SMALLER_SITE, smaller), (many, LARGER_SITE, larger))
    )
    positions = draw_positions(key, "adults", NAMES_AND_BIRTH, T)
    return Sides((plain[0], plain[1]), (diffuse(plain[0], positions), diffuse(plain[1], positions)))


def popcounts(filters: Filters) -> tuple[float, float]:
    """Return mean and standard deviation of how many bits of a filter are set."""
    counts = np.bitwise_count(filters).sum(axis=1, dtype=np.int64)
    return float(counts.mean()), float(counts.std())


def _enough(size: int) -> int:
    return ceil(size * SPARE) + SPARE_PEOPLE


def _clks(rows: PersonRows, size: int, key: bytes) -> Filters:
    return encode_clks(values(rows, NAMES_AND_BIRTH)[:size], NAMES_AND_BIRTH, key)


def _columns(written: Recorded) -> dict[str, str]:
    return {name: getattr(written, name) for name in ("forename", "surname", "date_of_birth", "postcode", "address", "town")}
