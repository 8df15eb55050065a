"""One request, as the routers see it: the service, the caller who signed it, and its body, read under a limit."""

import asyncio
from collections.abc import AsyncIterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from pydantic_core import from_json
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from linkage.api.identity import Identities, spend_nonce, verify
from linkage.api.permissions import Caller
from linkage.api.problems import TooLargeError, TooSlowError
from linkage.clock import Clock
from linkage.inbox.submissions import Signer
from linkage.settings import ServiceSettings
from schemas.agreed import Agreed
from schemas.audit import AuditEvent
from schemas.encoding_set import MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES
from schemas.errors import SubmissionError
from schemas.instants import as_text
from schemas.request_signing import Message
from schemas.roster import own_keys
from schemas.signature import SignedDocument, check_signed

MAX_BODY_BYTES = 256 * 1024
BODY_SECONDS = 120  # for a body to arrive: a chunk over the slowest of lines; nobody holds a place among those at work for longer


@dataclass(frozen=True)
class Service:
    """What every request needs, made once when the application is."""

    settings: ServiceSettings
    agreed: Agreed
    identities: Identities
    store: Engine
    signer: Signer
    clock: Clock


@dataclass(frozen=True)
class Call:
    """One authenticated request."""

    service: Service
    caller: Caller
    body: bytes
    now: datetime

    @property
    def instant(self) -> str:
        """When the request arrived, as text."""
        return as_text(self.now)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open the request's transaction: all of it, or nothing."""
        with Session(self.service.store, expire_on_commit=False) as session, session.begin():
            yield session

    def event(self, kind: str, round_id: str, **detail: Any) -> AuditEvent:
        """Return the audit event of what this request does; ids and digests only."""
        return AuditEvent(kind=kind, round_id=round_id, actor=self.caller.key_id, at=self.instant, detail=detail)

    def json(self) -> Mapping[str, Any]:
        """Return the body as a JSON object.

        Raises:
            SubmissionError: it is not one.
        """
        try:
            content = from_json(self.body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise SubmissionError("request: the body is not a JSON object; compare it with docs/reference/api.md")
        return content

    def document(self, context: str) -> SignedDocument:
        """Return the body as a document that the caller signed for `context`, also with a key that was replaced since.

        Raises:
            SubmissionError: it is no signed document.
            AuthenticationError: the caller did not sign it.
        """
        try:
            document = SignedDocument.model_validate(self.json())
        except ValidationError:
            raise SubmissionError(f"{context}: not a signed document; want body and signatures") from None
        organisation = self.service.agreed.roster.get(self.caller.organisation)
        check_signed(document, context, own_keys(organisation, self.caller.key_id))
        return document


def as_message(request: Request) -> Message:
    """Return the request as it was sent, its path not decoded, for the signature's check."""
    host = request.headers.get("host", "")
    path = request.scope.get("raw_path", b"").decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    return Message(request.method, f"https://{host}{path}" + (f"?{query}" if query else ""), request.headers)  # type: ignore[arg-type]


async def read_body(chunks: AsyncIterable[bytes], declared: str | None, limit: int) -> bytes:
    """Return the whole body, of at most `limit` bytes; `declared` is its Content-Length, if any.

    Raises:
        TooLargeError: it is longer, or says so; the rest is not read.
    """
    too_large = TooLargeError(f"request: the body is over {limit} bytes; send less at once")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


class Authenticated:
    """The dependency that turns a request into a `Call`, its body limited to `limit` bytes."""

    def __init__(self, limit: int) -> None:
        """Limit bodies to `limit` bytes."""
        self._limit = limit

    async def __call__(self, request: Request) -> Call:
        """Read, verify, and spend the nonce.

        Raises:
            TooLargeError: the body is over the limit.
            TooSlowError: it took too long.
            AuthenticationError: nobody we know signed it, or did so too long ago, or it was seen before.
        """
        service: Service = request.app.state.service
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await read_body(request.stream(), request.headers.get("content-length"), self._limit)
        except TimeoutError:
            raise TooSlowError(f"request: its body took over {BODY_SECONDS} seconds; send it again over a better line") from None
        return await run_in_threadpool(authenticate, service, as_message(request), body)


def authenticate(service: Service, message: Message, body: bytes) -> Call:
    """Return the call that `message` makes.

    Raises:
        AuthenticationError: see `verify` and `spend_nonce`.
    """
    now = service.clock()
    caller, nonce = verify(message, body, service.identities)
    spend_nonce(service.store, caller, nonce, now)
    return Call(service, caller, body, now)


Signed = Annotated[Call, Depends(Authenticated(MAX_BODY_BYTES))]
SignedManifest = Annotated[Call, Depends(Authenticated(MAX_MANIFEST_BYTES))]
SignedChunk = Annotated[Call, Depends(Authenticated(MAX_CHUNK_BYTES))]
