"""Codes of sex and telephone numbers to one form each. Pure."""

import re

from parties.encoding.normalise import facts
from parties.encoding.normalise.folding import fold

_SEXES = facts.one_form("sexes", "letter", "forms")
_NOT_DIALLED = re.compile(r"[^0-9+]+")
_COUNTRY = re.compile(r"(?:\+|00)440?|440?(?=[1-9]\d{8,9}$)")
_NATIONAL = re.compile(r"0(?:[1235789]\d{9}|1\d{8}|800\d{6})")  # Ofcom National Telephone Numbering Plan: ten digits after the 0, or nine
_LONGEST = 40  # characters


def sex(text: str) -> str:
    """Return `M` or `F` for a code or word in English or Welsh; "" where it is not known, indeterminate or not specified."""
    return _SEXES.get(fold(text).strip(" ."), "")


def phone(text: str) -> str:
    """Return a telephone number of the United Kingdom in E.164 (`+44…`), or "" if it is none; an extension is no part of it."""
    dialled = _NOT_DIALLED.sub("", fold(text[:_LONGEST]).partition("ext")[0].partition("x")[0].replace("(0)", ""))
    national = _COUNTRY.sub("0", dialled, count=1) if _COUNTRY.match(dialled) else dialled
    return f"+44{national[1:]}" if _NATIONAL.fullmatch(national) else ""
