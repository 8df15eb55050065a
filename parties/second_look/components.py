"""People to the components that are compared: for each person `N_TAGS` texts, blank where there is nothing to say. Pure.

A person's first row is what counts; the rows after it add one other forename, one other surname and one other postcode. No
keys here: a component becomes a digest in `evidence`, and leaves as a tag under the key of one pair.
"""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache
from hashlib import blake2b

from parties.encoding.normalise import STREET_KINDS, TITLES, day_and_month
from parties.encoding.rows import PersonRows
from schemas.linkage import name_bands, short_names
from schemas.second_look import BLOCKS, DOB_DIGITS, N_BANDS, N_TAGS, POSITIONS, PRESENT, YEAR_DIGITS

Texts = Mapping[str, tuple[str, ...]]  # by block
_NAMES_KEPT = 1 << 16
_START = 3  # letters that many short forms keep
_UNIT, _INWARD = 2, 3  # characters of a postcode after the sector, after the district


def component_texts(rows: PersonRows) -> list[tuple[str, ...]]:
    """Return the components of every person, in the order of `rows.people()`: tuples of `N_TAGS` texts, labelled by `LABELS`."""
    return [_laid_out(_components(rows, mine)) if mine else ("",) * N_TAGS for mine in _rows_of(rows)]


def _rows_of(rows: PersonRows) -> list[list[int]]:
    mine: list[list[int]] = [[] for _ in rows.people()]
    for row, person in enumerate(rows.person):
        mine[person].append(row)
    return mine


def _laid_out(components: Texts) -> tuple[str, ...]:
    texts = [""] * N_TAGS
    for block, values in components.items():
        start = POSITIONS[block].start
        texts[start : start + len(values)] = values
    return tuple(texts)


def _components(rows: PersonRows, mine: list[int]) -> Texts:
    first = mine[0]
    forename, middle, surname = _own_forename(rows.forename[first], rows.surname[first]), rows.middle[first], rows.surname[first]
    born, whole_middle = rows.digits[first], _whole(middle)
    postcode, address, town, sex = rows.postcode[first], rows.address[first], rows.town[first], rows.sex[first]
    return {
        **_name("forename", _whole(forename)),
        "forename.initial": (forename[:1],),
        "forename.start": (_whole(forename)[:_START],),
        "forename.root": _roots(_whole(forename))[: BLOCKS["forename.root"].size],
        **_name("surname", _joined(surname)),
        "alias.forename": (_joined(_other(rows.forename, mine)),),
        "alias.surname": (_joined(_other(rows.surname, mine)),),
        "middle": (whole_middle,),
        "middle.initial": (middle[:1],),
        **_birth(born),
        "postcode": (postcode,),
        "postcode.sector": (postcode[:-_UNIT],),
        "postcode.district": (postcode[:-_INWARD],),
        "postcode.former": (_other(rows.postcode, mine),),
        **_address(address),
        "town": (town,),
        "sex": (sex,),
        **_presence(
            forename=_whole(forename), surname=surname, initial=middle, middle=whole_middle, year=born, day=born[YEAR_DIGITS:],
            postcode=postcode, address=address, town=town, sex=sex,
        ),
    }  # fmt: skip


def _own_forename(forename: str, surname: str) -> str:
    """Return the forename, "" where it is but a title.

    So where one name alone stands for both: it counts once, as the surname, and surnames are compared with forenames too.
    """
    return "" if forename == surname or forename in TITLES else forename


def _presence(**fields: str) -> Texts:
    return {f"{PRESENT}{field}": ("yes" if text else "",) for field, text in fields.items()}


def _other(column: list[str], mine: list[int]) -> str:
    """Return the first value of a person's later rows that the first row does not have."""
    known = {"", column[mine[0]]}
    return next((column[row] for row in mine if column[row] not in known), "")


def _joined(name: str) -> str:
    return name.replace(" ", "")


def _whole(name: str) -> str:
    """Return a name as one word; "" where it is no more than an initial."""
    joined = _joined(name)
    return joined if len(joined) > 1 else ""


@lru_cache(_NAMES_KEPT)
def _name(field: str, name: str) -> Texts:
    if not name:
        return {}
    band = _bands()[field].get(name, N_BANDS - 1)
    return {
        field: tuple(name if place == band else "" for place in range(N_BANDS)),
        f"{field}.sound": (_sound(name),),
        f"{field}.near": _near(name, BLOCKS[f"{field}.near"].size),
    }


def _roots(forename: str) -> tuple[str, ...]:
    """Return the full names that a forename may be short for: itself where it is one, or short for none."""
    roots = _full_names().get(forename, ())
    return (forename, *roots) if forename in _short_names() or not roots else roots


def _sound(name: str) -> str:
    import jellyfish  # loaded by those who encode

    return str(jellyfish.metaphone(name))


def _near(name: str, count: int) -> tuple[str, ...]:
    """Return the name and what one dropped letter leaves of it: names one edit apart share one of these.

    Where there are more than `count`, those of the smallest hash stay: two sides drop alike without knowing of each other.
    """
    variants = {name, *(name[:place] + name[place + 1 :] for place in range(len(name)))}
    return tuple(sorted(variants, key=_public_hash)[:count])


def _public_hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def _birth(born: str) -> Texts:
    whole = len(born) == DOB_DIGITS
    return {"dob": tuple(born), "dob.swap": (born[:YEAR_DIGITS] + day_and_month(born) if whole else "",)}


def _address(address: str) -> Texts:
    """Return the first number and the longest other words, which say most; not "street" and its like."""
    words = address.split()
    number = next((word for word in words if word[0].isdigit()), "")
    street = sorted({*words} - {number} - STREET_KINDS, key=lambda word: (-len(word), word))
    return {"address.number": (number,), "address.street": tuple(street[: BLOCKS["address.street"].size])}


@cache
def _bands() -> Mapping[str, Mapping[str, int]]:
    return {field: {name: band for band, names in enumerate(bands) for name in names} for field, bands in name_bands().items()}


@cache
def _short_names() -> Mapping[str, list[str]]:
    return short_names()


@cache
def _full_names() -> Mapping[str, tuple[str, ...]]:
    full_names: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for full, forms in _short_names().items():
        for form in forms:
            full_names[form] += (full,)
    return full_names
