"""Plant a custodian's share of the control families among its own people, and list whom it planted. Touches no file.

A control is a person like any other from here on: the same encoder, slots of its own, ordinary pseudonyms. Its record key alone,
which never leaves, says what it is; no record of an extract can have it.
"""

from collections.abc import Iterable, Mapping
from itertools import cycle

from parties.controls.families import UNKNOWN, ControlFamily
from parties.controls.names import family_number, is_control, record_key
from parties.encoding.encode import FEW_ROWS, EncodedPopulation
from parties.encoding.keystream import Keystream
from parties.encoding.rows import PersonRows
from parties.extracts.mapping import Mapped, People
from schemas.controls import ControlClass, Planted, class_of
from schemas.encoding_set import POPULATIONS, Population
from schemas.joins import Relation, Standing
from schemas.roster import Kind

# What a look-alike has from each of three people: it is the namesake of the first, or lives with a family of that name.
NAMESAKE = (("forename", "surname", "middle", "sex"), ("dob", "digits"), ("postcode", "address", "town"))
RELATIVE = (("surname", "postcode", "address", "town"), ("forename", "middle", "sex"), ("dob", "digits"))


def plant(mapped: Mapped, families: Iterable[ControlFamily], organisation: str, kind: Kind) -> None:
    """Add to a custodian's people those of the families that it knows, tied as parent and child; a child lives with the authority that knows it."""
    for family in families:
        recorded, key = family.recorded.get(organisation, UNKNOWN), record_key(family.number)
        if recorded.adult is not None:
            mapped.adults.add(key, recorded.adult)
        if recorded.child is not None:
            child = mapped.children.add(key, recorded.child)
            if kind is Kind.LOCAL_AUTHORITY:
                mapped.relate(child, Relation(Standing.RESIDENT), recorded.child)
        mapped.tie(key, key)


def plant_look_alikes(mapped: Mapped, families: int, key: bytes) -> None:
    """Add people put together from the prison service's own columns, half of them namesakes of its people, half as of their families.

    Names, births and homes are as common as among its people, and no authority knows them. With few people there are none:
    one could then be put together into somebody who is there.

    Args:
        mapped: the prison service's people, before any other control.
        families: how many families were agreed on.
        key: of the custodian's own, 32 bytes.
    """
    stream, sources = Keystream(key), {population: _copied(rows) for population, rows in mapped.rows().items()}
    numbers = [number for number in range(families) if class_of(number) is ControlClass.LOOK_ALIKE]
    for number, pattern in zip(numbers, cycle((NAMESAKE, RELATIVE)), strict=False):
        for people, source in ((mapped.adults, sources["adults"]), (mapped.children, sources["children"])):
            if len(source.people()) >= FEW_ROWS:
                _put_together(
                    people, record_key(number), source, dict(zip(pattern, stream.below(len(source.person), 3).tolist(), strict=True))
                )
        mapped.tie(record_key(number), record_key(number))


def planted(encoded: Mapping[Population, EncodedPopulation], rows: Mapping[Population, PersonRows]) -> dict[int, Planted]:
    """Return the round's ids of a custodian's controls, by the family's number; of those alone who have a filter."""
    found: dict[int, dict[Population, bytes]] = {}
    for population, made in encoded.items():
        joined = {person.tobytes() for person in made.joins[0]}
        for record, person in zip(rows[population].people(), made.persons, strict=True):
            if is_control(record) and person.tobytes() in joined:
                found.setdefault(family_number(record), {})[population] = person.tobytes()
    return {number: Planted(*(ids.get(population) for population in POPULATIONS)) for number, ids in found.items()}


def _copied(rows: PersonRows) -> PersonRows:
    """Return the rows as they are now, to draw from while others are added."""
    return PersonRows(**{name: list(values) for name, values in vars(rows).items()})


def _put_together(people: People, key: str, source: PersonRows, drawn: Mapping[tuple[str, ...], int]) -> None:
    """Add a person whose fields come from the rows given for them."""
    person = people.index[key] = people.rows.add_person(key)
    people.rows.person.append(person)
    for fields, row in drawn.items():
        for name in fields:
            getattr(people.rows, name).append(getattr(source, name)[row])
