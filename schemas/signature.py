"""Detached Ed25519 signatures over canonical JSON: rosters, agreements, manifests, approvals, receipts. Pure.

A signature covers a context string and the body, so that one kind of document cannot stand in for another.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.canonical import canonical_json, digest_of
from schemas.errors import AuthenticationError

MAX_SIGNATURES = 16


class Signature(BaseModel):
    """One key's signature, base64, and the name of the key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_id: str = Field(max_length=128)
    signature: str = Field(max_length=128)


class SignedDocument(BaseModel):
    """A document's body and the signatures it carries."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    body: dict[str, Any]
    signatures: list[Signature] = Field(max_length=MAX_SIGNATURES)

    @property
    def digest(self) -> str:
        """The digest that other documents quote: of the body alone, so that a further signature does not change it."""
        return digest_of(self.body)


def malformed_at(error: ValidationError) -> str:
    """Return where a body first breaks its schema. A field that the schema does not have goes unnamed: its name may be anything."""
    first = error.errors()[0]
    place = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    return ".".join(str(part) for part in place) or "the top level"


def encode_key(raw: bytes) -> str:
    """Return raw key bytes as the text that rosters carry."""
    return base64.b64encode(raw).decode()


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public half of a signing key as text."""
    return encode_key(key.public_key().public_bytes_raw())


def sign(key: Ed25519PrivateKey, key_id: str, context: str, body: Mapping[str, Any]) -> Signature:
    """Sign `body` for `context` with the key called `key_id`."""
    return Signature(key_id=key_id, signature=encode_key(key.sign(_message(context, body))))


def signed(key: Ed25519PrivateKey, key_id: str, context: str, body: dict[str, Any]) -> SignedDocument:
    """Return `body` with one signature."""
    return SignedDocument(body=body, signatures=[sign(key, key_id, context, body)])


def valid_signers(document: SignedDocument, context: str, public_keys: Mapping[str, str]) -> set[str]:
    """Return the key ids, out of `public_keys`, whose signatures over `document` are right."""
    message = _message(context, document.body)
    return {
        item.key_id for item in document.signatures if item.key_id in public_keys and _is_valid(item, public_keys[item.key_id], message)
    }


def check_signed(document: SignedDocument, context: str, public_keys: Mapping[str, str], *, needed: int = 1) -> set[str]:
    """Return the signers of `document`, at least `needed` different ones out of `public_keys`.

    Raises:
        AuthenticationError: too few valid signatures.
    """
    signers = valid_signers(document, context, public_keys)
    if len(signers) < needed:
        raise AuthenticationError(
            f"{context}: {len(signers)} valid signature(s) where {needed} are needed; ask the signers to sign this version"
        )
    return signers


def check_signed_by(document: SignedDocument, context: str, key_id: str, public_key: str) -> None:
    """Check that the key called `key_id` signed `document`.

    Raises:
        AuthenticationError: it did not.
    """
    check_signed(document, context, {key_id: public_key})


def _message(context: str, body: Mapping[str, Any]) -> bytes:
    return b"kinlink\x00" + context.encode() + b"\x00" + canonical_json(dict(body))


def _is_valid(item: Signature, public_key: str, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(base64.b64decode(item.signature), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
