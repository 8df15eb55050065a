"""Names, dates, postcodes and addresses to the one spelling that is encoded. Pure.

Every party must do this byte for byte alike, or nothing meets: `NORMALISER` stands in the agreement and in each
submission, and the shared canaries show a drift. Any change here is a new version.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date

from schemas.identifiers import is_postcode

NORMALISER = "kinlink-normaliser/1"

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}  # noqa: RUF001 - NFKD leaves these whole
)
_APOSTROPHES = str.maketrans("", "", "'’‘`ʼ´ʻ")  # noqa: RUF001 - the characters people type
_NOT_LETTERS = re.compile(r"[^a-z]+")
_NOT_LETTERS_OR_DIGITS = re.compile(r"[^a-z0-9]+")
_MAC = re.compile(r"^mac(?=[a-z]{4})")

_TITLES = frozenset({"mr", "mrs", "miss", "ms", "mx", "dr", "prof", "professor", "sir", "dame", "lady", "lord", "rev", "revd", "reverend"})
_PATRONYMICS = frozenset({"ap", "ferch", "verch"})  # son of, daughter of: recorded or not, as it happens
_PREFIXES = frozenset(
    {"o", "mc", "mac", "st", "de", "da", "do", "dos", "di", "del", "della", "la", "le", "van", "von", "der", "den", "ten", "ter"}
    | {"el", "al", "bin", "ibn", "abd", "abdul", "abdel", "abu"}
)

# Spellings of one name in Latin letters that no rule of n-grams brings together; the first is the one encoded. Compiled for Kinlink, 2026.
_FAMILIES = (
    "muhammad mohammed mohammad mohamed mohamad muhammed muhamed mohamud muhammod mohd md",
    "ahmed ahmad ahmet achmed",
    "hussain hussein husain husayn hussayn",
    "yusuf yousuf yusef yousef youssef yousaf yusaf",
    "syed sayed sayyid sayyed saiyed",
    "ibrahim ebrahim ibraheem",
    "usman uthman osman othman",
    "umar omar umer omer",
    "zainab zaynab zeinab zeynep",
    "aisha ayesha aysha aishah ayisha",
    "catherine katherine kathryn catharine katharine",
    "stephen steven",
    "oleksandr aleksandr alexander aleksander",
)
_ONE_SPELLING = {form: family.split()[0] for family in _FAMILIES for form in family.split()}

_TO_DIGIT = str.maketrans("OI", "01")
_TO_LETTER = str.maketrans("01", "OI")
_LIKE_A_POSTCODE = re.compile(r"[A-Z](?=.*[0-9])[A-Z0-9]{4,7}")
_INWARD = 3  # characters of a postcode's second half

_PLACEHOLDER_BIRTHS = frozenset({"19000101", "19010101"})  # what some systems store for "not known"

_NO_HOME = re.compile(r"\b(hmp|hmyoi|yoi|hm prison|nfa|no fixed (abode|address)|approved premises|bail hostel|probation hostel|homeless)\b")
_STREET_WORDS = {
    "road": "rd", "street": "st", "saint": "st", "avenue": "ave", "av": "ave", "close": "cl", "drive": "dr", "lane": "ln", "court": "ct",
    "crescent": "cres", "gardens": "gdns", "grove": "gr", "place": "pl", "terrace": "ter", "terr": "ter", "square": "sq", "house": "hse",
    "apartment": "flat", "apt": "flat", "mount": "mt", "park": "pk", "green": "grn",
}  # fmt: skip

STREET_KINDS = frozenset(_STREET_WORDS.values())


def name(text: str) -> str:
    """Return a name in lower-case Latin letters without marks: its words, divided by one space; "" if none is left.

    Titles and patronymic particles go; a prefix such as `van der`, `O'` or `Mc` joins the word it belongs to.
    """
    words = _NOT_LETTERS.sub(" ", _fold(text)).split()
    words = [word for word in words if word not in _TITLES and word not in _PATRONYMICS] or words
    return " ".join(_ONE_SPELLING.get(word, _MAC.sub("mc", word)) for word in _joined(words))


def date_of_birth(text: str) -> str:
    """Return a date as YYYYMMDD, or "" where it is missing, partial, impossible or a known placeholder."""
    digits = text.strip().replace("-", "")
    if len(digits) != len("YYYYMMDD") or not (digits.isascii() and digits.isdigit()) or digits in _PLACEHOLDER_BIRTHS:
        return ""
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return ""
    return digits


def birth_digits(text: str) -> str:
    """Return the digits of a date as recorded, YYYYMMDD, though there be no such day; YYYY where the day is not known.

    1 January is what many systems store for a day that is not known: it says no more than its year.
    """
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    if len(digits) not in {len("YYYY"), len("YYYYMMDD")} or digits in _PLACEHOLDER_BIRTHS:
        return ""
    return digits.removesuffix("0101") if len(digits) > len("YYYY") else digits


def day_and_month(normalised_date: str) -> str:
    """Return day and month of a YYYYMMDD date, the lower first, so that a swap of the two makes no difference."""
    return "".join(sorted((normalised_date[4:6], normalised_date[6:])))


def postcode(text: str) -> str:
    """Return a postcode in capitals without a space, O/0 and I/1 put right by their place; "" if it is none.

    What starts like a postcode unit and has about its length but not its form is mistyped and stays as it is: in part it may
    still agree. A district alone, or another country's code, is shared by too many to say anything of a person.
    """
    compact = "".join(char for char in text.upper() if char.isascii() and char.isalnum())
    outward, inward = compact[:-_INWARD], compact[-_INWARD:]
    inward = inward[:1].translate(_TO_DIGIT) + inward[1:]
    readings = (outer + inward for outer in _outward_readings(outward))
    return next((reading for reading in readings if is_postcode(reading)), compact if _LIKE_A_POSTCODE.fullmatch(compact) else "")


def sex(text: str) -> str:
    """Return `m` or `f`, or "" where it is neither."""
    letter = text.strip()[:1].lower()
    return letter if letter in {"m", "f"} else ""


def address(text: str) -> str:
    """Return house number and street words in lower case, common words shortened one way."""
    words = _NOT_LETTERS_OR_DIGITS.sub(" ", _fold(text)).split()
    return " ".join(_STREET_WORDS.get(word, word) for word in words)


def home(address_text: str, postcode_text: str, town: str = "") -> tuple[str, str]:
    """Return the normalised address and postcode, both "" where they are a prison, an approved premises or no fixed abode."""
    if _NO_HOME.search(f"{_fold(address_text)} {_fold(town)}".replace(".", "")):
        return "", ""
    return address(address_text), postcode(postcode_text)


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower().translate(_APOSTROPHES)
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS).translate(_APOSTROPHES))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _joined(words: Iterable[str]) -> list[str]:
    joined, prefix = list[str](), ""
    for word in words:
        if word in _PREFIXES:
            prefix += word
        else:
            joined.append(prefix + word)
            prefix = ""
    return [*joined, prefix] if prefix else joined


def _outward_readings(outward: str) -> tuple[str, ...]:
    """Most likely first: O and I never stand after a postcode's district digit, but do as its second letter."""
    first, rest = outward[:1].translate(_TO_LETTER), outward[1:]
    return (
        first + rest[:-1] + rest[-1:].translate(_TO_DIGIT),
        first + rest.translate(_TO_DIGIT),
        first + rest[:1].translate(_TO_LETTER) + rest[1:].translate(_TO_DIGIT),
    )
