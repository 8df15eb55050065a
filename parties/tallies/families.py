"""Which cases of a quarter count: at most so many of one family. Pure.

A family is what one can tell from the desk's own records: cases that share a child, a parent's record or a reception, directly or through one
another. Of cases that name neither parent nor reception nobody can tell whose they are: all of them together count as one family.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Joint = tuple[str, str | bytes]  # what joins cases: a kind, and its value
_UNKNOWN: Joint = ("unknown", "")


class Known(NamedTuple):
    """What a desk knows of whose a case is: child's and parent's record ids, handles of receptions."""

    child: str
    carer: str
    receptions: tuple[bytes, ...] = ()

    def joints(self) -> set[Joint]:
        """Return what joins the case with others."""
        parents = {("carer", self.carer)} if self.carer else set()
        by_parent: set[Joint] = {*parents, *(("reception", handle) for handle in self.receptions)}
        return {*(by_parent or {_UNKNOWN}), *([("child", self.child)] if self.child else [])}


def capped(cases: Mapping[str, Known], cap: int) -> list[str]:
    """Return the documents that count: of each family the first `cap` by name, which says nothing of what became of them.

    Args:
        cases: of each document, whose it is.
        cap: the most cases of one family.
    """
    documents = sorted(cases)
    kept: dict[int, list[str]] = defaultdict(list)
    for document, family in zip(documents, _families([cases[name].joints() for name in documents]), strict=True):
        if len(kept[family]) < cap:
            kept[family].append(document)
    return sorted(document for of_family in kept.values() for document in of_family)


def _families(joints: Sequence[Iterable[Joint]]) -> list[int]:
    """Return each case's family: its connected component in the graph of cases and what joins them."""
    numbers: dict[Joint, int] = {}
    edges = np.array(
        [(case, len(joints) + numbers.setdefault(joint, len(numbers))) for case, of_case in enumerate(joints) for joint in of_case],
        dtype=np.int64,
    ).reshape(-1, 2)
    size = len(joints) + len(numbers)
    graph = coo_array((np.ones(len(edges), dtype=np.int64), (edges[:, 0], edges[:, 1])), shape=(size, size))
    component: list[int] = connected_components(graph, directed=False)[1].tolist() if size else []
    return component[: len(joints)]
