"""Searching: which pairs of filters become candidates, with which scores."""

import numpy as np
import pyarrow as pa
import pytest

from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.search.engine import check_filters
from linkage.search.pools import Pool, RoundPools
from schemas.agreement import PROJECTIONS
from schemas.byte_columns import fixed_bytes
from schemas.errors import SubmissionError
from schemas.roster import Kind

BYTES = 128
DRAW = np.random.default_rng(3)
ENGINE = AnonlinkEngine()


def filters(*seeds):
    """Return one random filter for each seed, half of its bits set; equal seeds give equal filters."""
    return np.array([np.random.default_rng(seed).integers(0, 256, BYTES) for seed in seeds], dtype=np.uint8).reshape(len(seeds), BYTES)


def slipped(row, bits):
    """Return a filter with some bits turned."""
    changed = np.unpackbits(row)
    changed[DRAW.choice(len(changed), bits, replace=False)] ^= 1
    return np.packbits(changed)


def test_equal_filters_score_one_and_unrelated_ones_are_no_pair():
    pairs = ENGINE.candidate_pairs(filters(1, 2, 3), filters(9, 2), cut=0.6, top_k=10)
    assert (pairs.left.tolist(), pairs.right.tolist(), pairs.score.tolist()) == ([1], [1], [1.0])


def test_pairs_come_in_order_of_their_rows():
    pairs = ENGINE.candidate_pairs(filters(4, 1, 4, 2), filters(2, 4, 1), cut=0.6, top_k=10)
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 1), (3, 0)]


def test_a_filter_keeps_its_best_candidates():
    original = filters(1)[0]
    others = np.array([slipped(original, bits) for bits in (200, 20, 100)])
    pairs = ENGINE.candidate_pairs(original[None, :], others, cut=0.6, top_k=1)
    assert 1 in pairs.right.tolist()
    assert pairs.score[pairs.right.tolist().index(1)] == pairs.score.max()


@pytest.mark.parametrize(("left", "right"), [((), (1,)), ((1,), ()), ((), ())])
def test_an_empty_side_has_no_pairs(left, right):
    pairs = ENGINE.candidate_pairs(filters(*left), filters(*right), cut=0.6, top_k=10)
    assert len(pairs.left) == len(pairs.right) == len(pairs.score) == 0


@pytest.mark.parametrize("value", [0, 255])
def test_a_constant_filter_is_refused(value):
    with pytest.raises(SubmissionError, match="one is constant"):
        check_filters(np.vstack([filters(1), np.full((1, BYTES), value, dtype=np.uint8)]))
    with pytest.raises(SubmissionError, match="one is constant"):
        ENGINE.candidate_pairs(filters(1), np.full((1, BYTES), value, dtype=np.uint8), cut=0.6, top_k=10)


def test_filters_without_bytes_are_refused():
    for shape in ((3, 0), (3,)):
        with pytest.raises(SubmissionError, match="one row of equal length"):
            check_filters(np.zeros(shape, dtype=np.uint8))


def test_a_pool_is_as_long_as_each_of_its_projections():
    pseudonyms = {projection: np.zeros((3, 16), dtype=np.uint8) for projection in PROJECTIONS}
    made = Pool("council", pseudonyms, dict.fromkeys(PROJECTIONS, filters(1, 2, 3)))
    assert len(made) == 3
    pools = RoundPools({"council": Kind.LOCAL_AUTHORITY, "force": Kind.POLICE}, {"adults": {"council": made}, "children": {}})
    assert pools.of_kind("adults", Kind.LOCAL_AUTHORITY) == [made]
    assert pools.of_kind("adults", Kind.POLICE) == pools.of_kind("children", Kind.LOCAL_AUTHORITY) == []


def test_a_sliced_column_is_read_from_where_it_begins():
    column = pa.chunked_array([pa.array([bytes([number]) * 4 for number in range(5)], pa.binary(4))]).slice(2, 2)
    assert fixed_bytes(column, 4).tolist() == [[2] * 4, [3] * 4]
    assert fixed_bytes(pa.chunked_array([], pa.binary(4)), 4).shape == (0, 4)
