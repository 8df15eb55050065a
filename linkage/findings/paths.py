"""The family graph: by which paths a prisoner's child is an authority's child. Pure.

    carer       prisoner = authority's carer            → that carer's child
    police      prisoner = police adult → its child     = authority's child
    declared    prisoner → child declared in custody    = authority's child

Many-to-many: a child may have two parents inside, a prisoner several children; nothing is forced one-to-one.

What a finding weighs:

    minimum         a path is as strong as its weaker link: both persons must hold by themselves
    clip            another, independent path adds its own weight, up to `CORROBORATION_BITS`
    guard           `GUARD_BITS` off a link to a child who has a brother or sister that is alike and was not looked at
    margin          how far the weaker link leads its rivals; independent paths lead by what each does, together
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from linkage.findings.explaining import Code, explain
from linkage.findings.links import Link, Person

Ties = Mapping[Person, list[Person]]  # adult → children, within one organisation
CORROBORATION_BITS = 8.0  # unclipped, a certain parent drags in the wrong sibling
GUARD_BITS = 3.0  # what a finding must lead a relative by, had that been looked at


@dataclass(frozen=True)
class Path:
    """One way from a prisoner to an authority's child; weight and margin are the weaker of its links'.

    `via` is whose tie it rests on: paths by one organisation's ties are one witness. `carer` is the authority's own record of the
    parent, on a carer path.
    """

    prisoner: Person
    child: Person
    links: tuple[Link, ...]
    via: str
    carer: Person | None = None
    guarded: bool = False

    @property
    def weight(self) -> float:
        """The weaker link's, less what a guard takes off."""
        return min(link.weight for link in self.links) - (GUARD_BITS if self.guarded else 0.0)

    @property
    def margin(self) -> float:
        """The lesser of the links'."""
        return min(link.margin for link in self.links)

    @property
    def codes(self) -> set[Code]:
        """What is to be said of it, in codes."""
        return {*explain(self.links), *([Code.ALIKE_RELATIVE] if self.guarded else [])}


@dataclass(frozen=True)
class Finding:
    """A prisoner and an authority's child, on the evidence of every path between them; `codes` say why, in their order."""

    prisoner: Person
    child: Person
    weight: float
    margin: float
    carer: Person | None
    codes: tuple[Code, ...] = ()


def carer_paths(parents: Iterable[Link], ties: Ties) -> list[Path]:
    """Return the paths from prisoners to the children of the carers they were linked with."""
    return [Path(link.left, child, (link,), link.right.organisation, link.right) for link in parents for child in ties.get(link.right, [])]


def declared_paths(ties: Ties, children: Iterable[Link]) -> list[Path]:
    """Return the paths from prisoners over the children tied to them to the authority's children linked with those."""
    linked = _by_left(children)
    return [
        Path(prisoner, link.right, (link,), prisoner.organisation)
        for prisoner, tied in ties.items()
        for child in tied
        for link in linked.get(child, [])
    ]


def police_paths(adults: Iterable[Link], ties: Ties, children: Iterable[Link]) -> list[Path]:
    """Return the paths from prisoners over police adults and the children tied to them to the authority's children."""
    linked = _by_left(children)
    return [
        Path(adult.left, link.right, (adult, link), adult.right.organisation)
        for adult in adults
        for child in ties.get(adult.right, [])
        for link in linked.get(child, [])
    ]


def guarded(paths: Iterable[Path], has_alike_relative: Callable[[Link], bool]) -> list[Path]:
    """Return the paths, those guarded whose link to the authority's child might as well be to a relative's; asked of that link."""
    return [replace(path, guarded=has_alike_relative(path.links[-1])) for path in paths]


def findings(paths: Iterable[Path], *, delta: float) -> list[Finding]:
    """Return one finding for each prisoner and child.

    Its weight is the best path's, plus up to `CORROBORATION_BITS` of the best independent one; a path that leads by `delta` goes before
    one that does not.
    """
    ordered = sorted(paths, key=lambda path: (path.prisoner, path.child))
    return [_finding(list(group), delta) for _, group in groupby(ordered, key=lambda path: (path.prisoner, path.child))]


def _finding(paths: list[Path], delta: float) -> Finding:
    clear = [path for path in paths if path.margin >= delta]
    ranked = sorted(clear or paths, key=lambda path: -path.weight)
    best = ranked[0]
    support = max((path.weight for path in paths if path.via != best.via), default=0.0)
    bonus = min(max(support, 0.0), CORROBORATION_BITS)
    carer = next((path.carer for path in ranked if path.carer is not None), None)
    codes = best.codes | ({Code.TWO_TIES} if bonus else set())
    return Finding(best.prisoner, best.child, best.weight + bonus, _lead(paths), carer, tuple(sorted(codes)))


def _lead(paths: Iterable[Path]) -> float:
    """Return how far the best path leads, or all independent ones together: what is behind a rival twice is not ahead of it for that."""
    by_witness: dict[str, float] = {}
    for path in paths:
        by_witness[path.via] = max(path.margin, by_witness.get(path.via, path.margin))
    return max(*by_witness.values(), sum(by_witness.values()))


def _by_left(links: Iterable[Link]) -> dict[Person, list[Link]]:
    grouped: dict[Person, list[Link]] = defaultdict(list)
    for link in links:
        grouped[link.left].append(link)
    return grouped
