"""Dates of birth to eight digits, and how far each is to be believed. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from parties.encoding.normalise import facts
from parties.encoding.normalise.folding import fold

LATEST = 2100  # year
DECEMBER = 12
LONGEST = 40  # characters; no date is longer
_MONTHS = {name: int(month) for name, month in facts.one_form("months", "month", "names").items()}
WHOLE_DIGITS, YEAR_DIGITS = len("YYYYMMDD"), len("YYYY")
_TOKEN = re.compile(r"[0-9]+|[a-z]+")
_TIME = re.compile(r"[T ][0-9]{1,2}:[0-9]{2}.*", re.DOTALL)
_ORDERS = {  # by the shape of the tokens: what each may be, likeliest first
    "Ynn": ("YMD", "YDM"),
    "nnY": ("DMY", "MDY"),
    "Ymn": ("YMD",),
    "nmY": ("DMY",),
    "mnY": ("MDY",),
    "Yn": ("YM",),
    "Ym": ("YM",),
    "nY": ("MY",),
    "mY": ("MY",),
    "Y": ("Y",),
}
_FILLERS = frozenset({"st", "nd", "rd", "th", "of"})  # the 2nd of May


class Certainty(StrEnum):
    """How far a date of birth is to be believed."""

    WHOLE = "whole"
    SUSPECT = "suspect"
    PARTIAL = "partial"
    MISSING = "missing"


_DEFAULTS = {row["date"]: Certainty(row["certainty"]) for row in facts.rows("default_dates")}


class Birth(NamedTuple):
    """What is known of a date of birth: YYYYMMDD, YYYYMM, YYYY or "", and how certain it is."""

    known: str
    certainty: Certainty

    def __repr__(self) -> str:
        """Show how certain, and nothing else."""
        return f"Birth({self.certainty})"


_NOTHING = Birth("", Certainty.MISSING)


def date_of_birth(text: str) -> str:
    """Return a date as YYYYMMDD, or "" where it is missing, partial, impossible or nobody's birthday."""
    born = birth(text)
    return born.known if born.certainty in {Certainty.WHOLE, Certainty.SUSPECT} else ""


def birth(text: str) -> Birth:
    """Return what a text says of a date of birth: year first or day first, month as number or name, whole or in part.

    Where the month cannot be one and the day can, the two were swapped. A year of two digits says nothing.
    """
    if ":" in text:
        text = _TIME.sub("", text)
    digits = text.strip().replace("-", "")
    if len(digits) == WHOLE_DIGITS and digits.isascii() and digits.isdigit():
        return _eight(digits)
    tokens = _TOKEN.findall(fold(text[:LONGEST]))
    return _likeliest(_readings([token for token in tokens if token not in _FILLERS]))


def birth_digits(text: str) -> str:
    """Return the digits to compare date by date: YYYYMMDD, though there be no such day, or YYYY where the day is not known.

    A default day, which many systems store for one that is not known, says no more than its year.
    """
    born = birth(text)
    if born.certainty is Certainty.MISSING:
        digits = "".join(char for char in text[:LONGEST] if char in "0123456789")
        return digits if len(digits) == WHOLE_DIGITS and digits not in _DEFAULTS else ""
    return born.known if born.certainty is Certainty.WHOLE else born.known[:YEAR_DIGITS]


def is_suspect(normalised_date: str) -> bool:
    """Say whether a YYYYMMDD date is a default that people write who know the year alone."""
    return f"--{normalised_date[4:]}" in _DEFAULTS


def day_and_month(normalised_date: str) -> str:
    """Return day and month of a YYYYMMDD date, the lower first, so that a swap of the two makes no difference."""
    return "".join(sorted((normalised_date[4:6], normalised_date[6:])))


def _eight(digits: str) -> Birth:
    """Read YYYYMMDD, as nearly every date is written; else day first, then with day and month swapped."""
    year_first = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if _is_day(*year_first):
        return _whole(digits)
    day_first = int(digits[4:]), int(digits[2:4]), int(digits[:2])
    return _likeliest([day_first, *((year, day, month) for year, month, day in (year_first, day_first)), year_first])


def _readings(tokens: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield year, month and day as the tokens may be read, likeliest first; 0 is not given."""
    for order in _ORDERS.get("".join(map(_shape, tokens)), ()):
        said = dict(zip(order, (_MONTHS.get(token) or int(token) for token in tokens), strict=True))
        yield said["Y"], said.get("M", 0), said.get("D", 0)


def _shape(token: str) -> str:
    """Return what a token looks like: Y four digits, n one or two, m a month's name."""
    if token in _MONTHS:
        return "m"
    return {4: "Y", 2: "n", 1: "n"}.get(len(token), "?") if token.isdigit() else "?"


def _likeliest(readings: Iterable[tuple[int, int, int]]) -> Birth:
    for year, month, day in readings:
        if _is_day(year, month, day):
            return _whole(f"{year:04}{month:02}{day:02}")
        if not day and 0 < year <= LATEST and 0 <= month <= DECEMBER:
            return Birth(f"{year:04}{month:02}" if month else f"{year:04}", Certainty.PARTIAL)
    return _NOTHING


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return year <= LATEST


def _whole(digits: str) -> Birth:
    certainty = _DEFAULTS.get(digits) or _DEFAULTS.get(f"--{digits[4:]}", Certainty.WHOLE)
    return Birth("" if certainty is Certainty.MISSING else digits, certainty)
