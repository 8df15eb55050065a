"""Which people of a round are controls, and the opened pairs without them. Pure.

A control is nobody, so it may not stand beside anybody: neither as a finding nor as the rival that a real finding has to lead.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from linkage.second_look.opened import Side, sides
from schemas.controls import Planted, persons
from schemas.encoding_set import Population

Name = tuple[Population, str, bytes]  # a person: population, organisation, id in the round


@dataclass(frozen=True, repr=False)
class Controls:
    """The controls of one round. Shows nothing in `repr`.

    Attributes:
        planted: by organisation, the ids that it planted, by the family's number.
        unread: organisations whose list did not open: nobody can say which of their people are real.
    """

    planted: Mapping[str, Mapping[int, Planted]]
    unread: frozenset[str] = frozenset()

    def numbers(self) -> dict[Name, int]:
        """Return the number of every control person's family."""
        return {
            (population, organisation, person): number
            for organisation, families in self.planted.items()
            for number, row in families.items()
            for population, person in persons(row).items()
        }

    def ids(self, population: Population) -> dict[str, set[bytes]]:
        """Return the ids of one population's controls, by organisation."""
        found: dict[str, set[bytes]] = {}
        for known, organisation, person in self.numbers():
            if known == population:
                found.setdefault(organisation, set()).add(person)
        return found

    def __repr__(self) -> str:
        """Show nothing."""
        return "Controls(…)"


NO_CONTROLS = Controls({})


def without_controls(opened: pa.Table, controls: Controls) -> pa.Table:
    """Return the opened pairs of which both sides are real people, as far as lists could be read.

    Args:
        opened: opened pairs of all searches.
        controls: the round's.
    """
    known = controls.numbers()

    def is_real(side: Side) -> bool:
        name = (side.join.population, side.organisation, side.join.person)
        return name not in known and side.organisation not in controls.unread

    return opened.filter(pa.array(np.array([is_real(left) and is_real(right) for left, right in sides(opened)], dtype=np.bool_)))
