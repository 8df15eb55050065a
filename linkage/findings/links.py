"""Links: scored pairs of persons with how clearly each leads its rivals. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Person(NamedTuple):
    """A person as one organisation knows them: organisation, and number in its pool."""

    organisation: str
    number: int


@dataclass(frozen=True)
class Link:
    """Two records believed to be one person.

    `weight` is log2 posterior odds; `margin` is how many bits it leads the best rival on either side; `levels` say how far fields agree,
    in the order of `linkage.second_look.levels.FIELDS`.
    """

    left: Person
    right: Person
    weight: float
    margin: float
    levels: tuple[int, ...] = ()


Pair = tuple[Person, Person, float]
SamePerson = Callable[[Person, Person], bool]


def with_margins(pairs: Iterable[Pair], same_person: SamePerson, *, floor: float) -> list[Link]:
    """Return the pairs of weight `floor` or more as links with their margins, over all organisations together.

    Args:
        pairs: left person, right person, weight in bits.
        same_person: says whether two records of different organisations are one person; such records are no rivals,
            because a family that moved is on two authorities' books.
        floor: weights below it are no links.
    """
    by_left: dict[Person, list[Pair]] = defaultdict(list)
    by_right: dict[Person, list[Pair]] = defaultdict(list)
    kept = [pair for pair in pairs if pair[2] >= floor]
    for pair in kept:
        by_left[pair[0]].append(pair)
        by_right[pair[1]].append(pair)
    return [
        Link(
            left,
            right,
            weight,
            min(_lead(right, weight, by_left[left], 1, same_person), _lead(left, weight, by_right[right], 0, same_person)),
        )
        for left, right, weight in kept
    ]


def _lead(own: Person, weight: float, pairs: list[Pair], side: int, same_person: SamePerson) -> float:
    """Return how far `own` leads the best of `pairs` that stands for somebody else; infinite without one."""
    rivals = sorted((pair for pair in pairs if pair[side] != own), key=lambda pair: -pair[2])
    for rival in rivals:
        other = rival[0] if side == 0 else rival[1]
        if other.organisation == own.organisation or not same_person(own, other):
            return weight - rival[2]
    return float("inf")
