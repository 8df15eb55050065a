"""Before diffusion, our filters are clkhash's, bit for bit: anyone with clkhash and the key can check an encoding.

So are filters by a peer's schema. Values are not validated on either side: a check of the extract does that.
"""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parties.encoding import clk_encoder
from parties.encoding.clk import clk_secret, encode_clks, linkage_schema
from parties.encoding.clk_encoder import ClkEncoder
from parties.encoding.rows import PersonRows, filters
from schemas.agreement import PROJECTIONS
from tests.conformance.peers import SECRET, adversarial_columns, by_clkhash, encoded_columns, random_columns, schemas, takes

SCHEMAS = schemas()
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
RECORDS = 8_400  # of each of twelve schemas: over 100,000

every_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)


def check_equal(columns, schema, secret=SECRET):
    """Check that a new encoder and clkhash give the same filters, and that some bit is set."""
    made = ClkEncoder(schema, secret).encode(encoded_columns(columns, schema))
    assert made.any()
    assert np.array_equal(made, by_clkhash(columns, schema, secret))


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_genuine_looking_people_are_encoded_as_clkhash_does(projection):
    rows, random = PersonRows(), np.random.default_rng(7)
    for number in range(1_500):
        first, last = ("".join(random.choice(list("abdeghilmnorstuy"), size=random.integers(1, 14))) for _ in range(2))
        born = f"{random.integers(1930, 2024)}-{random.integers(1, 13):02}-{random.integers(1, 29):02}"
        record = {"forename": first, "surname": last, "date_of_birth": born, "postcode": f"CF{number % 90} {number % 10}AB"}
        rows.add_rows(rows.add_person(str(number)), {**record, "address": f"{number} {last} road"})
    values, secret = [item.values for item in filters(rows, projection)], clk_secret(bytes(range(32)), "adults", projection)
    assert len(values) > 1_450
    assert np.array_equal(
        encode_clks(values, projection, secret), by_clkhash(zip(*values, strict=True), linkage_schema(projection), secret)
    )


@pytest.mark.slow
@every_schema
def test_adversarial_texts_are_encoded_as_clkhash_does(schema):
    check_equal(adversarial_columns(schema, np.random.default_rng(11)), schema)


@every_schema
def test_random_values_are_encoded_as_clkhash_does(schema):
    check_equal(random_columns(schema, 150, np.random.default_rng(12)), schema)


@pytest.mark.slow
def test_over_100_000_records_are_encoded_as_clkhash_does(figure):
    for schema in SCHEMAS.values():
        check_equal(random_columns(schema, RECORDS, np.random.default_rng(13)), schema)
    figure("records encoded as clkhash does, all schemas", "100,000 or more", f"{RECORDS * len(SCHEMAS):,}")


@settings(max_examples=100)
@given(st.sampled_from(sorted(SCHEMAS)), st.lists(TEXTS, min_size=1, max_size=4), st.integers(0, 2**32), st.binary(min_size=1, max_size=40))
def test_any_text_is_encoded_as_clkhash_does(name, texts, seed, secret):
    schema = SCHEMAS[name]
    valid = random_columns(schema, len(texts), np.random.default_rng(seed))
    columns = [
        [text if takes(field, text) else value for text, value in zip(texts, column, strict=True)]
        for column, field in zip(valid, schema.fields, strict=True)
    ]
    made = ClkEncoder(schema, secret).encode(encoded_columns(columns, schema))
    assert np.array_equal(made, by_clkhash(columns, schema, secret))


@pytest.mark.slow
@every_schema
def test_what_an_encoder_remembers_changes_nothing(schema, monkeypatch):
    monkeypatch.setattr(clk_encoder, "BLOCK_ROWS", 7)
    monkeypatch.setattr(clk_encoder, "KEPT_TOKENS", 90)
    encoder, random = ClkEncoder(schema, SECRET), np.random.default_rng(14)
    for _ in range(3):
        columns = random_columns(schema, 60, random)
        assert np.array_equal(encoder.encode(encoded_columns(columns, schema)), by_clkhash(columns, schema, SECRET))


@every_schema
def test_columns_of_arrow_are_encoded_as_lists_are(schema):
    columns = encoded_columns(random_columns(schema, 60, np.random.default_rng(15)), schema)
    as_lists = ClkEncoder(schema, SECRET).encode(columns)
    forms = (
        pa.array,
        lambda column: pa.array(["before", *column, "after"], type=pa.large_string()).slice(1, len(column)),
        lambda column: pa.chunked_array([column[:1], column[1:40], [], column[40:]], type=pa.string()),
        lambda column: pa.array(column).dictionary_encode(),
        lambda column: pa.array([value or None for value in column]),
        lambda column: np.array(column, dtype=object),
    )
    for form in forms:
        assert np.array_equal(ClkEncoder(schema, SECRET).encode([form(column) for column in columns]), as_lists)


def test_settings_that_clkhash_ignores_change_nothing():
    assert SCHEMAS["settings-that-clkhash-ignores"].xor_folds == 0
    assert SCHEMAS["folded"].xor_folds == 2


def test_all_that_the_format_knows_is_in_some_schema():
    hashed = [field.hashing_properties for schema in SCHEMAS.values() for field in schema.fields if field.hashing_properties]
    kinds = {type(field).__name__ for schema in SCHEMAS.values() for field in schema.fields}
    assert kinds == {"StringSpec", "IntegerSpec", "DateSpec", "EnumSpec", "Ignore"}
    assert {type(properties.comparator).__name__ for properties in hashed} == {"NgramComparison", "ExactComparison", "NumericComparison"}
    assert {type(properties.strategy).__name__ for properties in hashed} == {"BitsPerTokenStrategy", "BitsPerFeatureStrategy"}
    assert {(properties.hash_type, bool(properties.prevent_singularity)) for properties in hashed} == {
        ("blakeHash", False), ("doubleHash", False), ("doubleHash", True),
    }  # fmt: skip
    assert {properties.encoding for properties in hashed} == {"ascii", "utf-8", "utf-16", "utf-32"}
    assert {schema.kdf_hash for schema in SCHEMAS.values()} == {"SHA256", "SHA512"}
    assert {schema.xor_folds for schema in SCHEMAS.values()} >= {0, 1, 2}
    assert any(schema.l % 8 for schema in SCHEMAS.values())
