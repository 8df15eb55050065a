"""Words of the report for fields, levels, groups and rules."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from linkage.second_look.levels import Address, Birth, Middle, Name, Place, Sex

FIELD_WORDS: Final[Mapping[str, str]] = {
    "forename": "forename", "surname": "surname", "middle": "middle name", "birth": "date of birth", "place": "postcode, town",
    "address": "address", "sex": "sex",
}  # fmt: skip

NO_EVIDENCE: Final = "missing"
_NAME: Final[Mapping[IntEnum, str]] = {
    Name.NONE: NO_EVIDENCE, Name.DIFFERENT: "different", Name.INITIAL: "same initial", Name.START: "same first letters",
    Name.SOUND: "sounds alike", Name.OTHER_NAME: "stands in the other name", Name.NEAR: "one slip apart",
    Name.SHORT_FORM: "short form", Name.SWAPPED: "names swapped", Name.ALIAS: "equals an alias",
    Name.EXACT_VERY_COMMON: "equal, very common", Name.EXACT_COMMON: "equal, common", Name.EXACT_UNCOMMON: "equal, uncommon",
    Name.EXACT_RARE: "equal, rare",
}  # fmt: skip

LEVEL_WORDS: Final[Mapping[str, Mapping[IntEnum, str]]] = {
    "forename": _NAME,
    "surname": _NAME,
    "middle": {
        Middle.NONE: NO_EVIDENCE, Middle.ONLY_INITIAL_DIFFERS: "initial differs", Middle.ONLY_INITIAL: "initial equal",
        Middle.DIFFERENT: "different", Middle.INITIAL: "same initial", Middle.EXACT: "equal",
    },
    "birth": {
        Birth.NONE: NO_EVIDENCE, Birth.YEAR_DIFFERS: "only years, different", Birth.YEAR_NEAR: "only years, one digit apart",
        Birth.YEAR: "only years, equal", Birth.DIFFERENT: "different", Birth.SAME_YEAR: "same year",
        Birth.DAY_AND_MONTH: "same day and month", Birth.TWO_DIGITS: "two digits apart", Birth.ONE_DIGIT: "one digit apart",
        Birth.SWAPPED: "day and month swapped", Birth.WHOLE: "equal",
    },
    "place": {
        Place.NONE: NO_EVIDENCE, Place.ONLY_TOWN_DIFFERS: "only towns, different", Place.ONLY_TOWN: "only towns, equal",
        Place.DIFFERENT: "different", Place.TOWN: "same town", Place.DISTRICT: "same district", Place.SECTOR: "same sector",
        Place.FORMER_UNIT: "equals a former postcode", Place.UNIT: "postcode equal",
    },
    "address": {
        Address.NONE: NO_EVIDENCE, Address.DIFFERENT: "different", Address.NUMBER: "same number", Address.STREET: "same street",
        Address.BOTH: "number and street equal",
    },
    "sex": {Sex.NONE: NO_EVIDENCE, Sex.DIFFERENT: "different", Sex.SAME: "equal"},
}  # fmt: skip

KIND_WORDS: Final[Mapping[str, str]] = {
    "sex": "Sex", "born": "Born", "postcode": "Postcode", "surname": "Surname",
    "surname_list": "List of names that the surname is on", "missing": "Missing on either side",
}  # fmt: skip

FIGURE_WORDS: Final[Mapping[str, str]] = {
    "pairs": "pairs", "precision": "precision", "recall": "recall", "f1": "F1", "recall_at_p99": "recall where precision is .99",
    "recall_at_p999": "recall where precision is .999",
}  # fmt: skip

REPRESENTATIVE_WORDS: Final[Mapping[str, str]] = {
    "surest": "The surest pair",
    "just above theta": "The pair just above theta",
    "just below theta": "The pair just below theta",
    "most common among links": "The commonest pattern of links",
}
