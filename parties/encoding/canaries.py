"""Shared invented people that every party encodes. Pure.

Their filters must be byte-equal across parties: a party whose normaliser, schema or key drifted is refused before a search.
They are written as people write: marks, titles, prefixes, a mistyped postcode.
"""

import numpy as np
from numpy.typing import NDArray

from parties.encoding.rows import PersonRows

_HEADER = ("forename", "surname", "date_of_birth", "address", "town", "postcode")
_PEOPLE = (
    ("Siân", "ap Rhys", "1987-02-11", "Flat 3, 14 Heol y Bont", "Aberwen", "ZZ1 1AA"),
    ("Mr Mohammed", "Al-Hassan", "1979-12-01", "221 Saint Mark's Road", "Northbridge", "ZZ99 3BD"),
    ("Anne-Marie", "O’Donnell", "1991-06-30", "Apartment 7, Quay House", "Eastport", "zz2o 4je"),  # noqa: RUF001 - as people type it
    ("Łukasz", "MacKenzie", "1983-01-01", "9 Kingfisher Avenue", "Holmdale", "ZZ3 6QR"),
    ("JON", "van der Berg Smith", "2000-02-29", "1 The Green", "Westley", "ZZ4 5TU"),
    ("Zoë", "Kaur", "1996-10-09", "88b Long Lane", "Southmere", "ZZ5 I DX"),
)  # fmt: skip


def canary_rows() -> PersonRows:
    """Return the canaries of either population."""
    rows = PersonRows()
    for position, person in enumerate(_PEOPLE):
        rows.add_row(rows.add_person(str(position)), dict(zip(_HEADER, person, strict=True)))
    return rows


def canary_labels(population: str, projection: str, clks: NDArray[np.uint8]) -> list[str]:
    """Return the label of each canary's filter, in order."""
    return [f"{population}.{projection}.{position}" for position in range(len(clks))]
