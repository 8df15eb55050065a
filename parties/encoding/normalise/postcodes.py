"""Postcodes to one compact spelling, and the areas around them. Pure."""

import re

from parties.encoding.normalise import facts
from schemas.identifiers import is_postcode

_TO_DIGIT = str.maketrans("OI", "01")
_TO_LETTER = str.maketrans("01", "OI")
_LIKE_A_POSTCODE = re.compile(r"[A-Z](?=.*[0-9])[A-Z0-9]{4,7}")
_LONGEST = 40  # characters; what is longer holds more than a postcode
_INWARD = 3  # characters of a postcode's second half
_NOWHERE = re.compile("|".join(row["pattern"] for row in facts.rows("no_home") if row["kind"] == "postcode"))


def postcode(text: str) -> str:
    """Return a postcode in capitals without a space, O/0 and I/1 put right by their place; "" if it is none, or nobody's home.

    What starts like a postcode unit and has about its length but not its form is mistyped and stays as it is: in part it may
    still agree. A district alone, or another country's code, is shared by too many to say anything of a person.
    """
    compact = "".join(char for char in text[:_LONGEST].upper() if char.isascii() and char.isalnum())
    if _NOWHERE.search(compact):
        return ""
    outward, inward = compact[:-_INWARD], compact[-_INWARD:]
    inward = inward[:1].translate(_TO_DIGIT) + inward[1:]
    readings = (outer + inward for outer in _outward_readings(outward))
    return next((reading for reading in readings if is_postcode(reading)), compact if _LIKE_A_POSTCODE.fullmatch(compact) else "")


def sector(normalised_postcode: str) -> str:
    """Return the sector of a normalised postcode, such as `CF103` of `CF103NP`; "" if it is no whole unit."""
    return normalised_postcode[: 1 - _INWARD] if is_postcode(normalised_postcode) else ""


def district(normalised_postcode: str) -> str:
    """Return the district of a normalised postcode, such as `CF10` of `CF103NP`; "" if it is no whole unit."""
    return normalised_postcode[:-_INWARD] if is_postcode(normalised_postcode) else ""


def _outward_readings(outward: str) -> tuple[str, ...]:
    """Most likely first: O and I never stand after a postcode's district digit, but do as its second letter."""
    first, rest = outward[:1].translate(_TO_LETTER), outward[1:]
    return (
        first + rest[:-1] + rest[-1:].translate(_TO_DIGIT),
        first + rest.translate(_TO_DIGIT),
        first + rest[:1].translate(_TO_LETTER) + rest[1:].translate(_TO_DIGIT),
    )
