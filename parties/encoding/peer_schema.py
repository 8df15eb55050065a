"""Linkage schemas of peers who use clkhash: read, checked, and what clkhash would pass over in them. Pure."""

from clkhash.field_formats import InvalidSchemaError
from clkhash.schema import Schema, SchemaError, from_json_dict
from pydantic_core import from_json

from parties.encoding.clk import linkage_schema
from schemas.agreement import PROJECTIONS
from schemas.errors import ConfigurationError, NotPermittedError

VERSION = 3
MAX_BITS = 65_536  # positions are 16 bits wide, as clkhash's are under blakeHash
MOST_FOLDS = 16
BLAKE_KEY_BYTES = 64
KEYS_PER_FEATURE = 2
HKDF_BLOCKS, HASH_BYTES = 255, {"SHA256": 32, "SHA512": 64}  # RFC 5869: the longest output is 255 hashes
PASSED_OVER = {"xorFolds": "xor_folds", "preventSingularity": "prevent_singularity", "fractionalPrecision": "fractional_precision"}


def read_peer_schema(text: bytes) -> Schema:
    """Return a schema of version 3 as clkhash reads it.

    Raises:
        ConfigurationError: clkhash cannot read it, or no filters can be made by it.
        NotPermittedError: it is for filters of our own rounds.
    """
    try:
        content = from_json(text)
        if not isinstance(content, dict) or content.get("version") != VERSION:
            raise ConfigurationError(f"linkage schema: want clkhash's format, version {VERSION}; ask the peer for one in it")
        schema = from_json_dict(content)
    except (SchemaError, InvalidSchemaError, ValueError):
        raise ConfigurationError("linkage schema: clkhash cannot read it; have the peer check it with clkhash's own tools") from None
    check_schema(schema)
    if schema.kdf_info in {linkage_schema(projection).kdf_info for projection in PROJECTIONS}:
        raise NotPermittedError("linkage schema: filters of our own rounds leave diffused or not at all; use `kinlink party submit`")
    return schema


def check_schema(schema: Schema) -> None:
    """Check that filters can be made by a schema that clkhash could read.

    Raises:
        ConfigurationError: no feature is encoded, filters are over-long, or a length or key is one that its hash cannot take.
    """
    if schema.xor_folds not in range(MOST_FOLDS + 1):
        raise ConfigurationError(f"linkage schema: want xor_folds from 0 to {MOST_FOLDS}")
    bits, hashed = schema.l << schema.xor_folds, [field.hashing_properties for field in schema.fields if field.hashing_properties]
    blake = any(properties.hash_type == "blakeHash" for properties in hashed)
    key_bytes = len(schema.fields) * KEYS_PER_FEATURE * schema.kdf_key_size
    if not hashed:
        raise ConfigurationError("linkage schema: every feature is ignored; want at least one that is encoded")
    if bits > MAX_BITS:
        raise ConfigurationError(f"linkage schema: filters of over {MAX_BITS:,} bits before folding; choose a smaller l or xor_folds")
    if blake and bits & bits - 1:
        raise ConfigurationError("linkage schema: blakeHash needs a power of two for l times 2 to the xor_folds; choose another l")
    if blake and schema.kdf_key_size > BLAKE_KEY_BYTES:
        raise ConfigurationError(f"linkage schema: blakeHash takes keys of at most {BLAKE_KEY_BYTES} bytes; choose a smaller keySize")
    if key_bytes > HKDF_BLOCKS * HASH_BYTES[schema.kdf_hash]:
        raise ConfigurationError("linkage schema: more keys than its kdf can give; choose a smaller keySize, or fewer features")


def encoded_features(schema: Schema) -> list[str]:
    """Return the names of the features that are encoded, in the schema's order."""
    return [field.identifier for field in schema.fields if field.hashing_properties]


def passed_over(text: bytes) -> dict[str, str]:
    """Return settings in a schema that clkhash silently passes over, and the names that it knows for them."""
    return {wrong: known for wrong, known in PASSED_OVER.items() if f'"{wrong}"'.encode() in text}
