"""Names to the spellings that are encoded. Pure.

A field may say more than one name: "William (known as Bill)", "Jones née Davies". The first is the name; the others are other names of the
same person. So is a name with the second name that a whole community shares (Kaur, Singh, Begum) for its surname, where a family name stands
beside it, and one with the first of several forenames alone: the next organisation may have recorded it so.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from parties.encoding.normalise import facts
from parties.encoding.normalise.folding import name_words
from schemas.linkage import short_names

_KINDS: dict[str, frozenset[str]] = {
    kind: frozenset(form for row in facts.rows("name_words") if row["kind"] == kind for form in row["forms"].split(";"))
    for kind in (row["kind"] for row in facts.rows("name_words"))
}
_TITLES, _PATRONYMICS, _PREFIXES, SHARED = (_KINDS[kind] for kind in ("title", "patronymic", "prefix", "shared"))
_LEADING, _TRAILING = _KINDS["title_or_name"], _KINDS["suffix"]
TITLES = _TITLES | _LEADING
_NO_NAME, _UNKNOWN = _KINDS["no_such_name"], _KINDS["no_such_name"] | _KINDS["unknown"]
_ONE_SPELLING = {form: row["forms"].split()[0] for row in facts.rows("name_families") for form in row["forms"].split()}
_OF_WHICH_A_RULE_SPEAKS = {form for form, encoded in _ONE_SPELLING.items() if form != encoded} | {
    word for forms in _KINDS.values() for form in forms for word in form.split()
}


def _any_of(phrases: frozenset[str]) -> str:
    return "|".join(sorted(phrases, key=lambda phrase: (-len(phrase), phrase)))


_MAC = re.compile(r"mac(?=[a-z]{3})")
_OTHER_NAME = re.compile(rf"(?:^| )(?:{_any_of(_KINDS['other_name'])})(?= )")
_UNKNOWN_OF = re.compile(rf"(?:{_any_of(_KINDS['unknown_of'])})(?: |$)")
_DASH = re.compile(r"\s*[._/*-][\s._/*-]*")
_ASIDE = re.compile(r"""\(([^()]*)(?:\)|$)|\[([^\[\]]*)(?:\]|$)|"([^"]*)"|[“„]([^“”„]*)”|(?<!\w)['‘]([^'‘’]+)['’](?!\w)""")  # noqa: RUF001 - quotes as people type them


class FullName(NamedTuple):
    """One name that a person goes by, each part normalised; missing is ""."""

    forename: str
    surname: str
    middle: str

    def __repr__(self) -> str:
        """Show nothing."""
        return "FullName(…)"


def name(text: str) -> str:
    """Return a name in lower-case Latin letters without marks: its words, divided by one space; "" if none is left.

    Titles and patronymic particles go; a prefix such as `van der`, `O'` or `Mc` joins the word it belongs to.
    """
    return names(text)[0]


def names(text: str) -> tuple[str, ...]:
    """Return the name in a field, then the other names of the person that it mentions; `("",)` if there is none."""
    if not text or text.isalpha():  # one word mentions no other name
        return (_settled(name_words(text)),)
    asides = [aside for found in _ASIDE.findall(text) for aside in found]
    parts = [_ASIDE.sub(" ", text), *asides] if asides else [text]
    found = (_settled(said.split()) for part in parts for said in _OTHER_NAME.split(" ".join(name_words(part))))
    return tuple(dict.fromkeys(filter(None, found))) or ("",)


def full_names(forename: str, middle: str, surname: str, *, one_for_both: bool = True) -> tuple[FullName, ...]:
    """Return the names of one record, at least one: the one it gives, then others that its fields mention.

    Args:
        forename: as written.
        middle: the same.
        surname: the same.
        one_for_both: whether one name alone may stand for forename and surname; else the other stays missing. A surname stands for a forename only
            where the field says that there is none: where it is merely unknown, a twin or a parent of that surname would agree.
    """
    firsts, middles, lasts = names(forename), name(middle), names(surname)
    given = [(first, lasts[0]) for first in firsts] + [(firsts[0], last) for last in lasts[1:]]
    if one_for_both and (firsts[0] or _says_none(forename)):
        given = [_both(first, last) for first, last in given]
    full = (FullName(first, last, middles) for first, last in given)
    shared = (other for one in full for other in _with_shared(one))
    return tuple(dict.fromkeys(other for one in shared for other in _with_first_word(one, hyphenated="-" in forename)))


