"""Before diffusion, our filters are clkhash's, bit for bit: anyone with clkhash and the key can check an encoding."""

import numpy as np
import pytest
from clkhash.clk import generate_clks
from hypothesis import given, settings
from hypothesis import strategies as st

from parties.encoding.clk import clk_secret, encode_clks, linkage_schema
from parties.encoding.rows import PersonRows, filters
from schemas.agreement import PROJECTIONS
from schemas.linkage import feature_names

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=30)


def by_clkhash(values, projection, secret):
    made = generate_clks(values, linkage_schema(projection), secret, validate=False, max_workers=1)
    return np.frombuffer(b"".join(clk.tobytes() for clk in made), dtype=np.uint8).reshape(-1, 128)


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_genuine_looking_people_are_encoded_as_clkhash_does(projection):
    rows, random = PersonRows(), np.random.default_rng(7)
    for number in range(3_000):
        first, last = ("".join(random.choice(list("abdeghilmnorstuy"), size=random.integers(1, 14))) for _ in range(2))
        born = f"{random.integers(1930, 2024)}-{random.integers(1, 13):02}-{random.integers(1, 29):02}"
        record = {"forename": first, "surname": last, "date_of_birth": born, "postcode": f"CF{number % 90} {number % 10}AB"}
        rows.add_rows(rows.add_person(str(number)), {**record, "address": f"{number} {last} road"})
    values, secret = [item.values for item in filters(rows, projection)], clk_secret(bytes(range(32)), "adults", projection)
    assert len(values) > 2_900
    assert np.array_equal(encode_clks(values, projection, secret), by_clkhash(values, projection, secret))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PROJECTIONS), st.data(), st.binary(min_size=32, max_size=32))
def test_any_text_is_encoded_as_clkhash_does(projection, data, secret):
    values = data.draw(st.lists(st.tuples(*[TEXTS] * len(feature_names(projection))), min_size=1, max_size=5))
    assert np.array_equal(encode_clks(values, projection, secret), by_clkhash(values, projection, secret))
