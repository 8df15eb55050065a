"""How requests are signed: RFC 9421 with Ed25519. Pure: clock and nonce source are passed in.

Covered are method, path, query, authority, content digest and content type, not the target URI: a TLS-terminating
proxy changes the scheme and host of that, and identity must survive a proxy.
"""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms

TAG = "kinlink/1"
COVERED = ("@method", "@path", "@query", "@authority", "content-digest", "content-type")
WINDOW_SECONDS = 120
CLOCK_SKEW_SECONDS = 30
MAX_NONCE = 64
DEFAULT_CONTENT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Message:
    """A request as the signature library reads it."""

    method: str
    url: str
    headers: MutableMapping[str, str]


class _Request(Protocol):
    method: str
    url: Any
    headers: MutableMapping[str, str]

    def read(self) -> bytes: ...


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:  # noqa: ARG002 - there is one
        return self._key


class RequestSigner:
    """Signs requests as one identity. Callable, so that an HTTP client takes it as its `auth`."""

    def __init__(self, key_id: str, key: Ed25519PrivateKey, *, clock: Callable[[], datetime], nonce: Callable[[], str]) -> None:
        """Sign as `key_id`; `clock` gives aware instants, `nonce` a fresh unguessable text each time."""
        self._key_id, self._clock, self._nonce = key_id, clock, nonce
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(key))

    def __call__(self, request: _Request) -> _Request:
        """Add Content-Type, Content-Digest and Signature headers to `request` and return it."""
        request.headers.setdefault("content-type", DEFAULT_CONTENT_TYPE)
        self.sign(request.method, str(request.url), request.headers, request.read())
        return request

    def sign(self, method: str, url: str, headers: MutableMapping[str, str], body: bytes) -> None:
        """Add the signature's headers for these bytes to `headers`."""
        self._signer.sign(
            Message(method, url, headers),
            key_id=self._key_id,
            created=self._clock(),
            nonce=self._nonce(),
            tag=TAG,
            covered_component_ids=COVERED,
            body=body,
        )
