"""Linkage schemas as data, in clkhash's own format (version 3), and what the second look weighs by. Pure: package data only.

A: names and date of birth. B: names and address. C: surname, date of birth, address. D: names and postcode. B and D are for
where a date of birth is missing or wrong, two of them because one of the two places often is, too. About 150 bits a projection. `names` is forename and
surname as one text, so that swapped names give the same tokens. `dob` is YYYYMMDD by digit; `dob_pair` is day and month in ascending order, so that a
day-month swap still agrees there.
"""

import json
from importlib import resources
from typing import Any

from schemas.agreement import PROJECTIONS, Projection
from schemas.canonical import digest

WHOLE = 1_000
NAME_BANDS = "name_bands.json"
SHORT_NAMES = "short_names.json"
EVIDENCE = "evidence.json"


def schema_text(projection: Projection, bits_per_mille: int = WHOLE) -> str:
    """Return the clkhash schema of one projection as JSON text, with that share of its bits for each feature."""
    text = _text(f"{projection}.json")
    return text if bits_per_mille == WHOLE else _with_bits(json.loads(text), bits_per_mille)


def feature_names(projection: Projection) -> list[str]:
    """Return the fields that a projection reads, in the schema's order."""
    return [feature["identifier"] for feature in json.loads(schema_text(projection))["features"]]


def evidence_model() -> dict[str, Any]:
    """Return the second look's model: probabilities of levels by class of pairs."""
    model: dict[str, Any] = json.loads(_text(EVIDENCE))
    return model


def name_bands() -> dict[str, list[list[str]]]:
    """Return, for forename and surname, the names of every band but the last, the commonest first, as the normaliser joins them."""
    table = json.loads(_text(NAME_BANDS))
    return {field: [names.replace("-", "").split() for names in table[field]] for field in ("forename", "surname")}


def short_names() -> dict[str, list[str]]:
    """Return the short forms of full forenames, all as the normaliser joins them."""
    return {full: short.split() for full, short in json.loads(_text(SHORT_NAMES))["short_forms"].items()}


def schemas_digest() -> str:
    """Return the digest of all linkage schemas and the evidence model together, as an agreement quotes it."""
    return digest("\n".join([*map(schema_text, PROJECTIONS), *map(_text, (EVIDENCE, NAME_BANDS, SHORT_NAMES))]).encode())


def _with_bits(schema: dict[str, Any], bits_per_mille: int) -> str:
    for feature in schema["features"]:
        strategy = feature["hashing"]["strategy"]
        strategy["bitsPerFeature"] = -(-strategy["bitsPerFeature"] * bits_per_mille // WHOLE)
    return json.dumps(schema)


def _text(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
