"""Whom to attack: anybody, and those who are hardest to hide, families with common names. Pure."""

from collections import Counter, defaultdict

from parties.encoding.rows import PersonRows, filters
from schemas.agreement import Projection

Values = dict[int, tuple[str, ...]]


def values_of(rows: PersonRows, projection: Projection) -> Values:
    """Return what the first filter of each person is made of, by person; who has none is not there."""
    return {item.person: item.values for item in filters(rows, projection) if item.number == 0}


def dense_order(rows: PersonRows) -> list[int]:
    """Return all persons, whole households together, those first in which somebody has the commonest surname, large before small."""
    firsts = {person: at for at, person in reversed(list(enumerate(rows.person)))}
    surnames = {person: rows.surname[at] for person, at in firsts.items()}
    common, households = Counter(surnames.values()), defaultdict[tuple[str, str], list[int]](list)
    for person, at in sorted(firsts.items()):
        households[rows.address[at], rows.postcode[at]].append(person)

    def rank(members: list[int]) -> tuple[int, str, int]:
        count, surname = max((common[surnames[person]], surnames[person]) for person in members)
        return -count, surname, -len(members)

    return [person for members in sorted(households.values(), key=rank) for person in members]
