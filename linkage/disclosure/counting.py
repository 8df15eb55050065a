"""Count distinct linked children by authority and age band, with every family capped. Pure: a table in, integers out.

The privacy unit is a family: the imprisoned people and children that links join, directly or through one another.
No family adds more than `cap` children to all counts together, so leaving one out moves the cells, and whatever sums of
them a query has, by at most `cap` in L2 norm.
"""

import hmac
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from schemas.joins import AgeBand

_Numbers = npt.NDArray[np.int64]
_Child = tuple[str, bytes]  # authority's name, and the child's id within it
_Value = TypeVar("_Value", bound=Hashable)


@dataclass(frozen=True, repr=False)
class Counts:
    """Exact counts: for each area, in the order asked for, one per age band. Never stored, logged or shown."""

    cells: list[list[int]]

    def __repr__(self) -> str:
        """Show nothing."""
        return "Counts(…)"


def count_children(links: pa.Table, authorities: Sequence[str], *, cap: int, key: bytes) -> Counts:
    """Return how many distinct children of each authority and age band are linked, at most `cap` from one family.

    A child whom two authorities know is one child where both records reach the same prisoner: links name the record that acts.

    Args:
        links: one row per imprisoned person and authority's child: `prisoner`, `child` (ids), `authority` (name), `age` (a band).
        authorities: the published areas; those without a link count 0.
        cap: the most children that one family may add.
        key: ranks the children of a family, so that the same ones are kept whenever the same links are counted.

    Raises:
        ValueError: a link names an authority that is not published.
    """
    prisoner_of_link, prisoners = _numbered(links["prisoner"].to_pylist())
    child_of_link, children = _numbered(zip(links["authority"].to_pylist(), links["child"].to_pylist(), strict=True))
    families = _families(prisoner_of_link, child_of_link, len(prisoners), len(children))
    kept = _capped(families, _ranks(children, key), cap)
    place = {authority: index for index, authority in enumerate(authorities)}
    if not place.keys() >= {authority for authority, _ in children}:
        raise ValueError("a link names an authority outside the published areas")
    ages = dict(zip(child_of_link.tolist(), links["age"].to_pylist(), strict=True))
    cells = np.zeros((len(place), len(AgeBand)), dtype=np.int64)
    for child in kept:
        cells[place[children[child][0]], ages[child]] += 1
    return Counts(cells.tolist())


def _numbered(values: Iterable[_Value]) -> tuple[_Numbers, list[_Value]]:
    """Return each value's number, and the distinct values in the order of their numbers."""
    numbers: dict[_Value, int] = {}
    of_row = np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64)
    return of_row, list(numbers)


def _families(prisoner_of_link: _Numbers, child_of_link: _Numbers, prisoners: int, children: int) -> _Numbers:
    """Return each child's family: its connected component in the graph of prisoners and children."""
    size = prisoners + children
    edges = (np.ones(len(child_of_link), dtype=np.int64), (prisoner_of_link, prisoners + child_of_link))
    component = connected_components(coo_array(edges, shape=(size, size)), directed=False)[1]
    return np.asarray(component[prisoners:], dtype=np.int64)


def _ranks(children: Iterable[_Child], key: bytes) -> npt.NDArray[np.uint64]:
    digests = b"".join(hmac.digest(key, authority.encode() + b"|" + child, "sha256")[:8] for authority, child in children)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def _capped(families: _Numbers, ranks: npt.NDArray[np.uint64], cap: int) -> list[int]:
    """Return the children kept: of each family the `cap` lowest ranks."""
    order = np.lexsort((ranks, families))
    ordered = families[order]
    place_in_family = np.arange(len(ordered)) - np.searchsorted(ordered, ordered, side="left")
    return [int(child) for child in order[place_in_family < cap]]
