"""Comparing tags: how far two records agree in each field, as one level per field. Pure.

A tag says nothing but whether it equals another, so a level is what equalities say: which block of one side met which block
of the other. Level 0 is "no evidence" everywhere: one of the two, or both, have nothing in the field.
"""

from collections.abc import Mapping, Sequence
from enum import IntEnum
from functools import reduce
from operator import itemgetter, or_
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.second_look import DOB_DIGITS, N_BANDS, N_TAGS, POSITIONS, PRESENT, YEAR_DIGITS

Tags = npt.NDArray[np.uint64]
Levels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

NONE: Final = 0


class Name(IntEnum):
    """How far forenames, or surnames, agree; an exact name by how rare it is."""

    NONE = NONE
    DIFFERENT = 1
    INITIAL = 2
    START = 3
    SOUND = 4
    OTHER_NAME = 5
    NEAR = 6
    SHORT_FORM = 7
    SWAPPED = 8
    ALIAS = 9
    EXACT_VERY_COMMON = 10
    EXACT_COMMON = 11
    EXACT_UNCOMMON = 12
    EXACT_RARE = 13


class Middle(IntEnum):
    """How far middle names agree; the first two are of pairs without whole names on both sides."""

    NONE = NONE
    ONLY_INITIAL_DIFFERS = 1
    ONLY_INITIAL = 2
    DIFFERENT = 3
    INITIAL = 4
    EXACT = 5


class Birth(IntEnum):
    """How far dates of birth agree; the first three are of dates whose day is not known on both sides."""

    NONE = NONE
    YEAR_DIFFERS = 1
    YEAR_NEAR = 2
    YEAR = 3
    DIFFERENT = 4
    SAME_YEAR = 5
    DAY_AND_MONTH = 6
    TWO_DIGITS = 7
    ONE_DIGIT = 8
    SWAPPED = 9
    WHOLE = 10


class Place(IntEnum):
    """How far postcodes and towns agree; the first two are of pairs without postcodes on both sides."""

    NONE = NONE
    ONLY_TOWN_DIFFERS = 1
    ONLY_TOWN = 2
    DIFFERENT = 3
    TOWN = 4
    DISTRICT = 5
    SECTOR = 6
    FORMER_UNIT = 7
    UNIT = 8


class Address(IntEnum):
    """How far house numbers and street words agree."""

    NONE = NONE
    DIFFERENT = 1
    NUMBER = 2
    STREET = 3
    BOTH = 4


class Sex(IntEnum):
    """Whether sexes agree."""

    NONE = NONE
    DIFFERENT = 1
    SAME = 2


FIELDS: Final[Mapping[str, type[IntEnum]]] = {
    "forename": Name, "surname": Name, "middle": Middle, "birth": Birth, "place": Place, "address": Address, "sex": Sex,
}  # fmt: skip

# Levels that answer one question: of two dates without a day, only the year can be asked. Probabilities add up to 1 within each.
QUESTIONS: Final[Mapping[str, Sequence[range]]] = {
    **{field: (range(1, len(levels)),) for field, levels in FIELDS.items()},
    "middle": (range(Middle.ONLY_INITIAL_DIFFERS, Middle.DIFFERENT), range(Middle.DIFFERENT, len(Middle))),
    "birth": (range(Birth.YEAR_DIFFERS, Birth.DIFFERENT), range(Birth.DIFFERENT, len(Birth))),
    "place": (range(Place.ONLY_TOWN_DIFFERS, Place.DIFFERENT), range(Place.DIFFERENT, len(Place))),
}

# Of each question, the levels that say "the same".
SAME: Final[Mapping[str, Sequence[range]]] = {
    field: [question[Name.EXACT_VERY_COMMON - 1 :] if FIELDS[field] is Name else question[-1:] for question in questions]
    for field, questions in QUESTIONS.items()
}


def field_levels(left: Tags, right: Tags) -> Levels:
    """Return the level of every field of every pair, shape (pairs, fields), in the order of `FIELDS`.

    Args:
        left: one side's tags, shape (pairs, N_TAGS).
        right: the other side's, of the same pairs.

    Raises:
        ValueError: the shapes are not those.
    """
    if left.shape != right.shape or left.shape[1:] != (N_TAGS,):
        raise ValueError("tags: want (pairs, N_TAGS) on both sides")
    pair = _Pairs(left, right)
    forename, surname = _names(pair)
    return np.column_stack([forename, surname, _middle(pair), _birth(pair), _place(pair), _address(pair), _sex(pair)])


def all_the_same(levels: Levels) -> Levels:
    """Return the levels that pairs would have if they agreed in every field that they have evidence of; a name by its band, else a rare one."""
    agreed = _AGREED[np.arange(len(FIELDS)), levels]
    agreed[levels[:, _FORENAME] == Name.SWAPPED, _SURNAME] = Name.EXACT_RARE
    return agreed


class _Pairs:
    """Tags of both sides by position, so that a comparison reads memory in order."""

    def __init__(self, left: Tags, right: Tags) -> None:
        self.left, self.right = np.ascontiguousarray(left.T), np.ascontiguousarray(right.T)

    def meet(self, block: str, other: str = "") -> Mask:
        """Return whether any tag of the left's `block` is one of the right's `other`; the same block unless given."""
        lefts, rights = self.left[POSITIONS[block]], self.right[POSITIONS[other or block]]
        return reduce(or_, (one == two for one in lefts for two in rights))

    def cross(self, block: str, other: str) -> Mask:
        """Return whether the two blocks meet, either way round."""
        return self.meet(block, other) | self.meet(other, block)

    def same(self, block: str) -> Mask:
        """Return which positions of a block are equal, shape (positions, pairs)."""
        where = POSITIONS[block]
        return np.asarray(self.left[where] == self.right[where])

    def both_have(self, field: str) -> Mask:
        return self.meet(f"{PRESENT}{field}")


