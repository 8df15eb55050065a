"""Lower-case Latin letters without marks: what every rule for names and addresses starts from. Pure."""

import re
import unicodedata

_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}  # noqa: RUF001 - NFKD leaves these whole
)
_APOSTROPHES = str.maketrans("", "", "'’‘`ʼ´ʻ")  # noqa: RUF001 - the characters people type
_DIGITS = str.maketrans("", "", "0123456789")
_NOT_LETTERS = re.compile(r"[^a-z]+")
_NOT_LETTERS_OR_DIGITS = re.compile(r"[^a-z0-9]+")


def fold(text: str) -> str:
    """Return text in lower case without marks and apostrophes; what is not Latin stays as it is."""
    if text.isascii():
        return text.lower().replace("'", "").replace("`", "")
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS).translate(_APOSTROPHES))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_APOSTROPHES).lower()


def name_words(text: str) -> list[str]:
    """Return the words of a name. A digit inside a word is a slip of the keyboard: it goes, and the word stays one."""
    if text.isascii() and text.isalpha():  # most names: nothing to take out
        return [text.lower()]
    return _NOT_LETTERS.sub(" ", fold(text).translate(_DIGITS)).split()


def address_words(text: str) -> list[str]:
    """Return the words and numbers of an address."""
    return _NOT_LETTERS_OR_DIGITS.sub(" ", fold(text)).split()
