"""The release policy: theta, delta, and which authority acts. Pure.

Released is what reaches theta and leads every rival by delta; what comes near is review; the rest is shown to nobody.
A child on two authorities' books is released to the one that acts: looked after by it, else resident, else school, else former.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from linkage.findings.links import Person
from linkage.findings.paths import Finding
from schemas.agreement import Release
from schemas.joins import Standing
from schemas.token import Grade

Decision = Literal["release", "review", "withheld"]
CENTIBITS = 100


@dataclass(frozen=True)
class Decided:
    """What the policy says of one authority's child: the best finding about it, a grade and a decision."""

    child: Person
    carer: Person | None
    weight_centibits: int
    grade: Grade
    decision: Decision


def decide(finding: Finding, policy: Release) -> Decision:
    """Return what the thresholds say of one finding."""
    weight, margin = finding.weight * CENTIBITS, finding.margin * CENTIBITS
    if weight >= policy.theta_centibits and margin >= policy.delta_centibits:
        return "release"
    return "review" if weight >= policy.theta_centibits - policy.review_band_centibits else "withheld"


def decide_all(
    findings: Iterable[Finding],
    policy: Release,
    *,
    standings: Mapping[Person, Standing],
    same_child: Callable[[Person, Person], bool],
) -> list[Decided]:
    """Return one decision per authority's child, ordered by child.

    Args:
        findings: many-to-many; a child with two parents inside has two.
        policy: the agreement's thresholds.
        standings: the authority's relation to each child; resident where it says nothing.
        same_child: says whether two authorities' records are one child; asked only of children that reach one prisoner.
    """
    found = list(findings)
    best = {finding.child: finding for finding in sorted(found, key=lambda item: _strength(item, policy))}
    decisions = {child: decide(finding, policy) for child, finding in best.items()}
    released = {child for child, decision in decisions.items() if decision == "release"}
    for child in _not_acting(found, released, standings, same_child):
        decisions[child] = "withheld"
    return [
        Decided(child, best[child].carer, round(best[child].weight * CENTIBITS), _grade(best[child], policy), decisions[child])
        for child in sorted(best)
    ]


def _strength(finding: Finding, policy: Release) -> tuple[bool, float]:
    return decide(finding, policy) == "release", finding.weight


def _grade(finding: Finding, policy: Release) -> Grade:
    return "A" if finding.weight * CENTIBITS >= policy.grade_a_centibits else "B"


def _not_acting(
    findings: Iterable[Finding],
    released: set[Person],
    standings: Mapping[Person, Standing],
    same_child: Callable[[Person, Person], bool],
) -> set[Person]:
    """Return the released children for whom another authority's record of the same child is to act instead."""
    of_prisoner: dict[Person, set[Person]] = defaultdict(set)
    for finding in findings:
        if finding.child in released:
            of_prisoner[finding.prisoner].add(finding.child)
    passed_over: set[Person] = set()
    for children in of_prisoner.values():
        ranked = sorted(children, key=lambda child: (standings.get(child, Standing.RESIDENT), child))
        for place, child in enumerate(ranked):
            ahead = [other for other in ranked[:place] if other.organisation != child.organisation and other not in passed_over]
            if any(same_child(other, child) for other in ahead):
                passed_over.add(child)
    return passed_over
