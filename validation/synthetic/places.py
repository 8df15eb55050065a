"""Where invented people live, and where they are received: authorities, forces, addresses, establishments.

Reads the packaged tables once; otherwise pure. Postcodes are well formed and need not exist; one street has its own.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from validation.synthetic import rates
from validation.synthetic.draws import Draws, Weighted
from validation.synthetic.names import read_table, words

INWARD_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"  # Royal Mail: never C I K M O V
SPREAD: Final = 37  # coprime with 400: neighbouring streets do not get neighbouring postcodes
HOUSES_TO_A_POSTCODE: Final = 30
FLATS: Final = 0.22  # of households; Census 2021


@dataclass(frozen=True, slots=True)
class Authority:
    """A local authority of the synthetic round."""

    gss: str
    name: str
    dfe_number: str
    force: str
    neighbour: str = ""


AUTHORITIES: Final[Mapping[str, Authority]] = {  # codes: ONS and DfE, April 2023
    "W06000015": Authority("W06000015", "Cardiff", "681", "south-wales"),
    "E08000025": Authority("E08000025", "Birmingham", "330", "west-midlands", "E08000028"),
    "E08000028": Authority("E08000028", "Sandwell", "333", "west-midlands", "E08000025"),
    "E08000026": Authority("E08000026", "Coventry", "331", "west-midlands"),
}
FORCES: Final = ("south-wales", "west-midlands")


@dataclass(frozen=True, slots=True)
class Place:
    """A postcode district; `authority` and `force` are empty outside the round."""

    district: str
    town: str
    authority: str
    force: str
    sectors: str


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """One home as it should be written."""

    place: Place
    line: str
    postcode: str

    @property
    def town(self) -> str:
        """The post town."""
        return self.place.town


@dataclass(frozen=True, slots=True)
class Establishment:
    """A prison."""

    code: str
    name: str
    town: str
    district: str


def place(draws: Draws) -> Place:
    """Return a place to live, as common as people there, `LOCAL_SHARE` of the time in one of the four authorities."""
    return _places()[draws.chance(rates.LOCAL_SHARE)].draw(draws)


def place_in(draws: Draws, authority: str) -> Place:
    """Return a place in an authority, by its code; one that is not of the four stands for any place."""
    return _places_of()[authority].draw(draws) if authority in AUTHORITIES else place(draws)


def place_near(draws: Draws, here: Place) -> Place:
    """Return a place in the same authority; outside the round, the same place."""
    return _places_of()[here.authority].draw(draws) if here.authority else here


def address(draws: Draws, here: Place) -> Address:
    """Return a home in a place."""
    if draws.chance(FLATS):
        court = draws.below(len(words("court")))
        return Address(here, f"Flat {draws.between(1, 60)}, {words('court')[court]}", _postcode(here, 7 * court))
    stems, kinds = words("street"), words("street_kind")
    street, number = draws.below(len(stems) * len(kinds)), draws.between(1, 180)
    stem, kind = divmod(street, len(kinds))
    return Address(here, f"{number} {stems[stem]} {kinds[kind]}", _postcode(here, street * 6 + number // HOUSES_TO_A_POSTCODE))


def hostel(here: Place) -> Address:
    """Return the hostel of a place, whose residents share one address."""
    return Address(here, "St Martin's House, 2 Mill Lane", _postcode(here, 1))


def approved_premises(here: Place) -> Address:
    """Return the approved premises of a place."""
    return Address(here, "Elmfield Lodge, 41 Station Road", _postcode(here, 2))


def establishment(draws: Draws, sex: str, force: str) -> Establishment:
    """Return where someone is received: near home, or away."""
    near = "" if draws.chance(rates.HELD_AWAY) else force
    return draws.pick(_establishments()[sex, near])


def prison_address(prison: Establishment) -> tuple[str, str, str]:
    """Return a prison recorded as someone's home: address line, town, postcode."""
    return f"HMP {prison.name}", prison.town, f"{prison.district} 1AA"


def _postcode(here: Place, number: int) -> str:
    sector = here.sectors[number % len(here.sectors)]
    first, second = divmod(number * SPREAD % len(INWARD_LETTERS) ** 2, len(INWARD_LETTERS))
    return f"{here.district} {sector}{INWARD_LETTERS[first]}{INWARD_LETTERS[second]}"


@functools.cache
def _populations() -> Mapping[Place, float]:
    rows = read_table("places.csv")
    return {Place(row["district"], row["town"], row["authority"], row["force"], row["sectors"]): float(row["population"]) for row in rows}


@functools.cache
def _places() -> Mapping[bool, Weighted[Place]]:
    return {
        local: Weighted({here: people for here, people in _populations().items() if bool(here.authority) is local})
        for local in (True, False)
    }


@functools.cache
def _places_of() -> Mapping[str, Weighted[Place]]:
    return {gss: Weighted({here: people for here, people in _populations().items() if here.authority == gss}) for gss in AUTHORITIES}


@functools.cache
def _establishments() -> Mapping[tuple[str, str], list[Establishment]]:
    found: dict[tuple[str, str], list[Establishment]] = {}
    for row in read_table("establishments.csv"):
        found.setdefault((row["sex"], row["near"]), []).append(Establishment(row["code"], row["name"], row["town"], row["district"]))
    return found
