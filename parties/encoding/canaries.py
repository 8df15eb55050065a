"""Shared invented people that every party encodes. Pure.

Their filters must be byte-equal across parties: a party whose normaliser, schema or key drifted is refused before a search.
They are written as people write: marks, titles, prefixes, other names, a mistyped postcode, dates in several forms; each kind of rule has one.
"""

import numpy as np
from numpy.typing import NDArray

from parties.encoding.rows import PersonRows

_HEADER = ("forename", "middle_names", "surname", "date_of_birth", "sex", "address", "town", "postcode")
_PEOPLE = (
    ("Siân", "", "ap Rhys", "1987-02-11", "F", "Flat 3, 14 Heol y Bont", "Aberwen", "ZZ1 1AA"),
    ("Mr Mohammed", "", "Al-Hassan", "1979-12-01", "1", "221 Saint Mark's Road", "Northbridge", "ZZ9 3BD"),
    ("Anne-Marie", "", "O’Donnell", "1991-06-30", "f", "Apartment 7, Quay House", "Eastport", "zz2o 4je"),  # noqa: RUF001 - as people type it
    ("Łukasz", "", "MacKenzie", "1983-01-01", "Male", "No. 9 A, Kingfisher Avenue", "Holmdale", "ZZ3 6QR"),
    ("JON", "", "van der Berg Smith", "2000-02-29", "M", "1 The Green", "Westley", "ZZ4 5TU"),
    ("Zoë", "", "Kaur", "1996-10-09", "2", "88b Long Lane", "Southmere", "ZZ5 I DX"),
    ("William (known as Bill)", "J", "Jones née Davies", "11/02/1987", "gwryw", "HMP Northbridge", "Northbridge", "ZZ1 1AA"),
    ("Harpreet Kaur", "", "Kour Gill", "3 Mawrth 1990", "benyw", "2 Prison Lane", "Westley", "ZZ4 5TU"),
    ("-", "", "Suhardjono", "1975-13-04", "M", "Unknown", "Holmdale", "ZZ3 6QR"),
    ("Catarine", "Baby", "Oleksandr 2", "19881130", "9", "Number 12, Elm Ct", "Eastport", "ZZ99 3VZ"),
)  # fmt: skip


def canary_rows() -> PersonRows:
    """Return the canaries of either population."""
    rows = PersonRows()
    for position, person in enumerate(_PEOPLE):
        rows.add_rows(rows.add_person(str(position)), dict(zip(_HEADER, person, strict=True)))
    return rows


def canary_labels(population: str, projection: str, clks: NDArray[np.uint8]) -> list[str]:
    """Return the label of each canary's filter, in order."""
    return [f"{population}.{projection}.{position}" for position in range(len(clks))]
