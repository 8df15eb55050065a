"""Groups of records that are one person, for a linkage in which every organisation has a person once. Pure.

Links between several organisations contradict each other; the surest are kept. Findings do not pass through here: a
child may have two parents inside and be on two authorities' books, so those links stay many-to-many.
"""

from array import array
from collections.abc import Iterable

from linkage.findings.links import Link, Person
from linkage.search.anonlink_library import load_anonlink


def match_groups(links: Iterable[Link]) -> list[frozenset[Person]]:
    """Return the groups of records in which every two are linked: surest links first, of equals the lower rows.

    No record is in two groups, and no group has two records of one organisation.

    Args:
        links: between records of different organisations.

    Source: anonlink's greedy solver, https://anonlink.readthedocs.io
    """
    ordered = _surest_first(links)
    numbers = {name: number for number, name in enumerate(sorted({person.organisation for link in ordered for person in _ends(link)}))}
    sides = list(zip(*map(_ends, ordered), strict=True)) or [(), ()]
    candidates = (
        array("d", [link.weight for link in ordered]),
        tuple(array("I", [numbers[person.organisation] for person in side]) for side in sides),
        tuple(array("I", [person.number for person in side]) for side in sides),
    )
    names = list(numbers)
    groups = load_anonlink().solving.greedy_solve(candidates)
    return [frozenset(Person(names[organisation], record) for organisation, record in group) for group in groups]


def one_to_one(links: Iterable[Link]) -> list[Link]:
    """Return the links within match groups, surest first: between two organisations each record is in one at most."""
    ordered = _surest_first(links)
    group_of = {person: number for number, group in enumerate(match_groups(ordered)) for person in group}
    return [link for link in ordered if group_of.get(link.left, -1) == group_of.get(link.right, -2)]


def _surest_first(links: Iterable[Link]) -> list[Link]:
    """Return the links in the order in which they decide; of two between the same records the surer.

    The solver counts the links between two groups, so one that came twice would stand in for one that is not there.
    """
    distinct: dict[frozenset[Person], Link] = {}
    for link in sorted(links, key=lambda item: (-item.weight, item.left, item.right)):
        distinct.setdefault(frozenset(_ends(link)), link)
    return list(distinct.values())


def _ends(link: Link) -> tuple[Person, Person]:
    return link.left, link.right
