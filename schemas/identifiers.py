"""Administrative identifiers and their check characters. Pure: text in, answer out.

Each rule is the published one; the functions answer yes or no and never quote what they were given.
"""

import re

UPN_ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"  # UK Government Data Standards Catalogue: Unique Pupil Number 2.0 (no I, O, S)
PNC_ALPHABET = "ZABCDEFGHJKLMNPQRTUVWXY"  # the same letters, Z standing for 0
CHECK_MODULUS = 23

_UPN = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z]")
_PNC_ID = re.compile(r"(\d{4})/(\d{7})([A-Z])")
_NOMIS_NUMBER = re.compile(r"[A-Z]\d{4}[A-Z]{2}")
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}")


def upn_check_letter(body: str) -> str:
    """Return the letter that goes before the twelve characters of `body`.

    The last character may be a letter (a temporary number); it then counts as its place in the alphabet.
    """
    values = [UPN_ALPHABET.index(char) if char.isalpha() else int(char) for char in body]
    total = sum(weight * value for weight, value in enumerate(values, start=2))
    return UPN_ALPHABET[total % CHECK_MODULUS]


def is_upn(text: str) -> bool:
    """Say whether `text` is a Unique Pupil Number with the right check letter."""
    return bool(_UPN.fullmatch(text)) and text[0] == upn_check_letter(text[1:])


def pnc_check_letter(year: str, serial: str) -> str:
    """Return the check letter for a four-digit `year` and a seven-digit `serial`."""
    return PNC_ALPHABET[int(year[-2:] + serial) % CHECK_MODULUS]


def is_pnc_id(text: str) -> bool:
    """Say whether `text` is a long-form PNC ID (`YYYY/NNNNNNNX`) with the right check letter."""
    found = _PNC_ID.fullmatch(text)
    return found is not None and found[3] == pnc_check_letter(found[1], found[2])


def is_nomis_number(text: str) -> bool:
    """Say whether `text` has the form of a NOMIS number: a letter, four digits, two letters."""
    return bool(_NOMIS_NUMBER.fullmatch(text))


def is_postcode(text: str) -> bool:
    """Say whether `text` has the form of a UK postcode unit, with or without its space."""
    return bool(_POSTCODE.fullmatch(text))
