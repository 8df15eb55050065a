"""What bodies routes take, for the OpenAPI document: routers read them by themselves, under limits and a signature."""

from typing import Any

from schemas.request_signing import DEFAULT_CONTENT_TYPE

Extra = dict[str, Any]
_TEXT = {"type": "string"}
_SIGNATURE = {"type": "object", "additionalProperties": False, "required": ["key_id", "signature"], "properties": {"key_id": {**_TEXT, "maxLength": 128}, "signature": {**_TEXT, "maxLength": 128}}}  # fmt: skip


def takes_json(**properties: Extra) -> Extra:
    """Describe a JSON object that has these properties, each by its schema, and needs them all."""
    return _takes("application/json", {"type": "object", "required": list(properties), "properties": properties})


def takes_signed() -> Extra:
    """Describe a signed document; which body its context asks for is in docs/reference/formats.md."""
    return takes_json(body={"type": "object"}, signatures={"type": "array", "maxItems": 16, "items": _SIGNATURE})


def takes_bytes() -> Extra:
    """Describe raw bytes."""
    return _takes(DEFAULT_CONTENT_TYPE, {"type": "string", "format": "binary"})


def _takes(media_type: str, schema: Extra) -> Extra:
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}
