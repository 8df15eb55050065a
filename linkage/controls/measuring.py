"""What the release policy would do with a round's controls, if they were people. Pure.

Controls are weighed with everybody: a real person may be the rival of a control, for that is what look-alikes measure. Nothing of
this goes back to real people's findings.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from linkage.controls.known import Controls, Name
from linkage.findings.graph import FamilyGraph
from linkage.findings.links import Person
from linkage.release.policy import Decision, decide
from schemas.agreement import Release
from schemas.controls import ControlClass, class_of, is_match, names_of, persons
from schemas.encoding_set import Population
from schemas.roster import Kind
from validation.quality.controls import Tally, tally_key

STEPS: Final = 5  # the agreed thresholds, and four that ask for more
STEP_CENTIBITS: Final = 100
_SIDES: Final[tuple[tuple[Kind, Population], ...]] = ((Kind.PRISON_SERVICE, "adults"), (Kind.LOCAL_AUTHORITY, "children"))


class Labelled(NamedTuple):
    """A finding that involves a control: the family's number, whether it joins that family's two sides, and the decision."""

    number: int
    is_right: bool
    decision: Decision


def policy_at(agreed: Release, step: int) -> Release:
    """Return the agreed thresholds, or after `step` steps stricter ones; never below the agreed."""
    more = step * STEP_CENTIBITS
    stricter = {"theta_centibits": agreed.theta_centibits + more, "delta_centibits": agreed.delta_centibits + more}
    return agreed.model_copy(update=stricter)


def measure(graph: FamilyGraph, controls: Controls) -> list[dict[str, Tally]]:
    """Return the tallies at each step's thresholds.

    Args:
        graph: of every opened pair, controls' as well, under the agreed policy.
        controls: the round's.
    """
    planted, numbers = frozenset(_planted(controls, graph.kinds)), controls.numbers()
    looked_at = planted & _looked_at(graph, numbers)
    return [_tallied(planted, looked_at, list(_labelled(graph, policy_at(graph.policy, step), numbers))) for step in range(STEPS)]


def _planted(controls: Controls, kinds: Mapping[str, Kind]) -> Iterator[int]:
    """Yield the families of which every side that their class needs was planted."""
    prisoners, children = (_numbers(controls, kinds, *side) for side in _SIDES)
    for number in prisoners:
        if number in children or class_of(number) is ControlClass.LOOK_ALIKE:
            yield number


def _numbers(controls: Controls, kinds: Mapping[str, Kind], kind: Kind, population: Population) -> set[int]:
    """Return the families of which a kind of custodian planted an adult, or a child."""
    lists = (planted for organisation, planted in controls.planted.items() if kinds[organisation] is kind)
    return {number for planted in lists for number, row in planted.items() if population in persons(row)}


def _looked_at(graph: FamilyGraph, numbers: Mapping[Name, int]) -> set[int]:
    """Return the families of which a pair of two sides was opened; of a look-alike, any pair."""
    found = set[int]()
    for (population, _, _), pairs in graph.pairs.items():
        for left, right, _ in pairs:
            number, other = (_number(graph, numbers, population, person) for person in (left, right))
            if number is not None and (number == other or class_of(number) is ControlClass.LOOK_ALIKE):
                found.add(number)
    return found


def _labelled(graph: FamilyGraph, policy: Release, numbers: Mapping[Name, int]) -> Iterator[Labelled]:
    """Yield every finding that joins a control with anybody."""
    for finding in replace(graph, policy=policy).findings():
        prisoner = _number(graph, numbers, "adults", finding.prisoner)
        child = _number(graph, numbers, "children", finding.child)
        number = child if prisoner is None else prisoner
        if number is not None:
            yield Labelled(number, prisoner == child and is_match(number), decide(finding, policy))


def _tallied(planted: frozenset[int], looked_at: frozenset[int], labelled: Sequence[Labelled]) -> dict[str, Tally]:
    """Return the tally of every class and list of names."""
    said = Counter((item.number, item.is_right, item.decision) for item in labelled)
    tallies: dict[str, Tally] = {}
    for number in sorted(planted | {item.number for item in labelled}):
        right, review, wrong = (said[number, *what] for what in ((True, "release"), (True, "review"), (False, "release")))
        tally = Tally(int(number in planted), int(number in looked_at), right, review, wrong)
        key = tally_key(class_of(number), names_of(number))
        tallies[key] = tallies.get(key, Tally()).plus(tally)
    return tallies


def _number(graph: FamilyGraph, numbers: Mapping[Name, int], population: Population, person: Person) -> int | None:
    return numbers.get((population, person.organisation, graph.people.id(population, person)))
