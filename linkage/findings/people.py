"""People of a round, as opened joins name them: no person is known of whom no pair opened, or who is not tied to one. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from linkage.findings.links import Person
from linkage.second_look.opened import Side
from schemas.encoding_set import POPULATIONS, Population
from schemas.joins import Relation


@dataclass
class People:
    """Persons by number, their ties, relations, and the filters that they are known by.

    Attributes:
        ids: person ids in the order of their numbers, by population and organisation.
        ties: children of adults, within one organisation.
        relations: the authority's to each of its children.
        filters: pseudonyms of every filter of a person that opened, by population.
    """

    ids: Mapping[Population, dict[str, list[bytes]]] = field(default_factory=lambda: {population: {} for population in POPULATIONS})
    ties: dict[Person, list[Person]] = field(default_factory=dict)
    relations: dict[Person, Relation] = field(default_factory=dict)
    filters: Mapping[Population, dict[Person, set[bytes]]] = field(
        default_factory=lambda: {population: defaultdict(set) for population in POPULATIONS}
    )
    _numbers: Mapping[Population, dict[tuple[str, bytes], Person]] = field(
        default_factory=lambda: {population: {} for population in POPULATIONS}
    )

    def add(self, side: Side) -> Person:
        """Take what one side of an opened pair says; return the person."""
        population = side.join.population
        person = self._person(population, side.organisation, side.join.person)
        self.filters[population][person].add(side.pseudonym)
        self._relate(person, side.join.relation)
        other: Population = "children" if population == "adults" else "adults"
        for tied in side.join.tied:
            relative = self._person(other, side.organisation, tied.person)
            self._relate(relative, tied.relation)
            adult, child = (person, relative) if population == "adults" else (relative, person)
            children = self.ties.setdefault(adult, [])
            if child not in children:
                children.append(child)
        return person

    def pseudonyms(self, population: Population, person: Person) -> list[bytes]:
        """Return the filters that a person is known by: those of whom a pair opened, and the one that the person is named by."""
        return sorted({self.id(population, person), *self.filters[population].get(person, ())})

    def id(self, population: Population, person: Person) -> bytes:
        """Return a person's id in this round, 16 bytes."""
        return self.ids[population][person.organisation][person.number]

    def _relate(self, child: Person, relation: Relation | None) -> None:
        if relation is not None:
            self.relations[child] = relation

    def _person(self, population: Population, organisation: str, person_id: bytes) -> Person:
        numbers = self._numbers[population]
        if (organisation, person_id) not in numbers:
            ids = self.ids[population].setdefault(organisation, [])
            numbers[organisation, person_id] = Person(organisation, len(ids))
            ids.append(person_id)
        return numbers[organisation, person_id]
