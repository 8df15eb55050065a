"""Who of a family was received into prison in the window, when, and where they were held.

Pure. Fits the share of children with a parent received to the prevalence asked for.
"""

from dataclasses import dataclass
from typing import Final

from validation.synthetic import places, rates
from validation.synthetic.draws import Draws, Weighted
from validation.synthetic.families import Bond, Family, Person
from validation.synthetic.places import Establishment

PARENTAL: Final = frozenset({"parent", "birth_parent"})
OLDEST_RECEIVED: Final = 68 * 365
RECEPTION_TYPES: Final = Weighted(rates.RECEPTION_TYPES)
MEAN_RECEPTION: Final = sum(rate.share * rate.reception for rate in rates.FAMILIES.values()) / sum(
    rate.share for rate in rates.FAMILIES.values()
)
HIGHEST_CHANCE: Final = 0.95


@dataclass(slots=True, repr=False, eq=False)
class Stay:
    """One reception, and what followed; days are ordinals, 0 where it has not happened."""

    received: int
    reception_type: str
    prison: Establishment
    transferred: int = 0
    next_prison: Establishment | None = None
    released: int = 0


@dataclass(slots=True, repr=False, eq=False)
class Custody:
    """A person received, and their stays in order."""

    person: Person
    stays: list[Stay]


def counts_as_parent(bond: Bond) -> bool:
    """Say whether an adult's reception makes the child one with a parent in prison: a parent, or a step-parent they live with."""
    return bond.relation in PARENTAL or (bond.relation == "step_parent" and bond.current and bond.together)


def received_of(family: Family, draws: Draws, prevalence: float) -> list[Custody]:
    """Return the people of a family who were received in the window."""
    parents = _parents_received(family, draws, prevalence) if family.children else []
    tied = {bond.adult.person_id for bond in family.bonds if counts_as_parent(bond)}
    others = [adult for adult in family.adults if adult.person_id not in tied and _received_anyway(adult, draws, prevalence)]
    return [Custody(person, _stays(person, family, draws)) for person in (*parents, *others)]


def _parents_received(family: Family, draws: Draws, prevalence: float) -> list[Person]:
    chance = prevalence * rates.FAMILIES[family.form].reception / MEAN_RECEPTION / rates.CHILDREN_COUNTED
    if not draws.chance(min(HIGHEST_CHANCE, chance)):
        return []
    weights = {bond.adult: rates.PARENT_WEIGHTS[bond.adult.sex, bond.together] for bond in family.bonds if counts_as_parent(bond)}
    first = Weighted(weights).draw(draws)
    rest = [adult for adult in weights if adult is not first]
    return [first, draws.pick(rest)] if rest and draws.chance(rates.BOTH_PARENTS) else [first]


def _received_anyway(adult: Person, draws: Draws, prevalence: float) -> bool:
    share = 2 - 2 * rates.WOMEN_RECEIVED if adult.sex == "M" else 2 * rates.WOMEN_RECEIVED
    return draws.chance(rates.RECEIVED_WITHOUT_CHILDREN * prevalence * share) and rates.AS_OF - adult.born < OLDEST_RECEIVED


def _stays(person: Person, family: Family, draws: Draws) -> list[Stay]:
    force = person.home.place.force or (family.children[0].home.place.force if family.children else "")
    first = _stay(person, force, draws, rates.AS_OF - draws.below(rates.WINDOW_DAYS), RECEPTION_TYPES.draw(draws))
    if not first.released or not draws.chance(rates.SECOND_RECEPTION / rates.RELEASED):
        return [first]
    again = min(first.released + draws.between(5, 120), rates.AS_OF)
    return [first, _stay(person, force, draws, again, "recall")]


def _stay(person: Person, force: str, draws: Draws, received: int, reception_type: str) -> Stay:
    stay = Stay(received, reception_type, places.establishment(draws, person.sex, force))
    if draws.chance(rates.TRANSFERRED):
        stay.next_prison = places.establishment(draws, person.sex, force)
        stay.transferred = received + draws.between(3, 60)
        if stay.transferred > rates.AS_OF or stay.next_prison.code == stay.prison.code:
            stay.transferred, stay.next_prison = 0, None
    leaves = max(received, stay.transferred) + draws.between(2, 200)
    if draws.chance(rates.RELEASED) and leaves <= rates.AS_OF:
        stay.released = leaves
    return stay
