"""Who signed a request: RFC 9421 with Ed25519 against the roster, freshness, and a nonce that is used once.

A nonce is spent in a transaction of its own, also where the request is then refused: else whoever saw a refused
request could send it again when it would succeed.
"""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.exceptions import HTTPMessageSignaturesException
from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from linkage.api.permissions import Caller
from linkage.store.models import Nonce
from schemas.errors import AuthenticationError
from schemas.instants import as_text
from schemas.request_signing import CLOCK_SKEW_SECONDS, COVERED, MAX_NONCE, TAG, WINDOW_SECONDS, Message
from schemas.roster import Roster

FORGET_AFTER = timedelta(seconds=4 * (WINDOW_SECONDS + CLOCK_SKEW_SECONDS))  # well past any signature's life
AGAIN = "send the request again with a current Kinlink"

# What the library's reasons mean to whoever reads the answer; the first fragment that occurs decides.
REASONS: tuple[tuple[str, str], ...] = (
    ("header field to be present", f"it carries no signature; {AGAIN}"),
    ("resolve verification key", "its key is not in the roster, or revoked; ask the root signers to add yours"),
    ("exceeds maximum allowable age", f"signed more than {WINDOW_SECONDS} seconds ago; set this machine's clock and send it again"),
    ("time in the future", "signed in the future; set this machine's clock and send it again"),
    ("was not covered", f"the signature does not cover {', '.join(COVERED)}; {AGAIN}"),
    ("igest", f"its body is not the one that was signed; {AGAIN}"),
    ("expected tag", f"its signature is not made for Kinlink; {AGAIN}"),
)
WRONG = f"the signature is not valid for this request; {AGAIN}"


class Identities(HTTPSignatureKeyResolver):
    """The roster's identities by key id; revoked ones are not among them."""

    def __init__(self, roster: Roster) -> None:
        """Index `roster`."""
        self._callers: Mapping[str, Caller] = {
            identity.key_id: Caller(organisation.organisation, identity.key_id, identity.role, identity.signing_key)
            for organisation in roster.organisations
            for identity in organisation.identities
            if not identity.revoked
        }

    def get(self, key_id: str) -> Caller | None:
        """Return the caller of this key id."""
        return self._callers.get(key_id)

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        """Return the key of this id, as the signature library asks for it."""
        caller = self.get(key_id)
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(caller.signing_key)) if caller else None


class _Verifier(HTTPMessageVerifier):
    max_clock_skew = timedelta(seconds=CLOCK_SKEW_SECONDS)


def verify(message: Message, body: bytes, identities: Identities) -> tuple[Caller, str]:
    """Return who signed `message` with `body`, and the nonce.

    Raises:
        AuthenticationError: signature, coverage, digest, age or nonce is not acceptable.
    """
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=identities)
    try:
        results = verifier.verify(message, max_age=timedelta(seconds=WINDOW_SECONDS), expect_tag=TAG, require_components=COVERED, body=body)
    except HTTPMessageSignaturesException as error:
        raise AuthenticationError(f"request: {_reason(str(error))}") from None
    return _only(results, identities)


def spend_nonce(store: Engine, caller: Caller, nonce: str, now: datetime) -> None:
    """Record that this key has used `nonce`, and forget those that are long past.

    Raises:
        AuthenticationError: it was used before.
    """
    try:
        with Session(store) as session, session.begin():
            session.execute(delete(Nonce).where(Nonce.seen_at < as_text(now - FORGET_AFTER)))
            session.add(Nonce(key_id=caller.key_id, nonce=nonce, seen_at=as_text(now)))
    except IntegrityError:
        raise AuthenticationError(f"request: its nonce was used before; {AGAIN}") from None


def _only(results: list[Any], identities: Identities) -> tuple[Caller, str]:
    caller = identities.get(str(results[0].parameters["keyid"])) if len(results) == 1 else None
    nonce = results[0].nonce or ""
    if caller is None or not 0 < len(nonce) <= MAX_NONCE:
        raise AuthenticationError(f"request: want one signature, with a nonce of at most {MAX_NONCE} characters; {AGAIN}")
    return caller, nonce


def _reason(text: str) -> str:
    return next((meaning for fragment, meaning in REASONS if fragment in text), WRONG)
