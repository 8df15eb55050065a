"""The attacks that a custodian makes on its own filters before it sends them, as a table, and how each is made. Pure.

Every attack is the worst case: the attacker has everybody in the sample on his list, and nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from parties.encoding.keystream import Keystream
from parties.risk.attacked import Attacked, Target, attacked
from parties.risk.graphs import matched
from parties.risk.known_plaintext import read_by_known
from parties.risk.samples import Values
from validation.quality.limits import lower_limit, upper_limit

Sample = Literal["random", "dense"]
Name = Literal["graph", "ten_seeds", "fifty_seeds", "known_100", "known_1000", "known_6000", "dense_graph", "dense_fifty_seeds"]


@dataclass(frozen=True)
class Attack:
    """One attack: on which sample, of how many people beside those whose filters the attacker knows, and how many he knows."""

    sample: Sample
    asked: int
    known: int = 0
    by_graph: bool = True


GRAPH_PEOPLE, KNOWN_PEOPLE, FEWEST = 300, 2_000, 50
ATTACKS: Final[Mapping[Name, Attack]] = {
    "graph": Attack("random", GRAPH_PEOPLE),
    "ten_seeds": Attack("random", GRAPH_PEOPLE - 10, 10),
    "fifty_seeds": Attack("random", GRAPH_PEOPLE - 50, 50),
    "known_100": Attack("random", KNOWN_PEOPLE, 100, by_graph=False),
    "known_1000": Attack("random", KNOWN_PEOPLE, 1_000, by_graph=False),
    "known_6000": Attack("random", KNOWN_PEOPLE, 6_000, by_graph=False),
    "dense_graph": Attack("dense", GRAPH_PEOPLE),
    "dense_fifty_seeds": Attack("dense", GRAPH_PEOPLE - 50, 50),
}


@dataclass(frozen=True)
class Outcome:
    """How many of those asked about an attack read right; nobody asked about where there are too few people."""

    right: int
    asked: int

    @property
    def share(self) -> float:
        """The share read right."""
        return self.right / self.asked if self.asked else 0.0

    @property
    def lower_95(self) -> float:
        """The share that the attack reads at least, with 95 % confidence."""
        return lower_limit(self.right, self.asked)

    @property
    def upper_95(self) -> float:
        """The share that it reads at most, with 95 % confidence."""
        return upper_limit(self.right, self.asked)


def attack(name: Name, target: Target, values: Values, dense: Sequence[int], stream: Keystream) -> Outcome:
    """Make one attack of the table on a sample.

    Args:
        name: of the attack.
        target: what is attacked.
        values: what filters are made of, by person.
        dense: all persons, the family-dense ones first.
        stream: draws sample and order.
    """
    planned = ATTACKS[name]
    people = _sample(planned, values, dense, stream)
    if len(people) < planned.known + FEWEST:
        return Outcome(0, 0)
    made = attacked([values[person] for person in people], target, stream.permutation(len(people)))
    return outcome(made, planned)


def outcome(made: Attacked, planned: Attack) -> Outcome:
    """Make one attack; the first rows seen are those that the attacker knows."""
    rows = np.arange(len(made.seen))
    known, others = rows[: planned.known], rows[planned.known :]
    if planned.by_graph:
        right = made.right(matched(made, known))[others]
    else:
        right = made.alike[read_by_known(made, known, others)] == made.alike[made.owner[others]]
    return Outcome(int(right.sum()), len(others))


def _sample(planned: Attack, values: Values, dense: Sequence[int], stream: Keystream) -> list[int]:
    size = planned.asked + planned.known
    if planned.sample == "dense":
        return [person for person in dense if person in values][:size]
    people = sorted(values)
    return [people[at] for at in stream.permutation(len(people))[:size].tolist()]