def _best(pairs: int, rules: Sequence[tuple[IntEnum, Mask]]) -> Levels:
    """Return each pair's last rule that holds: rules stand from the weakest to the strongest."""
    levels = np.zeros(pairs, dtype=np.uint8)
    for level, holds in rules:
        levels[holds] = level
    return levels


def _names(pair: _Pairs) -> tuple[Levels, Levels]:
    """Return the levels of forename and surname.

    Of swapped names the forename's level says so, and the surname's says nothing; a name that stands in the other field counts
    once, as the surname's.
    """
    forename, surname = _name(pair, "forename", "middle"), _name(pair, "surname", "forename")
    swapped = pair.meet("forename", "surname") & pair.meet("surname", "forename")
    swapped &= np.maximum(forename, surname) < Name.EXACT_VERY_COMMON
    forename[swapped], surname[swapped] = Name.SWAPPED, NONE
    forename[(surname == Name.OTHER_NAME) & (forename <= Name.INITIAL)] = NONE
    return forename, surname


def _name(pair: _Pairs, field: str, other: str) -> Levels:
    have, exact = pair.both_have(field), pair.same(field)
    forename = [
        (Name.INITIAL, have & pair.meet("forename.initial")),
        (Name.START, have & pair.meet("forename.start")),
        (Name.SHORT_FORM, pair.meet("forename.root")),
    ]
    rules = [
        (Name.DIFFERENT, have),
        (Name.SOUND, pair.meet(f"{field}.sound")),
        (Name.OTHER_NAME, pair.cross(field, other)),
        (Name.NEAR, pair.meet(f"{field}.near")),
        (Name.ALIAS, pair.cross(field, f"alias.{field}")),
        *((Name(Name.EXACT_VERY_COMMON + band), exact[band]) for band in range(N_BANDS)),
        *(forename if field == "forename" else ()),
    ]
    return _best(len(have), sorted(rules, key=itemgetter(0)))


def _middle(pair: _Pairs) -> Levels:
    initials, names, initial = pair.both_have("initial"), pair.both_have("middle"), pair.meet("middle.initial")
    rules = [
        (Middle.ONLY_INITIAL_DIFFERS, initials),
        (Middle.ONLY_INITIAL, initial),
        (Middle.DIFFERENT, names),
        (Middle.INITIAL, names & initial),
        (Middle.EXACT, pair.meet("middle")),
    ]
    return _best(len(initials), rules)


def _birth(pair: _Pairs) -> Levels:
    same, years, days = pair.same("dob"), pair.both_have("year"), pair.both_have("day")
    equal, in_year = same.sum(axis=0), same[:YEAR_DIGITS].sum(axis=0)
    year, whole = in_year == YEAR_DIGITS, years & days
    rules = [
        (Birth.YEAR_DIFFERS, years),
        (Birth.YEAR_NEAR, years & (in_year == YEAR_DIGITS - 1)),
        (Birth.YEAR, years & year),
        (Birth.DIFFERENT, whole),
        (Birth.SAME_YEAR, whole & year),
        (Birth.DAY_AND_MONTH, whole & (equal - in_year == DOB_DIGITS - YEAR_DIGITS)),
        (Birth.TWO_DIGITS, whole & (equal == DOB_DIGITS - 2)),
        (Birth.ONE_DIGIT, whole & (equal == DOB_DIGITS - 1)),
        (Birth.SWAPPED, pair.meet("dob.swap")),
        (Birth.WHOLE, whole & (equal == DOB_DIGITS)),
    ]
    return _best(len(year), rules)


def _place(pair: _Pairs) -> Levels:
    towns, postcodes = pair.both_have("town"), pair.both_have("postcode")
    rules = [
        (Place.ONLY_TOWN_DIFFERS, towns),
        (Place.ONLY_TOWN, pair.meet("town")),
        (Place.DIFFERENT, postcodes),
        (Place.TOWN, postcodes & pair.meet("town")),
        (Place.DISTRICT, pair.meet("postcode.district")),
        (Place.SECTOR, pair.meet("postcode.sector")),
        (Place.FORMER_UNIT, pair.cross("postcode", "postcode.former")),
        (Place.UNIT, pair.meet("postcode")),
    ]
    return _best(len(towns), rules)


def _address(pair: _Pairs) -> Levels:
    have, number, street = pair.both_have("address"), pair.meet("address.number"), pair.meet("address.street")
    return _best(
        len(have), [(Address.DIFFERENT, have), (Address.NUMBER, number), (Address.STREET, street), (Address.BOTH, number & street)]
    )


def _sex(pair: _Pairs) -> Levels:
    have = pair.both_have("sex")
    return _best(len(have), [(Sex.DIFFERENT, have), (Sex.SAME, pair.meet("sex"))])


def _agreed() -> Levels:
    """Return, for each field and level, the level of its question that says "the same", shape (fields, levels)."""
    table = np.zeros((len(FIELDS), max(map(len, FIELDS.values()))), dtype=np.uint8)
    for number, field in enumerate(FIELDS):
        for question, same in zip(QUESTIONS[field], SAME[field], strict=True):
            table[number, list(question)] = [level if level in same else same[-1] for level in question]
    return table


_AGREED: Final = _agreed()
_FORENAME, _SURNAME = (list(FIELDS).index(field) for field in ("forename", "surname"))
