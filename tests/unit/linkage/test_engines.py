"""Engines: how a search is divided must not be seen in what it finds, nor may it grow without bound."""

import threading
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from linkage.engines.threads import ThreadsEngine
from linkage.search import kernel, parts
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.search.engine import CHECK_ROWS, WIDEST_BITS, FilterPairs, check_sides
from linkage.search.kernel import DIGITS, FIRST_ROOM, TILE_ROWS
from linkage.search.parts import PART_ROWS, Split, compare_part, gather, keep_best, part_ranges
from schemas.errors import AgreementError, SubmissionError

BYTES = 128
ENGINES = [AnonlinkEngine(), ThreadsEngine()]
by_every_engine = pytest.mark.parametrize("engine", ENGINES, ids=["anonlink", "threads"])


def filters(rows, seed=1, width=BYTES):
    return np.random.default_rng(seed).integers(0, 256, (rows, width), dtype=np.uint8)


def listed(pairs):
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), pairs.score.tolist(), strict=True))


def pairs_of(*triples):
    left, right, score = zip(*triples, strict=True) if triples else ((), (), ())
    return FilterPairs(np.array(left, np.int64), np.array(right, np.int64), np.array(score, np.float64))


@pytest.mark.parametrize("top_k", [None, 3])
@pytest.mark.parametrize(("rows", "other_rows"), [(90, 2500), (2500, 90), (300, 300)])
def test_neither_parts_nor_threads_change_what_is_found(rows, other_rows, top_k):
    left, right = filters(rows), filters(other_rows, 2)
    once = listed(ThreadsEngine(threads=1).candidate_pairs(left, right, cut=0.55, top_k=top_k))
    assert once
    for threads, part_rows in ((1, 64), (2, 100), (3, 1024), (4, 1)):
        engine = ThreadsEngine(threads=threads, part_rows=part_rows)
        assert listed(engine.candidate_pairs(left, right, cut=0.55, top_k=top_k)) == once


def test_waiting_pairs_cut_down_on_the_way_give_the_same(monkeypatch):
    left, right = filters(40), filters(900, 2)
    once = listed(ThreadsEngine().candidate_pairs(left, right, cut=0.5, top_k=2))
    monkeypatch.setattr(parts, "MERGE_PAIRS", 10)
    assert listed(ThreadsEngine(part_rows=50).candidate_pairs(left, right, cut=0.5, top_k=2)) == once


@by_every_engine
@pytest.mark.parametrize(("rows", "other_rows", "larger"), [(70, 200, 1), (200, 70, 0), (90, 90, 0)])
def test_a_stream_is_in_the_order_of_the_larger_sides_rows(monkeypatch, engine, rows, other_rows, larger):
    left, right = filters(rows), filters(other_rows, 2)
    everything = sorted(listed(engine.candidate_pairs(left, right, cut=0.53)), key=lambda pair: (pair[larger], pair[1 - larger]))
    for part_rows in (16, 64, PART_ROWS):
        monkeypatch.setattr(engine, "part_rows", part_rows)
        streamed = list(engine.stream_pairs(left, right, cut=0.53))
        assert [pair for pairs in streamed for pair in listed(pairs)] == everything
        assert len(streamed) == len(part_ranges(max(rows, other_rows), part_rows))


def test_a_stream_compares_only_a_few_parts_ahead(monkeypatch):
    compared = []
    monkeypatch.setattr(parts, "compare_part", lambda part, *_args, **_kwargs: compared.append(len(part)) or pairs_of())
    stream = ThreadsEngine(threads=2, part_rows=1).stream_pairs(filters(300), filters(2, 2), cut=0.6)
    next(stream)
    stream.close()
    assert len(compared) < 10


def test_an_error_in_a_part_ends_the_search_and_its_threads(monkeypatch):
    def fail(*_args, **_kwargs):
        raise MemoryError

    monkeypatch.setattr(parts, "compare_part", fail)
    with pytest.raises(MemoryError):
        ThreadsEngine(threads=2, part_rows=1).candidate_pairs(filters(300), filters(2, 2), cut=0.6)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("search")]


@by_every_engine
def test_progress_is_told_part_by_part(monkeypatch, engine):
    monkeypatch.setattr(engine, "part_rows", 100)
    told = []
    engine.candidate_pairs(filters(20), filters(350, 2), cut=0.6, progress=lambda *given: told.append(given))
    assert told == [("compare", done, 4) for done in range(1, 5)]


@by_every_engine
def test_more_pairs_than_allowed_are_an_error_that_names_the_cut(monkeypatch, engine):
    left, right = filters(30), filters(400, 2)
    reached = len(engine.candidate_pairs(left, right, cut=0.5))
    assert reached > 1_000
    for part_rows in (7, 400):
        monkeypatch.setattr(engine, "part_rows", part_rows)
        assert len(engine.candidate_pairs(left, right, cut=0.5, max_pairs=reached)) == reached
        for top_k in (None, 1):
            with pytest.raises(AgreementError, match=f"over {reached - 1:,} pairs .* higher search.cut_per_mille"):
                engine.candidate_pairs(left, right, cut=0.5, top_k=top_k, max_pairs=reached - 1)


def test_a_part_that_passes_the_bound_stops_early():
    part, other = filters(4 * TILE_ROWS), filters(4 * TILE_ROWS, 2)
    with pytest.raises(AgreementError, match="over 10 pairs"):
        compare_part(part, other, cut=0.01, part_is_left=True, max_pairs=10)


def test_room_grows_with_the_pairs():
    part, other = filters(300), filters(200, 2)
    assert len(compare_part(part, other, cut=0.01, part_is_left=True)) == 300 * 200 > 4 * FIRST_ROOM


