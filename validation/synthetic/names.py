"""Names of invented people: forenames by origin, sex and decade, family names by origin, and how each custom passes them on.

Reads the packaged tables once; otherwise pure.
"""

import csv
import functools
import importlib.resources
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from validation.synthetic import rates
from validation.synthetic.draws import Draws, Weighted

FIRST_DECADE: Final = 1930
LAST_DECADE: Final = 2020
RARE_SURNAME: Final = 0.3  # the table's 950 general names cover about 60 % of people; the rest are made from place-name elements
SHARED_NAMES: Final[Mapping[tuple[str, str], tuple[float, tuple[str, ...]]]] = {  # a final name many share, not passed on
    ("muslim", "F"): (0.35, ("Begum", "Begum", "Bibi", "Khatun", "Akhtar")),
    ("muslim", "M"): (0.12, ("Miah", "Ali", "Ahmed", "Uddin")),
    ("sikh", "F"): (0.45, ("Kaur",)),
    ("sikh", "M"): (0.40, ("Singh",)),
}


def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of a packaged table; its first line, which gives the source, is passed over."""
    text = importlib.resources.files("validation.synthetic").joinpath("tables", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()[1:]))


@functools.cache
def words(kind: str) -> tuple[str, ...]:
    """Return the words of a kind: elements of surnames, streets, blocks of flats."""
    return next(tuple(row["words"].split(";")) for row in read_table("words.csv") if row["kind"] == kind)


def origin(draws: Draws, authority: str) -> str:
    """Return the origin of a family's names, as common as in its authority."""
    return _origins()[authority].draw(draws)


def forename(draws: Draws, name_origin: str, sex: str, year: int) -> str:
    """Return a forename for someone born in a year."""
    source = "general" if draws.chance(rates.LATER_GENERATION.get(name_origin, 0.0)) else name_origin
    by_decade = _forenames()[source, sex]
    decade = (min(max(year, FIRST_DECADE), LAST_DECADE + 9) - FIRST_DECADE) // 10
    return by_decade[min(decade, len(by_decade) - 1)].draw(draws)


def family_name(draws: Draws, name_origin: str) -> str:
    """Return a family name."""
    if name_origin == "general":
        name = _rare_surname(draws) if draws.chance(RARE_SURNAME) else _surnames()["general"].draw(draws)
        return f"{name}-{_surnames()['general'].draw(draws)}" if draws.chance(rates.DOUBLE_BARRELLED) else name
    return _surnames()[name_origin].draw(draws)


def own_surname(draws: Draws, name_origin: str, sex: str, family: str) -> str:
    """Return the surname a member of a family goes by: the family's, or a final name that many share."""
    share, shared = SHARED_NAMES.get((name_origin, sex), (0.0, ()))
    return draws.pick(shared) if draws.chance(share) else family


def patronymic(sex: str, father_forename: str) -> str:
    """Return the Welsh patronymic: son or daughter of."""
    if sex == "F":
        return f"ferch {father_forename}"
    return f"ab {father_forename}" if father_forename[0] in "AEIOUWY" else f"ap {father_forename}"


@functools.cache
def spellings() -> Mapping[str, tuple[str, ...]]:
    """Return for each name its other spellings and its Welsh or English forms."""
    found: dict[str, tuple[str, ...]] = {}
    for row in read_table("name_variants.csv"):
        forms = row["forms"].split(";")
        if row["kind"] == "spelling":
            found |= {form: (*found.get(form, ()), *(other for other in forms if other != form)) for form in forms}
    return found


@functools.cache
def nicknames() -> Mapping[str, tuple[str, ...]]:
    """Return for each full forename the short forms in use."""
    rows = (row["forms"].split(";") for row in read_table("name_variants.csv") if row["kind"] == "nickname")
    return {full: tuple(short) for full, *short in rows}


def _rare_surname(draws: Draws) -> str:
    return draws.pick(words("surname_start")) + draws.pick(words("surname_end"))


@functools.cache
def _origins() -> Mapping[str, Weighted[str]]:
    return {row.pop("authority"): Weighted({name: float(weight) for name, weight in row.items()}) for row in read_table("origin_mix.csv")}


@functools.cache
def _forenames() -> Mapping[tuple[str, str], list[Weighted[str]]]:
    rows: defaultdict[tuple[str, str], dict[str, list[float]]] = defaultdict(dict)
    for row in read_table("given_names.csv"):
        rows[row["origin"], row["sex"]][row["name"]] = [float(weight) for weight in row["weights"].split()]
    return {
        key: [Weighted({name: weights[decade] for name, weights in named.items()}) for decade in range(len(next(iter(named.values()))))]
        for key, named in rows.items()
    }


@functools.cache
def _surnames() -> Mapping[str, Weighted[str]]:
    rows: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for row in read_table("surnames.csv"):
        rows[row["origin"]][row["surname"]] = float(row["weight"])
    return {key: Weighted(weights) for key, weights in rows.items()}
