"""How a true person becomes a record: each site's habits and errors.

Reads the packaged table of habits once; otherwise pure. A field is first chosen (which name, which address) and then spoilt.
"""

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Final

from validation.synthetic import names
from validation.synthetic.draws import Draws
from validation.synthetic.families import Person
from validation.synthetic.places import Address

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
KEPT_BY_DECOMPOSITION: Final = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "đ": "d"})  # letters that Unicode does not take apart
SOUNDS: Final = (
    ("ph", "f"), ("ck", "k"), ("ee", "ea"), ("ie", "y"), ("ey", "y"), ("ll", "l"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("rr", "r"), ("c", "k"), ("z", "s"), ("y", "i"),
)  # fmt: skip
SLIPS: Final = (
    "nickname", "spelling", "typo", "phonetic", "names_swapped", "half_surname", "former_surname", "birth_blank", "birth_digit", "birth_swapped",
    "birth_january", "sex_wrong", "address_number", "postcode_typo", "postcode_blank", "address_late",
)  # fmt: skip
MOST_SLIPS: Final = 0.5
SHORT_STREETS: Final = {"Street": "St", "Road": "Rd", "Avenue": "Ave", "Close": "Cl", "Lane": "Ln", "Drive": "Dr", "Gardens": "Gdns"}


@dataclass(frozen=True, slots=True)
class Habits:
    """How often a site records a field wrongly, partly or not at all, per record: the rows of `tables/recording.csv`."""

    nickname: float
    spelling: float
    typo: float
    phonetic: float
    names_swapped: float
    half_surname: float
    middle_blank: float
    middle_initial: float
    surname_blank: float
    former_surname: float
    upper: float
    plain: float
    birth_blank: float
    birth_digit: float
    birth_swapped: float
    birth_january: float
    sex_wrong: float
    address_blank: float
    address_number: float
    address_style: float
    postcode_typo: float
    postcode_blank: float
    address_late: float


@dataclass(slots=True, repr=False)
class Recorded:
    """The identifiers of one record as a site wrote them; missing is the empty string."""

    forename: str
    middle_names: str
    surname: str
    date_of_birth: str
    sex: str
    address: str
    town: str
    postcode: str


def record(draws: Draws, person: Person, site: str) -> Recorded:
    """Return a person as a site recorded them."""
    habits = _habits(site, draws.carelessness)
    forename, surname = _forename(draws, person, habits), _surname(draws, person, habits)
    if draws.chance(habits.names_swapped) and surname:
        forename, surname = surname, forename
    case = str.upper if draws.chance(habits.upper) else str
    plain = unaccented if draws.chance(habits.plain) else str
    return Recorded(
        case(plain(forename)),
        case(plain(_middle(draws, person, habits))),
        case(plain(surname)),
        _birth(draws, person.born, habits),
        _sex(draws, person.sex, habits),
        *_address(draws, person, habits),
    )


@functools.cache
def habits_of() -> Mapping[str, Habits]:
    """Return the habits of each site."""
    table = {row.pop("field"): row for row in names.read_table("recording.csv")}
    sites = table[fields(Habits)[0].name]
    return {site: Habits(**{name: float(row[site]) for name, row in table.items()}) for site in sites}


@functools.cache
def _habits(site: str, carelessness: float) -> Habits:
    """Return a site's habits with every slip `carelessness` times as often; how it spells and abbreviates stays."""
    usual = habits_of()[site]
    return replace(usual, **{slip: min(max(MOST_SLIPS, getattr(usual, slip)), getattr(usual, slip) * carelessness) for slip in SLIPS})


def typo(draws: Draws, text: str) -> str:
    """Return text with one letter doubled, dropped, swapped with the next or replaced."""
    if len(text) < 3:  # noqa: PLR2004 - too short to stay a name
        return text
    place, kind = draws.between(1, len(text) - 2), draws.below(4)
    before, letter, after = text[:place], text[place], text[place + 1 :]
    return (before + letter + letter + after, before + after, before + after[0] + letter + after[1:], before + draws.pick(LETTERS) + after)[
        kind
    ]


def phonetic(draws: Draws, text: str) -> str:
    """Return text spelt another way that sounds alike, where there is one."""
    fitting = [pair for pair in SOUNDS if pair[0] in text[1:]]
    if not fitting:
        return f"{text}e" if text[-1:].isalpha() else text
    written, heard = draws.pick(fitting)
    return text[0] + text[1:].replace(written, heard, 1)


def unaccented(text: str) -> str:
    """Return text without diacritics."""
    return (
        text if text.isascii() else unicodedata.normalize("NFKD", text.translate(KEPT_BY_DECOMPOSITION)).encode("ascii", "ignore").decode()
    )


def _spoilt(draws: Draws, text: str, habits: Habits) -> str:
    if draws.chance(habits.typo):
        return typo(draws, text)
    return phonetic(draws, text) if draws.chance(habits.phonetic) else text


def _forename(draws: Draws, person: Person, habits: Habits) -> str:
    short, spelt = names.nicknames().get(person.forename), names.spellings().get(person.forename)
    if short and draws.chance(habits.nickname * 2):
        return draws.pick(short)
    if spelt and draws.chance(habits.spelling * 2):
        return draws.pick(spelt)
    return _spoilt(draws, person.forename, habits)


def _surname(draws: Draws, person: Person, habits: Habits) -> str:
    if draws.chance(habits.surname_blank):
        return ""
    surname = person.former_surname if person.former_surname and draws.chance(habits.former_surname) else person.surname
    if "-" in surname and draws.chance(habits.half_surname):
        return draws.pick((*surname.split("-"), surname.replace("-", " ")))
    spelt = names.spellings().get(surname)
    return draws.pick(spelt) if spelt and draws.chance(habits.spelling * 2) else _spoilt(draws, surname, habits)


def _middle(draws: Draws, person: Person, habits: Habits) -> str:
    if not person.middle or draws.chance(habits.middle_blank):
        return ""
    return person.middle[0] if draws.chance(habits.middle_initial) else person.middle


def _birth(draws: Draws, born: int, habits: Habits) -> str:
    luck, day = draws.unit(), date.fromordinal(born)
    for share, spoil in (
        (habits.birth_blank, _blank),
        (habits.birth_digit, _digit),
        (habits.birth_swapped, _swapped),
        (habits.birth_january, _january),
    ):
        if luck < share:
            return spoil(draws, day)
        luck -= share
    return day.isoformat()


def _blank(_draws: Draws, _day: date) -> str:
    return ""


def _digit(draws: Draws, day: date) -> str:
    part, step = draws.below(3), draws.pick((-1, 1))
    if part == 0:
        return f"{day.year + step * draws.pick((1, 1, 10)) if day.year < 2000 else day.year - 1}-{day:%m-%d}"  # noqa: PLR2004 - never after today
    if part == 1:
        return f"{day.year}-{(day.month + step - 1) % 12 + 1:02d}-{min(day.day, 28):02d}"
    return f"{day:%Y-%m}-{(day.day + step * draws.pick((1, 2, 10)) - 1) % 28 + 1:02d}"


def _swapped(_draws: Draws, day: date) -> str:
    return f"{day.year}-{day.day:02d}-{day.month:02d}" if day.day <= 12 else day.isoformat()  # noqa: PLR2004 - months


def _january(_draws: Draws, day: date) -> str:
    return f"{day.year}-01-01"


def _sex(draws: Draws, sex: str, habits: Habits) -> str:
    return {"F": "M", "M": "F"}[sex] if draws.chance(habits.sex_wrong) else sex


def _address(draws: Draws, person: Person, habits: Habits) -> tuple[str, str, str]:
    if draws.chance(habits.address_blank):
        return "", "", ""
    home = person.home
    if person.former_home and draws.chance(habits.address_late):
        home = person.former_home
    elif habits.address_number and draws.chance(habits.address_number):
        home = _next_door(draws, home)
    line = _restyled(home.line) if draws.chance(habits.address_style) else home.line
    return line, home.town, _postcode(draws, home.postcode, habits)


def _next_door(draws: Draws, home: Address) -> Address:
    """Return an address heard wrongly: another number."""
    first, _, rest = home.line.partition(" ")
    number = str(draws.between(1, 180)) if first.isdigit() else first
    return Address(home.place, f"{number} {rest}", home.postcode)


def _restyled(line: str) -> str:
    start, _, kind = line.rpartition(" ")
    return f"{start} {SHORT_STREETS.get(kind, kind)}".replace("Flat ", "").replace(",", "")


def _postcode(draws: Draws, postcode: str, habits: Habits) -> str:
    if draws.chance(habits.postcode_blank):
        return ""
    if draws.chance(habits.postcode_typo):
        return postcode[:-1] + draws.pick("ABDEFGHJLNPQRSTUWXYZ") if draws.chance(0.7) else typo(draws, postcode)
    return postcode
