"""Leaving any family out moves the cells of areas and ages, and every sum of them that a query has, by at most the cap in L2 norm."""

import zlib

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.disclosure.counting import count_children
from linkage.disclosure.places import SIX_QUERIES, Places
from linkage.disclosure.strategy import by_level
from schemas.joins import AgeBand

AUTHORITIES = ["a", "b", "c"]
DOMAIN = Places(("E08000016", "W06000015", "E06000001")).domain
KEY = b"a key of thirty-two bytes, fixed"

family_links = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 11), st.sampled_from(AUTHORITIES)), min_size=1, max_size=24)
populations = st.lists(family_links, min_size=1, max_size=6)


def table(families):
    """Each family's ids are its own, so that it is never joined with another; it may itself fall into several."""
    rows = [(f"{family}.{prisoner}", f"{family}.{child}", authority) for family, links in families for prisoner, child, authority in links]
    ids = pa.binary(16)
    return pa.table(
        {
            "prisoner": pa.array([f"{row[0]:16}".encode() for row in rows], ids),
            "child": pa.array([f"{row[1]:16}".encode() for row in rows], ids),
            "authority": pa.array([row[2] for row in rows], pa.string()),
            "age": pa.array([zlib.crc32(row[1].encode()) % len(AgeBand) for row in rows], pa.int8()),
        }
    )


def joined(links):
    """Tie every prisoner of the family to its first child, so that it is one component."""
    first = links[0]
    return [*links, *((prisoner, first[1], first[2]) for prisoner, _, _ in links)]


@settings(deadline=None, max_examples=200)
@given(populations, st.integers(1, 5), st.data())
def test_leaving_a_family_out_moves_no_count_by_more_than_the_cap(families, cap, data):
    numbered = list(enumerate(map(joined, families)))
    gone = data.draw(st.sampled_from(numbered))
    with_it = count_children(table(numbered), AUTHORITIES, cap=cap, key=KEY)
    without = count_children(table([item for item in numbered if item is not gone]), AUTHORITIES, cap=cap, key=KEY)
    for level, (more, fewer) in enumerate(zip(by_level(cells(with_it), DOMAIN), by_level(cells(without), DOMAIN), strict=True)):
        for query in (item for item in SIX_QUERIES if item.level == level):
            assert np.linalg.norm(query.of(more) - query.of(fewer)) <= cap
            assert (query.of(more) >= query.of(fewer)).all()


def cells(counts):
    return np.array(counts.cells, dtype=np.int64)[:, :, np.newaxis]
