"""Addresses to house number and street words, and which of them are a home. Pure."""

import re

from parties.encoding.normalise import facts
from parties.encoding.normalise.folding import address_words
from parties.encoding.normalise.names import name
from parties.encoding.normalise.postcodes import postcode

_SHORT = facts.one_form("street_words", "encoded", "forms")
STREET_KINDS = frozenset(_SHORT.values())
_NUMBER_WORDS = frozenset({"no", "number"})
_TELLING = _NUMBER_WORDS | {row["word"] for row in facts.rows("no_home")}  # looked at before any expression: few addresses have one
_NO_HOME, _UNKNOWN = (
    re.compile("|".join(row["pattern"] for row in facts.rows("no_home") if row["kind"] == kind)) for kind in ("home", "unknown")
)
_HOUSE_LETTER = re.compile(r"\b(\d+) ([a-z])\b")


def address(text: str) -> str:
    """Return house number and street words in lower case, common words shortened one way; "" if it is no home or none is known."""
    return _read(text)[0]


def home(address_text: str, postcode_text: str, town: str = "") -> tuple[str, str]:
    """Return the normalised address and postcode, both "" where they are a prison, an approved premises or no fixed abode."""
    spelled, is_home = _read(address_text)
    return (spelled, postcode(postcode_text)) if is_home and _read(town)[1] else ("", "")


def home_town(address_text: str, town: str) -> str:
    """Return the normalised town, "" where the address is no home, or none is given."""
    return name(town) if town and _read(address_text)[1] and _read(town)[1] else ""


def _read(text: str) -> tuple[str, bool]:
    """Return the normalised address, and whether it may be a home: an unknown one may."""
    words = address_words(text)
    is_telling = not _TELLING.isdisjoint(words)
    words = _without_number_words(words) if is_telling else words
    spelled = _HOUSE_LETTER.sub(r"\1\2", " ".join([_SHORT.get(word, word) for word in words]))
    if is_telling and _NO_HOME.search(spelled):
        return "", False
    return "" if is_telling and _UNKNOWN.search(spelled) else spelled, True


def _without_number_words(words: list[str]) -> list[str]:
    """Return the words without "No." before a number."""
    kept = list[str]()
    for word in reversed(words):
        if not (word in _NUMBER_WORDS and kept and kept[-1][0].isdigit()):
            kept.append(word)
    return kept[::-1]
