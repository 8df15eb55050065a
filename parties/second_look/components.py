"""People to the components that are compared: for each person `N_TAGS` texts, blank where there is nothing to say. Pure.

A person's first row is what counts; the rows after it add one other forename, one other surname and one other postcode. No
keys here: a component becomes a digest in `evidence`, and leaves as a tag under the key of one pair.
"""

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from hashlib import blake2b

from parties.encoding.normalise import day_and_month
from parties.encoding.rows import PersonRows
from schemas.linkage import name_bands
from schemas.second_look import BLOCKS, DOB_DIGITS, N_BANDS, N_TAGS, POSITIONS, PRESENT

Texts = Mapping[str, tuple[str, ...]]
NAMES_KEPT = 1 << 16
_INWARD = 3  # characters of a postcode's second half


def component_texts(rows: PersonRows) -> list[tuple[str, ...]]:
    """Return the components of every person, in the order of `rows.people()`: tuples of `N_TAGS` texts, labels are `LABELS`."""
    return [_laid_out(_components(rows, mine)) if mine else ("",) * N_TAGS for mine in _rows_of(rows)]


def _rows_of(rows: PersonRows) -> list[list[int]]:
    mine: list[list[int]] = [[] for _ in rows.people()]
    for row, person in enumerate(rows.person):
        mine[person].append(row)
    return mine


def _laid_out(components: Texts) -> tuple[str, ...]:
    texts = [""] * N_TAGS
    for block, values in components.items():
        where = POSITIONS[block]
        texts[where.start : where.start + len(values)] = values
    return tuple(texts)


def _components(rows: PersonRows, mine: list[int]) -> Texts:
    first = mine[0]
    forename, surname, postcode = rows.forename[first], rows.surname[first], rows.postcode[first]
    born, middle = rows.dob[first], rows.middle[first]
    return {
        **_name("forename", forename),
        "forename.initial": (forename[:1],),
        **_name("surname", surname),
        "alias.forename": (_other(rows.forename, mine),),
        "alias.surname": (_other(rows.surname, mine),),
        "middle": (_joined(middle),),
        "middle.initial": (middle[:1],),
        "dob": tuple(born),
        "dob.swap": (born[:4] + day_and_month(born) if born else "",),
        "postcode": (postcode,),
        "postcode.sector": (postcode[:-2],),
        "postcode.district": (postcode[:-_INWARD],),
        "postcode.former": (_other(rows.postcode, mine),),
        **_address(rows.address[first]),
        "town": (rows.town[first],),
        "sex": (rows.sex[first],),
        **_presence(
            forename=forename, surname=surname, middle=middle, year=born[:4], day=born[4:], postcode=postcode,
            address=rows.address[first], town=rows.town[first], sex=rows.sex[first],
        ),
    }  # fmt: skip


def _presence(**fields: str) -> Texts:
    return {f"{PRESENT}{field}": ("yes" if text else "",) for field, text in fields.items()}


def _other(column: list[str], mine: list[int]) -> str:
    """Return the first value of a person's later rows that the first row does not have."""
    first = column[mine[0]]
    return next((column[row] for row in mine[1:] if column[row] not in {"", first}), "")


def _joined(text: str) -> str:
    return text.replace(" ", "")


@lru_cache(NAMES_KEPT)
def _name(field: str, text: str) -> Texts:
    whole = _joined(text)
    if not whole:
        return {}
    exact = tuple(whole if band == _band(field, whole) else "" for band in range(N_BANDS))
    return {field: exact, f"{field}.sound": (_sound(whole),), f"{field}.near": tuple(_near(whole, BLOCKS[f"{field}.near"].size))}


def _sound(name: str) -> str:
    import jellyfish  # loaded by those who encode

    return str(jellyfish.metaphone(name))


def _near(name: str, count: int) -> list[str]:
    """Return the name and what one dropped letter leaves of it: names one edit apart share one of these.

    Where there are more than `count`, those of the smallest hash stay: two sides drop alike without knowing of each other.
    """
    variants = {name, *(name[:place] + name[place + 1 :] for place in range(len(name)))}
    return sorted(variants, key=_public_hash)[:count]


def _public_hash(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=8).digest()


def _band(field: str, name: str) -> int:
    return _bands()[field].get(name, N_BANDS - 1)


@cache
def _bands() -> Mapping[str, Mapping[str, int]]:
    return {field: {name: band for band, names in enumerate(bands) for name in names} for field, bands in name_bands().items()}


def _address(address: str) -> Texts:
    words = address.split()
    number = next((word for word in words if word[0].isdigit()), "")
    street = sorted((word for word in set(words) if not word[0].isdigit()), key=lambda word: (-len(word), word))
    return {"address.number": (number,), "address.street": tuple(street[: BLOCKS["address.street"].size])}
