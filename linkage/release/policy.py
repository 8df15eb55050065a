"""The release policy: theta, delta, and which authority acts. Pure.

Released is what reaches theta and leads every rival by delta; what comes near is review; the rest is shown to nobody.
A child on several authorities' books is one child. On the best finding about any of its records one authority gets the token: the one
that looks after it, else where it lives, else where it goes to school, else where it was known. Of equals it is one whose own record
suffices, for a child lives in one place and a namesake in another; then the one with the latest contact.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from linkage.findings.explaining import Code
from linkage.findings.graph import SAME_DICE
from linkage.findings.links import Person
from linkage.findings.paths import Finding
from schemas.agreement import Release
from schemas.joins import Relation, Standing
from schemas.token import Grade

Decision = Literal["release", "review", "stand-by", "withheld"]
Likeness = Callable[[Person, Person], float]
Children = list[set[Person]]
CENTIBITS = 100
TO_RELEASE: tuple[Decision, ...] = ("release", "stand-by")  # at once, or where an envelope is passed on
NEVER_A = frozenset({Code.ALIKE_RELATIVE, Code.OTHER_RECORD})  # one more thing to be wrong about, whatever the weight


@dataclass(frozen=True)
class Decided:
    """What the policy says of one authority's child: the best finding about it, a grade and a decision.

    `codes` say why it weighs so. `acting` is the record of this child that the token goes to, if any does: its own, or another authority's. The next in line is on
    stand-by where a token is released; the others are withheld.
    """

    child: Person
    carer: Person | None
    weight_centibits: int
    grade: Grade
    decision: Decision
    acting: Person
    codes: tuple[Code, ...] = ()


def decide(finding: Finding, policy: Release) -> Decision:
    """Return what the thresholds say of one finding."""
    weight, margin = finding.weight * CENTIBITS, finding.margin * CENTIBITS
    if weight >= policy.theta_centibits and margin >= policy.delta_centibits:
        return "release"
    return "review" if weight >= policy.theta_centibits - policy.review_band_centibits else "withheld"


def decide_all(findings: Iterable[Finding], policy: Release, *, relations: Mapping[Person, Relation], likeness: Likeness) -> list[Decided]:
    """Return one decision per authority's child, ordered by child.

    Args:
        findings: many-to-many; a child with two parents inside has two.
        policy: the agreement's thresholds.
        relations: the authority's relation to each child; resident where it says nothing.
        likeness: says how alike two authorities' records are, 0 to 1; asked only of children that reach one prisoner.
    """
    found = list(findings)
    best = {finding.child: finding for finding in sorted(found, key=lambda item: _strength(item, policy))}
    released = {child for child, finding in best.items() if decide(finding, policy) == "release"}
    decided = [item for records in _children(found, likeness) for item in _decided(_in_line(records, relations, released), best, policy)]
    return sorted(decided, key=lambda item: item.child)


def _decided(records: list[Person], best: Mapping[Person, Finding], policy: Release) -> Iterator[Decided]:
    """Yield what is decided of the records of one child, the acting one's first."""
    acting, *others = records
    surest = max((best[record] for record in records), key=lambda item: _strength(item, policy))
    decision = decide(surest, policy)
    suffices = decide(best[acting], policy) == decision
    codes = surest.codes if suffices else tuple(sorted({*surest.codes, Code.OTHER_RECORD}))
    yield Decided(acting, best[acting].carer, _centibits(surest), _grade(surest, policy, codes), decision, acting, codes)
    for place, record in enumerate(others):
        waits: Decision = "stand-by" if place == 0 and decision == "release" else "withheld"
        own = best[record]
        yield Decided(record, own.carer, _centibits(own), _grade(own, policy, own.codes), waits, acting, own.codes)


def _in_line(records: set[Person], relations: Mapping[Person, Relation], released: set[Person]) -> list[Person]:
    """Return the records of one child in the order in which they act."""

    def place(record: Person) -> tuple[Standing, bool, int, Person]:
        relation = relations.get(record, Relation(Standing.RESIDENT))
        return relation.standing, record not in released, -relation.last_contact, record

    return sorted(records, key=place)


def _children(findings: Iterable[Finding], likeness: Likeness) -> Children:
    """Return each child's records, of every authority one at most: the most alike first, all alike to each other.

    So a twin's record stays with the twin's own, though it is alike to the other's as well.
    """
    alike = _alike(findings, likeness)
    groups = {finding.child: {finding.child} for finding in findings}
    for one, other in sorted(alike, key=lambda both: (-alike[both], both)):
        ours, theirs = groups[one], groups[other]
        if ours is not theirs and all(tuple(sorted(both)) in alike for both in _between(ours, theirs)):
            ours |= theirs
            groups |= dict.fromkeys(theirs, ours)
    return list({id(group): group for group in groups.values()}.values())


def _alike(findings: Iterable[Finding], likeness: Likeness) -> dict[tuple[Person, ...], float]:
    """Return how alike the records are that different authorities have of what may be one child, and that reach one prisoner."""
    of_prisoner: dict[Person, set[Person]] = defaultdict(set)
    for finding in findings:
        of_prisoner[finding.prisoner].add(finding.child)
    pairs = {both for records in of_prisoner.values() for both in combinations(sorted(records), 2)}
    scores = {(one, other): likeness(one, other) for one, other in pairs if one.organisation != other.organisation}
    return {both: score for both, score in scores.items() if score >= SAME_DICE}


def _between(ours: set[Person], theirs: set[Person]) -> Iterator[tuple[Person, Person]]:
    return ((one, other) for one in ours for other in theirs)


def _strength(finding: Finding, policy: Release) -> tuple[bool, float]:
    return decide(finding, policy) == "release", finding.weight


def _grade(finding: Finding, policy: Release, codes: Iterable[Code]) -> Grade:
    return "A" if finding.weight * CENTIBITS >= policy.grade_a_centibits and not NEVER_A & set(codes) else "B"


def _centibits(finding: Finding) -> int:
    return round(finding.weight * CENTIBITS)
