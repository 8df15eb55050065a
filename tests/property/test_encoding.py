"""What holds of every encoding."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from parties.encoding.clk import encode_clks, linkage_schema
from parties.encoding.diffusion import diffuse, draw_positions
from parties.encoding.rows import PersonRows, fields
from schemas.agreement import FILTER_BITS
from schemas.byte_columns import by_bytes

NAMES = st.text("abcdefghijklmnoprstuvw", min_size=1, max_size=12)
DAYS = st.integers(1, 12)
FILTERS = arrays.arrays(np.uint8, st.tuples(st.integers(0, 40), st.just(FILTER_BITS // 8)))
KEYS = st.binary(min_size=32, max_size=32)


def tokens(text):
    return set(linkage_schema("A").fields[0].hashing_properties.comparator.tokenize(text))


def rows(**record):
    made = PersonRows()
    made.add_rows(made.add_person("R1"), record)
    return made


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES)
def test_swapped_names_have_the_same_tokens(first, last):
    one, two = (fields(rows(forename=a, surname=b, date_of_birth="1980-02-03"), "A")[0][0] for a, b in ((first, last), (last, first)))
    assert tokens(one) == tokens(two)


@given(st.integers(1920, 2020), DAYS, DAYS)
def test_a_day_month_swap_keeps_the_pair(year, day, month):
    one, two = (
        fields(rows(forename="a", surname="b", date_of_birth=f"{year}-{m:02}-{d:02}"), "A")[0] for m, d in ((month, day), (day, month))
    )
    assert one[2] == two[2]


@settings(max_examples=15, deadline=None)
@given(FILTERS, KEYS, st.sampled_from([1, 3, 9, 11]))
def test_diffusion_is_the_xor_of_t_bits(clks, key, t):
    positions = draw_positions(key, "adults", "A", t)
    diffused = np.unpackbits(diffuse(clks, positions), axis=1).tolist()
    for before, after in zip(np.unpackbits(clks, axis=1).tolist(), diffused, strict=True):
        assert after == [sum(before[at] for at in picked) % 2 for picked in positions.tolist()]


@settings(max_examples=40)
@given(st.integers(0, 1_100), st.integers(1, 40), st.integers(0, 330), st.integers(0, 12), st.integers(0, 2**32))
def test_diffusion_is_a_plain_xor_for_any_lengths_and_t(rows, size, bits, t, seed):
    random = np.random.default_rng(seed)
    clks, positions = random.integers(0, 256, (rows, size), dtype=np.uint8), random.integers(0, 8 * size, (bits, t))
    plain = np.bitwise_xor.reduce(np.unpackbits(clks, axis=1)[:, positions], axis=2)
    assert np.array_equal(diffuse(clks, positions), np.packbits(plain, axis=1))


@given(FILTERS)
def test_the_order_is_that_of_the_bytes(ids):
    assert [row.tobytes() for row in ids[by_bytes(ids)]] == sorted(row.tobytes() for row in ids)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(NAMES, st.just("19800203"), st.just("0203")), min_size=1, max_size=8), st.randoms())
def test_a_filter_does_not_depend_on_the_others(values, random):
    shuffled = random.sample(values, len(values))
    alone = {value: encode_clks([value], "A", bytes(32))[0].tobytes() for value in values}
    assert [clk.tobytes() for clk in encode_clks(shuffled, "A", bytes(32))] == [alone[value] for value in shuffled]
