"""Schemas of others, and values in their formats: ordinary, random and adversarial."""

import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from clkhash.clk import generate_clks
from clkhash.comparators import NumericComparison
from clkhash.field_formats import DateSpec, EnumSpec, IntegerSpec
from clkhash.randomnames import NameList
from clkhash.schema import from_json_file

from parties.encoding.clk import linkage_schema
from schemas.agreement import PROJECTIONS

SECRET = bytes(range(32))
FOLDER = Path(__file__).parent / "peer_schemas"
LONG = "abcdefghijklmnopqrstuvwxyz é" * 400
CORPUS = (
    "", " ", "  ", "a", "ab", "Anne-Marie O\u2019Neil", "ÅNGSTRÖM", "ångström", "a\u0301e\u0301", "Ḿ́́́", "Екатерина", "محمد بن سلمان",
    "李小龍", "山田太郎", "김철수", "👩‍👩‍👧‍👦", "😀😀😀", "\U0010ffff\U0010fffe", "\u200d", "\ufeffBOM", "\x00", "nul\x00inside", "tab\tand\nline\r\n", "\u202eright-to-left",
    "ß", "ẞ", "N/A", "unknown", "-", "1 a", "aaaaaaaaaaaa", "\x7f\x80\u07ff\u0800\uffff\U00010000", LONG[:10_000], "😀" * 10_000,
)  # fmt: skip
LETTERS = np.array([*"aaaabcdeeeefghiiijklmnnoooprsttuvwyz  '-éñжλ中😀\u0301"])


def schemas():
    """Return every schema by name: our projections, peers', and clkhash's own example."""
    ours = {f"projection {projection}": linkage_schema(projection) for projection in PROJECTIONS}
    peers = {path.stem: from_json_file(io.StringIO(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json"))}
    return {**ours, **peers, "clkhash's example": NameList.SCHEMA}


def by_clkhash(columns, schema, secret):
    """Return what clkhash encodes, shape (n, bytes); `columns` has one for each feature, ignored ones, too."""
    made = generate_clks(list(zip(*columns, strict=True)), schema, secret, validate=False, max_workers=1)
    return np.frombuffer(b"".join(clk.tobytes() for clk in made), dtype=np.uint8).reshape(len(made), -1)


def encoded_columns(columns, schema):
    """Return the columns that an encoder takes: those of features that are not ignored."""
    return [column for column, field in zip(columns, schema.fields, strict=True) if field.hashing_properties]


def random_columns(schema, rows, random):
    """Return random values in each feature's format, missing ones among them."""
    return [_column(field, rows, random) for field in schema.fields]


def adversarial_columns(schema, random):
    """Return columns in which every text of the corpus that a feature can take stands beside random values of the others."""
    columns = random_columns(schema, 2 * len(CORPUS), random)
    for column, field in zip(columns, schema.fields, strict=True):
        column[: len(CORPUS)] = [text if takes(field, text) else column[at] for at, text in enumerate(CORPUS)]
        random.shuffle(column)
    return columns


def takes(field, text):
    """Return whether clkhash can encode a text in a field."""
    if field.hashing_properties is None:
        return True
    try:
        tokens = list(field.hashing_properties.comparator.tokenize(field.format_value(text)))
        return all(token.encode(field.hashing_properties.encoding) is not None for token in tokens)
    except (ValueError, OverflowError):
        return False


def _column(field, rows, random):
    hashing = field.hashing_properties
    made = [_value(field, random) for _ in range(rows)]
    gaps = ["", "", hashing.missing_value.sentinel if hashing and hashing.missing_value else ""]
    return [gap if random.random() < 0.1 and takes(field, gap) else text for text, gap in zip(made, random.choice(gaps, rows), strict=True)]


def _value(field, random):
    if isinstance(field, DateSpec):
        return (date(1920, 1, 1) + timedelta(days=int(random.integers(40_000)))).strftime(field.format)
    if isinstance(field, EnumSpec):
        return str(random.choice(sorted(field.values)))
    if isinstance(field, IntegerSpec):
        return str(random.choice(["{}", "+{}", " {} ", "00{}", "-{}", "1_{}"])).format(random.integers(300))
    hashing = field.hashing_properties
    if hashing and isinstance(hashing.comparator, NumericComparison):
        return str(random.choice(["{:.3f}", "{:.0f}", "-{:.2f}", "{:e}"])).format(random.normal(100, 50) ** 2)
    text = "".join(random.choice(LETTERS, random.integers(1, 20)))
    return text.encode("ascii", "ignore").decode() if hashing and hashing.encoding == "ascii" else text
