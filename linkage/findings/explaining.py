"""Why a finding weighs what it weighs, in codes that hold no identifier and name no kind of tie. Pure.

For the release desk alone, and counted in tens there: an authority sees the grade.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from linkage.findings.links import Link
from linkage.second_look.levels import FIELDS, Birth, Name, Place

_FORENAME, _SURNAME, _BIRTH, _PLACE = (list(FIELDS).index(field) for field in ("forename", "surname", "birth", "place"))


class Code(StrEnum):
    """One reason for or against a finding."""

    TWO_TIES = "two-independent-ties"
    NAMES_AND_BIRTH = "names-and-birth-agree"
    ADDRESS_DIFFERS = "address-differs"
    ALIKE_RELATIVE = "relative-is-alike"  # of the same family, and not looked at
    OTHER_RECORD = "found-by-another-record"  # of the same child, at another authority


def explain(links: Iterable[Link]) -> Iterator[Code]:
    """Yield what the fields of a path's links say."""
    levels = [link.levels for link in links]
    if all(_agree(item) for item in levels):
        yield Code.NAMES_AND_BIRTH
    if any(item and item[_PLACE] == Place.DIFFERENT for item in levels):
        yield Code.ADDRESS_DIFFERS


def _agree(levels: tuple[int, ...]) -> bool:
    return bool(levels) and levels[_BIRTH] == Birth.WHOLE and min(levels[_FORENAME], levels[_SURNAME]) >= Name.EXACT_VERY_COMMON
