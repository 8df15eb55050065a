"""The family graph: by which paths a prisoner's child is an authority's child. Pure.

    carer       prisoner = authority's carer            → that carer's child
    police      prisoner = police adult → its child     = authority's child
    declared    prisoner → child declared in custody    = authority's child

Many-to-many: a child may have two parents inside, a prisoner several children; nothing is forced one-to-one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from linkage.findings.links import Link, Person

Ties = Mapping[Person, list[Person]]  # adult → children, within one organisation
CORROBORATION_BITS = 8.0  # a second path adds at most this: unclipped, a certain parent drags in the wrong sibling


@dataclass(frozen=True)
class Path:
    """One way from a prisoner to an authority's child; weight and margin are the weaker of its links'.

    `carer` is the authority's own record of the parent, on a carer path.
    """

    prisoner: Person
    child: Person
    weight: float
    margin: float
    carer: Person | None = None


@dataclass(frozen=True)
class Finding:
    """A prisoner and an authority's child, on the evidence of every path between them."""

    prisoner: Person
    child: Person
    weight: float
    margin: float
    carer: Person | None


def carer_paths(parents: Iterable[Link], ties: Ties) -> list[Path]:
    """Return the paths from prisoners to the children of the carers they were linked with."""
    return [Path(link.left, child, link.weight, link.margin, link.right) for link in parents for child in ties.get(link.right, [])]


def declared_paths(ties: Ties, children: Iterable[Link]) -> list[Path]:
    """Return the paths from prisoners over the children tied to them to the authority's children linked with those."""
    linked = _by_left(children)
    return [
        Path(prisoner, link.right, link.weight, link.margin)
        for prisoner, tied in ties.items()
        for child in tied
        for link in linked.get(child, [])
    ]


def police_paths(adults: Iterable[Link], ties: Ties, children: Iterable[Link]) -> list[Path]:
    """Return the paths from prisoners over police adults and the children tied to them to the authority's children."""
    linked = _by_left(children)
    return [
        Path(adult.left, link.right, min(adult.weight, link.weight), min(adult.margin, link.margin))
        for adult in adults
        for child in ties.get(adult.right, [])
        for link in linked.get(child, [])
    ]


def findings(paths: Iterable[Path], *, delta: float) -> list[Finding]:
    """Return one finding for each prisoner and child.

    Its weight is the best path's, plus up to `CORROBORATION_BITS` of the next. Its margin is the best over paths that
    lead by `delta`; where no path does but two kinds agree on the same child, the agreement is the lead.
    """
    ordered = sorted(paths, key=lambda path: (path.prisoner, path.child))
    return [_finding(list(group), delta) for _, group in groupby(ordered, key=lambda path: (path.prisoner, path.child))]


def _finding(paths: list[Path], delta: float) -> Finding:
    clear = [path for path in paths if path.margin >= delta]
    ranked = sorted(clear or paths, key=lambda path: -path.weight)
    support = sorted((path.weight for path in paths if path is not ranked[0]), reverse=True)
    bonus = min(max(support[0], 0.0), CORROBORATION_BITS) if support else 0.0
    carer = next((path.carer for path in ranked if path.carer is not None), None)
    margin = max(path.margin for path in paths)
    return Finding(
        ranked[0].prisoner, ranked[0].child, ranked[0].weight + bonus, margin if clear or not bonus else max(margin, bonus), carer
    )


def _by_left(links: Iterable[Link]) -> dict[Person, list[Link]]:
    grouped: dict[Person, list[Link]] = defaultdict(list)
    for link in links:
        grouped[link.left].append(link)
    return grouped