def test_of_equal_scores_the_lower_row_is_kept():
    pairs = pairs_of((0, 0, 0.7), (0, 1, 0.9), (0, 2, 0.9), (0, 3, 0.9), (1, 1, 0.9), (1, 2, 0.8), (2, 1, 0.95))
    assert listed(keep_best(pairs, 2)) == [(0, 1, 0.9), (0, 2, 0.9), (1, 2, 0.8), (2, 1, 0.95)]
    assert listed(keep_best(pairs, 1)) == [(2, 1, 0.95)]
    assert listed(keep_best(pairs, None)) == listed(pairs)


def test_no_parts_are_no_pairs():
    assert listed(gather([], 3)) == listed(gather([pairs_of()], None)) == []


@by_every_engine
@pytest.mark.parametrize(("rows", "other_rows"), [(0, 3), (3, 0), (0, 0)])
def test_an_empty_side_has_no_pairs_and_no_parts(engine, rows, other_rows):
    assert list(engine.stream_pairs(filters(rows), filters(other_rows), cut=0.6)) == []
    assert len(engine.candidate_pairs(filters(rows), filters(other_rows), cut=0.6, top_k=1)) == 0


def test_a_mapped_file_is_searched_as_an_array(tmp_path):
    left, right = filters(20), filters(3000, 2)
    right[:20] = left
    np.save(tmp_path / "right.npy", right)
    mapped = np.load(tmp_path / "right.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    found = ThreadsEngine(part_rows=512).candidate_pairs(left, mapped, cut=0.55)
    assert listed(found) == listed(ThreadsEngine().candidate_pairs(left, right, cut=0.55))
    assert len(found) >= 20


def test_the_kernel_is_compiled_once_for_filters_from_anywhere():
    mine = filters(10)
    read_only = np.frombuffer(mine.tobytes(), np.uint8).reshape(mine.shape)
    odd = np.frombuffer(b"x" + mine.tobytes(), np.uint8)[1:].reshape(mine.shape)
    for sides in ((mine, mine), (mine, read_only), (read_only, odd), (odd, mine)):
        assert len(ThreadsEngine().candidate_pairs(*sides, cut=0.9)) == 10
    assert len(kernel._search.signatures) == 1


def test_filters_that_are_not_side_by_side_in_memory_are_compared_alike():
    wide = filters(60, width=2 * BYTES)
    left, right = wide[:, :BYTES], wide[::-1, :BYTES]
    expected = ThreadsEngine().candidate_pairs(left.copy(), right.copy(), cut=0.5)
    assert listed(ThreadsEngine().candidate_pairs(left, right, cut=0.5)) == listed(expected)


def test_pairs_become_an_arrow_batch():
    batch = pairs_of((0, 1, 0.7), (2, 0, 1.0)).as_batch()
    assert batch.schema.types == [pa.int64(), pa.int64(), pa.float64()]
    assert batch.to_pylist() == [{"left": 0, "right": 1, "score": 0.7}, {"left": 2, "right": 0, "score": 1.0}]
    assert pairs_of().as_batch().num_rows == 0


@by_every_engine
@pytest.mark.parametrize("cut", [0, -0.1, 1.01, float("nan")])
def test_a_cut_that_is_no_share_is_refused(engine, cut):
    with pytest.raises(AgreementError, match=r"search\.cut_per_mille"):
        engine.candidate_pairs(filters(1), filters(1), cut=cut)


@by_every_engine
@pytest.mark.parametrize(
    ("right", "rule"),
    [
        (filters(2, width=64), "two sides differ in length"),
        (filters(2, width=12), "multiple of 64 bits"),
        (filters(2, width=0), "one row of equal length"),
        (filters(2, width=WIDEST_BITS // 8 + 8), "up to 4,096"),
        (filters(2)[0], "one row of equal length"),
        (filters(2).astype(np.int64), "one row of equal length"),
        (np.array([b"a", b"bc"], dtype=object)[:, None], "one row of equal length"),
        (np.zeros((2, BYTES), np.uint8), "one is constant"),
        (np.full((2, BYTES), 255, np.uint8), "one is constant"),
    ],
)
def test_filters_that_cannot_be_compared_are_refused_before_any_is(engine, right, rule):
    for sides in ((filters(2), right), (right, filters(2))):
        with pytest.raises(SubmissionError, match=rule):
            engine.stream_pairs(*sides, cut=0.6)


def test_every_block_of_rows_is_checked():
    many = filters(CHECK_ROWS + 2, width=8)
    many[-1] = 0
    with pytest.raises(SubmissionError, match="one is constant"):
        check_sides(filters(1, width=8), many, cut=0.6)


def test_the_parts_of_a_split_are_its_larger_sides_rows():
    assert part_ranges(5, 2) == [(0, 2), (2, 4), (4, 5)]
    assert PART_ROWS % 1024 == 0
    split = Split(filters(3), filters(5, 2), 0.5, part_rows=2)
    assert (split.part_is_left, len(split.other), split.ranges) == (False, 3, [(0, 2), (2, 4), (4, 5)])
    assert np.array_equal(split.part(2, 4), filters(5, 2)[2:4])
    assert isinstance(ThreadsEngine().compare_parts(split), Iterator)


def test_the_kernels_counters_can_hold_every_count():
    assert 2**DIGITS >= WIDEST_BITS
    full = np.full((2, WIDEST_BITS // 8), 255, np.uint8)
    full[:, 0] = (254, 253)
    assert listed(ThreadsEngine().candidate_pairs(full[:1], full, cut=0.9)) == [(0, 0, 1.0), (0, 1, (WIDEST_BITS - 2) / (WIDEST_BITS - 1))]