def in_full(forename: str) -> str:
    """Return a normalised forename with each word that is a usual short form of one name alone written out: one system has Tom, another Thomas."""
    return " ".join(_full_forms().get(word, word) for word in forename.split())


@cache
def _full_forms() -> Mapping[str, str]:
    """Return the full name of each short form that has one and is not a full name itself."""
    meant: dict[str, set[str]] = {}
    for full, forms in short_names().items():
        for form in forms:
            meant.setdefault(form, set()).add(full)
    return {form: full for form, fulls in meant.items() if len(fulls) == 1 and form not in short_names() for full in fulls}


def _settled(words: list[str]) -> str:
    """Apply the rules until they change nothing: what one pass joins may be a title or a spelling to the next."""
    while _needs_rules(words):
        again = _ruled(words)
        if again == words:
            break
        words = again
    return " ".join(words)


def _needs_rules(words: Sequence[str]) -> bool:
    return not _OF_WHICH_A_RULE_SPEAKS.isdisjoint(words) or any(word.startswith("mac") for word in words)


def _ruled(words: Sequence[str]) -> list[str]:
    text = next(filter(None, _OTHER_NAME.split(" ".join(words))))
    if text in _UNKNOWN or _UNKNOWN_OF.match(text):
        return []
    kept = _without_particles(text.split())
    return _joined([_ONE_SPELLING.get(word, _MAC.sub("mc", word) if word.startswith("mac") else word) for word in kept])


def _without_particles(words: list[str]) -> list[str]:
    words = [word for word in words if word not in _TITLES] or words
    words = [word for word in words if word not in _PATRONYMICS] or words
    while len(words) > 1 and words[0] in _LEADING:
        words = words[1:]
    while len(words) > 1 and words[-1] in _TRAILING:
        words = words[:-1]
    return words


def _joined(words: Sequence[str]) -> list[str]:
    joined, prefix = list[str](), ""
    for word in words:
        if word in _PREFIXES:
            prefix += word
        else:
            joined.append(prefix + word)
            prefix = ""
    return [*joined, prefix] if prefix else joined


def _says_none(text: str) -> bool:
    """Say whether a field says that there is no such name, which is more than a blank."""
    return bool(_DASH.fullmatch(text)) or " ".join(name_words(text)) in _NO_NAME


def _both(first: str, last: str) -> tuple[str, str]:
    """Return forename and surname. One name alone stands for both, wherever it was written; of several words the first is the forename."""
    if first and last:
        return first, last
    head, _, tail = (first or last).partition(" ")
    return head, tail or head


def _with_shared(full: FullName) -> tuple[FullName, ...]:
    """Return the name with its family name as surname, then with its shared second name instead, where it has both."""
    if SHARED.isdisjoint(" ".join(full).split()):
        return (full,)
    forenames, middles, surnames = full.forename.split(), full.middle.split(), full.surname.split()
    moved = [word for word in forenames[1:] if word in SHARED]
    shared = [word for word in (*surnames, *moved, *middles) if word in SHARED]
    family = [word for word in surnames if word not in SHARED]
    if not (shared and family):
        return (full,)
    kept = (word for place, word in enumerate(forenames) if not place or word not in SHARED)
    main = FullName(" ".join(kept), " ".join(family), " ".join(dict.fromkeys([*moved, *middles])))
    return main, main._replace(surname=shared[0])


def _with_first_word(full: FullName, *, hyphenated: bool) -> tuple[FullName, ...]:
    """Return the name, then with the first word of its forename alone: what follows may be middle names, which others keep apart."""
    first, _, rest = full.forename.partition(" ")
    if not rest or hyphenated:
        return (full,)
    return full, full._replace(forename=first, middle=" ".join(dict.fromkeys([*rest.split(), *full.middle.split()])))
