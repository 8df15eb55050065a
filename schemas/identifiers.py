"""Administrative identifiers and their check characters. Pure: text in, answer out.

Each rule is the published one; the functions answer and never quote what they were given. `is_…` wants the canonical form: capitals, no spaces,
a PNC ID with four digits of year and seven of serial. `canonical_…` takes what people write and returns that form, or "" if it is no such number.
"""

import re

UPN_ALPHABET = "ABCDEFGHJKLMNPQRTUVWXYZ"  # UK Government Data Standards Catalogue: Unique Pupil Number 2.0 (no I, O, S)
PNC_ALPHABET = "ZABCDEFGHJKLMNPQRTUVWXY"  # the same letters, Z standing for 0
CHECK_MODULUS = 23
NHS_MODULUS = 11  # NHS Data Dictionary: NHS NUMBER
CRO_SERIAL_DIGITS, PNC_SERIAL_DIGITS = 6, 7
CENTURY = 100

_UPN = re.compile(r"[A-HJ-NP-RT-Z]\d{11}[\dA-HJ-NP-RT-Z]", re.ASCII)
_PNC_ID = re.compile(r"(\d{4})/(\d{7})([A-Z])", re.ASCII)
_NHS_NUMBER = re.compile(r"[0-9]{10}")
_PNC_WRITTEN = re.compile(r"(\d{4}|\d{2})/(\d{1,7})([A-Z])", re.ASCII)
_CRO = re.compile(r"([1-9]\d{0,5})/(\d{2})([A-Z])", re.ASCII)
_CRO_SMALL_FILE = re.compile(r"SF(\d{2})/([1-9]\d{0,5})([A-Z])", re.ASCII)
_NOMIS_NUMBER = re.compile(r"[A-Z]\d{4}[A-Z]{2}", re.ASCII)
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}", re.ASCII)


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


def canonical_pnc_id(text: str, *, latest_year: int) -> str:
    """Return the long form of a PNC ID written long or short (`YY/NNNNX`), or "" if it is none.

    Args:
        text: as written.
        latest_year: the year of four digits after which a short year belongs to the century before.
    """
    found = _PNC_WRITTEN.fullmatch(_compact(text))
    if not found:
        return ""
    year, serial = found[1], found[2].zfill(PNC_SERIAL_DIGITS)
    if len(year) == len("YY"):
        century = latest_year // CENTURY - (int(year) > latest_year % CENTURY)
        year = f"{century}{year}"
    return long_form if is_pnc_id(long_form := f"{year}/{serial}{found[3]}") else ""


def cro_check_letter(year: str, serial: str) -> str:
    """Return the check letter of a CRO number for a two-digit `year` and a `serial`, which only a small file's number leaves unpadded."""
    return PNC_ALPHABET[int(year + serial) % CHECK_MODULUS]


def is_cro_number(text: str) -> bool:
    """Say whether `text` is a CRO number, `NNNNNN/YYX` or a small file's `SFYY/NNNNNNX`, with the right check letter and no leading zeros."""
    if found := _CRO.fullmatch(text):
        return found[3] == cro_check_letter(found[2], found[1].zfill(CRO_SERIAL_DIGITS))
    found = _CRO_SMALL_FILE.fullmatch(text)
    return found is not None and found[3] == cro_check_letter(found[1], found[2])


def canonical_cro_number(text: str) -> str:
    """Return a CRO number without spaces and leading zeros, or "" if it is none."""
    compact = _compact(text)
    prefix, serial = ("", compact) if not compact.startswith("SF") else (compact[:5], compact[5:])
    number = prefix + serial.lstrip("0")
    return number if is_cro_number(number) else ""


def nhs_check_digit(body: str) -> str:
    """Return the digit that follows the nine digits of `body`, or "" where no such NHS number is issued."""
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), body, strict=True))
    digit = -total % NHS_MODULUS
    return "" if digit == NHS_MODULUS - 1 else str(digit)


def is_nhs_number(text: str) -> bool:
    """Say whether `text` is an NHS number of ten digits with the right check digit."""
    return bool(_NHS_NUMBER.fullmatch(text)) and text[-1] == nhs_check_digit(text[:-1])


def canonical_nhs_number(text: str) -> str:
    """Return an NHS number as ten digits, or "" if it is none."""
    return number if is_nhs_number(number := _compact(text).replace("-", "")) else ""


def canonical_upn(text: str) -> str:
    """Return a Unique Pupil Number in capitals without spaces, or "" if it is none."""
    return number if is_upn(number := _compact(text)) else ""


def canonical_nomis_number(text: str) -> str:
    """Return a NOMIS number in capitals without spaces, or "" if it is none."""
    return number if is_nomis_number(number := _compact(text)) else ""


def is_nomis_number(text: str) -> bool:
    """Say whether `text` has the form of a NOMIS number: a letter, four digits, two letters."""
    return bool(_NOMIS_NUMBER.fullmatch(text))


def is_postcode(text: str) -> bool:
    """Say whether `text` has the form of a UK postcode unit, with or without its space."""
    return bool(_POSTCODE.fullmatch(text))


def _compact(text: str) -> str:
    return "".join(text.upper().split())
