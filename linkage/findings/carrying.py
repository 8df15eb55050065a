"""Carrying over: where two records look like one person, those tied to both are worth a look of their own. Pure.

    prisoner = authority's carer                             → children whom the prisoner declared, beside the carer's
    prisoner = authority's carer, prisoner = police adult    → the police adult's children, beside the carer's
    declared child = authority's child                       → the prisoner, beside the child's carers
    police child = authority's child, by a police adult      → every prisoner whom that adult looks like, beside the child's carers

Such people may have found no slot in the first wave, or never met in a search: a date that is missing, a name that was heard otherwise.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from linkage.findings.links import Pair, Person
from linkage.findings.paths import Ties
from schemas.encoding_set import Population
from schemas.roster import Kind
from schemas.slots import SEARCHES

Search = tuple[Population, Kind, Kind]
Both = tuple[Person, Person]
Alike = Mapping[Person, list[Person]]
CARERS, POLICE_ADULTS, DECLARED, POLICE_CHILDREN = SEARCHES


def carried_over(pairs: Mapping[Search, Iterable[Pair]], ties: Ties, *, accepted: float) -> dict[Search, list[Both]]:
    """Return the pairs of people to look at, by search and in order; none that was looked at before.

    Args:
        pairs: every pair of persons that opened, with its weight.
        ties: children of adults, within one organisation.
        accepted: the weight, in bits, from which two records are taken for one person.
    """
    alike = {search: _accepted(pairs.get(search, ()), accepted) for search in SEARCHES}
    parents, prisoners = _turned(ties), _turned(alike[POLICE_ADULTS])
    found = {
        CARERS: {
            *_parents(alike[DECLARED], parents, lambda parent: [parent]),
            *_parents(alike[POLICE_CHILDREN], parents, lambda parent: prisoners.get(parent, [])),
        },
        DECLARED: {both for prisoner, carers in alike[CARERS].items() for both in _children(ties, [prisoner], carers)},
        POLICE_CHILDREN: {
            both for prisoner, carers in alike[CARERS].items() for both in _children(ties, alike[POLICE_ADULTS].get(prisoner, ()), carers)
        },
    }
    return {search: sorted(those - {(left, right) for left, right, _ in pairs.get(search, ())}) for search, those in found.items()}


def _accepted(pairs: Iterable[Pair], weight: float) -> dict[Person, list[Person]]:
    found: dict[Person, list[Person]] = defaultdict(list)
    for left, right, bits in pairs:
        if bits >= weight:
            found[left].append(right)
    return found


def _children(ties: Ties, ones: Iterable[Person], others: Iterable[Person]) -> Iterator[Both]:
    """Yield every child of `ones` beside every child of `others`."""
    theirs = [child for adult in others for child in ties.get(adult, ())]
    return ((child, other) for adult in ones for child in ties.get(adult, ()) for other in theirs)


def _parents(alike: Alike, parents: Alike, prisoners: Callable[[Person], list[Person]]) -> Iterator[Both]:
    """Yield the prisoners behind each child's parents beside the carers of every authority's child that it looks like."""
    for child, others in alike.items():
        carers = [carer for other in others for carer in parents.get(other, ())]
        yield from ((prisoner, carer) for parent in parents.get(child, ()) for prisoner in prisoners(parent) for carer in carers)


def _turned(of: Alike) -> dict[Person, list[Person]]:
    turned = defaultdict[Person, list[Person]](list)
    for one, others in of.items():
        for other in others:
            turned[other].append(one)
    return turned
