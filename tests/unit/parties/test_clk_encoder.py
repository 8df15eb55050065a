"""An encoder by any schema: what it refuses, what it hides, what it keeps; a peer's schema: what is refused, what is passed over."""

import io
import json
import pickle
import traceback
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
from clkhash.schema import from_json_file

from parties.encoding import clk_encoder
from parties.encoding.clk import encode_clks, linkage_schema
from parties.encoding.clk_encoder import ClkEncoder
from parties.encoding.peer_schema import encoded_features, passed_over, read_peer_schema
from parties.encoding.token_positions import TokenPositions
from schemas.errors import ConfigurationError, ExtractError, NotPermittedError
from schemas.linkage import schema_text
from tests.conformance.peers import FOLDER

SECRET = bytes(range(32))


def feature(name="a", *, kind=None, comparison=None, strategy=None, **hashing):
    return {
        "identifier": name,
        "format": kind or {"type": "string", "encoding": "utf-8"},
        "hashing": {"comparison": comparison or {"type": "ngram", "n": 2}, "strategy": strategy or {"bitsPerFeature": 40}, **hashing},
    }


def schema_of(*features, bits=1024, kdf=None, **settings):
    return json.dumps(
        {"version": 3, "clkConfig": {"l": bits, "kdf": {"type": "HKDF", **(kdf or {})}, **settings}, "features": features}
    ).encode()


def encoder(*features, **settings):
    return ClkEncoder(read_peer_schema(schema_of(*features, **settings)), SECRET)


DATE = feature("born", kind={"type": "date", "format": "%Y-%m-%d"})
NUMBER = feature("height", comparison={"type": "numeric", "thresholdDistance": 3, "resolution": 2})
ASCII = feature("code", kind={"type": "string", "encoding": "ascii"})


@pytest.mark.parametrize(
    ("refused", "good", "bad"),
    [(DATE, "1980-01-31", "Qzxsurname"), (DATE, "1980-01-31", ""), (NUMBER, "12.5", "Qzxsurname"), (NUMBER, "12", "inf"), (NUMBER, "", "nan"), (ASCII, "x", "Qzxé")],
)  # fmt: skip
def test_a_value_that_has_no_encoding_is_refused_by_place_and_spoils_nothing(refused, good, bad, monkeypatch):
    monkeypatch.setattr(clk_encoder, "BLOCK_ROWS", 4)
    made = encoder(feature("name"), refused)
    with pytest.raises(ExtractError, match=f"row 17, column {refused['identifier']}") as caught:
        made.encode([["x"] * 9, [good] * 7 + [bad, good]], first_row=10)
    assert not bad or bad not in "".join(traceback.format_exception(caught.value))
    assert np.array_equal(made.encode([["x"], [good]]), encoder(feature("name"), refused).encode([["x"], [good]]))


@pytest.mark.parametrize(
    "column", [["\ud800"], [1], pa.array([b"\xff"]).view(pa.string())], ids=["half a character", "a number", "other bytes"]
)
def test_what_is_no_text_is_refused(column):
    with pytest.raises(ExtractError, match="column a: not text"):
        encoder(feature()).encode([column])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ExtractError, match="differ in length"):
        encoder(feature("a"), feature("b")).encode([["x"], ["y", "z"]])


def test_nothing_is_encoded_as_nothing():
    assert encoder(feature()).encode([[]]).shape == (0, 128)
    assert encode_clks([], "A", SECRET).shape == (0, 128)
    assert not encoder(feature()).encode([["", ""]]).any()


def test_a_null_is_an_empty_value():
    made = encoder(feature(missingValue={"sentinel": "", "replaceWith": "nobody"}))
    assert np.array_equal(made.encode([pa.array([None, ""])]), made.encode([["nobody", "nobody"]]))


def test_keyed_material_hides_itself_and_is_never_pickled():
    made = encoder(feature("Qzxfeature"))
    made.encode([["Qzxsurname"]])
    positions = TokenPositions(linkage_schema("A").fields[0].hashing_properties, (SECRET, SECRET), 1024)
    for keyed in (made, positions):
        assert "Qzx" not in repr(keyed)
        with pytest.raises(TypeError):
            pickle.dumps(keyed)


def test_a_filter_depends_on_every_key():
    texts = [["Ada", "Ben"]]
    made = [
        ClkEncoder(read_peer_schema(schema_of(feature(), kdf=kdf)), secret).encode(texts).tobytes()
        for kdf, secret in (
            ({}, SECRET),
            ({}, bytes(32)),
            ({"salt": "YQ=="}, SECRET),
            ({"info": "YQ=="}, SECRET),
            ({"hash": "SHA512"}, SECRET),
        )
    ]
    assert len(set(made)) == 5


@pytest.mark.slow
def test_memory_is_bounded_however_many_rows_and_tokens(monkeypatch):
    monkeypatch.setattr(clk_encoder, "KEPT_TOKENS", 2_000)
    made, size = (
        encoder(feature(comparison={"type": "exact"}), feature("b", comparison={"type": "ngram", "n": 3, "positional": True})),
        3_000,
    )
    texts = lambda block: [f"{block * size + number:012}" for number in range(size)]  # noqa: E731 - short
    made.encode([texts(0), texts(0)])
    tracemalloc.start()
    peaks = []
    for block in range(1, 7):
        tracemalloc.reset_peak()
        made.encode([texts(block), texts(block)])
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert max(peaks[3:]) < 1.3 * max(peaks[:3])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"not JSON", "clkhash cannot read"),
        (b"[]", "version 3"),
        (schema_text("A").replace('"version": 3', '"version": 2').encode(), "version 3"),
        (schema_of(feature(comparison={"type": "soundex"})), "clkhash cannot read"),
        (schema_of(feature(kind={"type": "string", "pattern": "("})), "clkhash cannot read"),
        (schema_of({"identifier": "a", "ignored": True}), "every feature is ignored"),
        (schema_of(feature(), bits=1000), "power of two"),
        (schema_of(feature(), bits=65_536, xor_folds=1), "over 65,536 bits"),
        (schema_of(feature(), xor_folds=-1), "xor_folds from 0"),
        (schema_of(feature(), xor_folds="1"), "xor_folds from 0"),
        (schema_of(feature(), kdf={"keySize": 65}), "at most 64 bytes"),
        (schema_of(*[feature(str(at), hash={"type": "doubleHash"}) for at in range(70)]), "more keys"),
    ],
)
def test_a_schema_without_filters_is_refused(text, why):
    with pytest.raises(ConfigurationError, match=why):
        read_peer_schema(text)


@pytest.mark.parametrize("projection", ["A", "B", "C"])
def test_a_schema_of_our_own_rounds_is_refused(projection):
    with pytest.raises(NotPermittedError, match="diffused"):
        read_peer_schema(schema_text(projection).encode())


def test_settings_that_clkhash_passes_over_are_named():
    text = (FOLDER / "settings-that-clkhash-ignores.json").read_bytes()
    assert passed_over(text) == {
        "xorFolds": "xor_folds", "preventSingularity": "prevent_singularity", "fractionalPrecision": "fractional_precision",
    }  # fmt: skip
    assert passed_over((FOLDER / "folded.json").read_bytes()) == {}


def test_ignored_features_are_not_asked_for():
    schema = from_json_file(io.StringIO((FOLDER / "comparisons.json").read_text()))
    assert encoded_features(schema)[:2] == ["forename", "surname"]
    assert ClkEncoder(schema, SECRET).features == encoded_features(schema)
