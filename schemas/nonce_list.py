"""The list of nonces that one custodian answered in a round, as hashes, sealed to a key holder who compares it with the others'. Pure.

A list is as long as the custodian's filters make it, whatever was found: every filter answers as many. Whoever uploaded slots could
tell by a list which of them were asked for; so it is sealed to a key holder, who uploads nothing.

    sealed key (HPKE, of 32 random bytes) ‖ AES-256-GCM under that key, nonce of 12 zero bytes, `aad` the context, of
        length of the signed statement (4 bytes) ‖ statement ‖ hashes, sorted, 12 bytes each
"""

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from itertools import combinations

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.byte_columns import as_ids
from schemas.canonical import canonical_json, digest
from schemas.errors import SubmissionError
from schemas.sealed import OVERHEAD, OpensEnvelopes, seal
from schemas.signature import SignedDocument

CONTEXT = "nonce-list/1"
HASH_BYTES = 12  # two of a hundred million nonces share one by chance with probability 1e-13
MAX_LIST_BYTES = 2 * 1024**3 - 1
_KEY_BYTES, _LENGTH_BYTES, _ONCE = 32, 4, bytes(12)
AGAIN = "have it written again with `kinlink party nonces`"


class AnsweredNonces(BaseModel):
    """What a custodian says of its list: whose it is, of which round, how many hashes, and their digest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    round_id: str = Field(max_length=64)
    round_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    organisation: str = Field(max_length=64)
    count: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


def list_context(round_digest: str, holder: str) -> str:
    """Return the sealing context of a list for one key holder."""
    return f"kinlink/nonce-list/1|{round_digest}|{holder}"


def hashed(nonces: Collection[bytes], round_digest: str) -> bytes:
    """Return the hashes of nonces, sorted, one after the other."""
    prefix = bytes.fromhex(round_digest)
    return b"".join(sorted(sha256(prefix + nonce).digest()[:HASH_BYTES] for nonce in nonces))


def seal_list(document: SignedDocument, hashes: bytes, *, public_key: str, context: str, key: bytes) -> bytes:
    """Return a signed statement and its hashes, sealed; `key` is 32 bytes, random and used for nothing else.

    Raises:
        SubmissionError: the list is too long for one file.
        SealError: the holder has no sealing key on the roster.
    """
    statement = canonical_json(document.model_dump())
    payload = len(statement).to_bytes(_LENGTH_BYTES, "big") + statement + hashes
    if len(payload) > MAX_LIST_BYTES:
        raise SubmissionError("nonce list: too long for one file; have the root signers split the scope")
    return seal(key, public_key, context) + AESGCM(key).encrypt(_ONCE, payload, context.encode())


def open_list(content: bytes, key: OpensEnvelopes, context: str) -> tuple[SignedDocument, bytes]:
    """Return the statement and the hashes of a list. The caller checks the signature.

    Raises:
        SealError: it is not sealed to this holder for this round.
        SubmissionError: it is damaged, malformed, or not what its statement says.
    """
    start = _KEY_BYTES + OVERHEAD
    data_key = key.open(content[:start], context)
    try:
        payload = AESGCM(data_key).decrypt(_ONCE, content[start:], context.encode())
        size = int.from_bytes(payload[:_LENGTH_BYTES], "big")
        document = SignedDocument.model_validate_json(payload[_LENGTH_BYTES : _LENGTH_BYTES + size])
        said, hashes = AnsweredNonces.model_validate(document.body), payload[_LENGTH_BYTES + size :]
    except (InvalidTag, ValidationError, ValueError):
        raise SubmissionError(f"nonce list: damaged or malformed; {AGAIN}") from None
    if (len(hashes), digest(hashes)) != (said.count * HASH_BYTES, said.sha256):
        raise SubmissionError(f"nonce list: not the hashes that its statement is of; {AGAIN}")
    return document, hashes


def shared(lists: Mapping[str, bytes]) -> Iterator[tuple[str, str, int]]:
    """Yield every two organisations that answered the same nonces, and how many."""
    ids = {name: as_ids(np.frombuffer(hashes, dtype=np.uint8).reshape(-1, HASH_BYTES)) for name, hashes in lists.items()}
    for one, other in combinations(sorted(ids), 2):
        count = int(np.isin(ids[one], ids[other]).sum())
        if count:
            yield one, other, count
