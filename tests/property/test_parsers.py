"""Whatever bytes arrive, every parser gives what it promises or refuses in words: a user's error, never another, and never the bytes."""

import base64
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linkage.api.identity import Identities, verify
from linkage.inbox.acceptance import read_manifest
from linkage.inbox.waves import read_summary
from parties.encoding.peer_schema import read_peer_schema
from schemas.acknowledgement import Acknowledgement
from schemas.agreed import open_agreed
from schemas.attributes import open_attributes, seal_attributes
from schemas.controls import open_list as open_controls
from schemas.controls import sealed_list_bytes
from schemas.encoding_set import CANARIES, read_table, write_table
from schemas.errors import UserError
from schemas.escalation import read_escalation
from schemas.event_feed import read_feed
from schemas.joins import PERSON_BYTES
from schemas.key_file import open_key, read_header, salt_of
from schemas.nonce_list import open_list as open_nonces
from schemas.questions import read_questions
from schemas.receipt import CONTEXT as RECEIPT_CONTEXT
from schemas.receipt import RECEIPT_BYTES, Receipt, read_receipt, write_receipt
from schemas.request_signing import Message, RequestSigner
from schemas.roster import Identity, Kind, Organisation, Role, Roster
from schemas.sealed import SealingKey, open_any, seal
from schemas.sealed_join import JOIN_BYTES, open_join, read_join
from schemas.signature import SignedDocument, public_text, signed
from schemas.slots import SLOTS, read_byte_table
from schemas.token import TOKEN_BODY_BYTES, TokenBody, read_token, write_token
from schemas.tree_head import read_head
from tests.conftest import PROVE

EXAMPLES = 3_000 if os.environ.get(PROVE) else 60
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SEALING = SealingKey.generate()
DEEP = 100_000
MARKER = b"MARKER-4711"

RECEIPT = write_receipt(
    signed(
        SIGNING,
        "us/service",
        RECEIPT_CONTEXT,
        Receipt(round_id="r", organisation="o", submission="0" * 64, accepted_at="2026-11-23T00:00:00Z").model_dump(),
    )
)
TOKEN = write_token(
    TokenBody(token="0" * 64, round_id="r", authority="a", child="1" * (2 * PERSON_BYTES), grade="A", expires_at="2026-12-01T00:00:00Z")
)
CANARY = write_table(CANARIES.empty_table())
DOCUMENT = signed(SIGNING, "us/service", "any/1", {"at": "now"}).model_dump_json().encode()
ENVELOPE = seal(b"content", SEALING.public_text(), "context")


def document(content: bytes) -> SignedDocument:
    """Return a signed document whose body is whatever JSON object the bytes are; else an empty one."""
    try:
        return SignedDocument.model_validate_json(content)
    except ValueError:
        return SignedDocument(body={"content": content.hex()}, signatures=[])


def signature_of(content: bytes) -> None:
    """Verify a request whose signature headers are the bytes."""
    text = content.decode("latin-1").replace("\r", " ").replace("\n", " ").replace("\0", " ")
    one, _, other = text.partition("|")
    headers = {"content-type": "application/json", "content-digest": other, "signature-input": one, "signature": other}
    verify(Message("GET", "https://here/v1/rounds", headers), b"", IDENTITIES)  # type: ignore[arg-type]


def signed_headers() -> bytes:
    headers: dict[str, str] = {"content-type": "application/json"}
    RequestSigner("us/service", SIGNING, clock=lambda: datetime.now(UTC), nonce=lambda: "n").sign(
        "GET", "https://here/v1/rounds", headers, b""
    )
    found = {name.lower(): value for name, value in headers.items()}
    return f"{found['signature-input']}|{found['signature']}".encode()


IDENTITIES = Identities(
    Roster.model_construct(
        organisations=[
            Organisation(
                organisation="us",
                name="Us",
                kind=Kind.LINKAGE_SERVICE,
                controller="us",
                identities=[Identity(key_id="us/service", role=Role.SERVICE, signing_key=public_text(SIGNING))],
            )
        ]
    )
)

PARSERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "receipt": (read_receipt, RECEIPT),
    "token": (read_token, TOKEN),
    "questions": (read_questions, b'{"questions": []}'),
    "escalation": (read_escalation, DOCUMENT),
    "attributes": (lambda content: open_attributes(content, bytes(32)), seal_attributes(None, bytes(32), bytes(12))),
    "feed": (lambda content: read_feed(document(content)), DOCUMENT),
    "head": (lambda content: read_head(document(content)), DOCUMENT),
    "manifest": (lambda content: read_manifest(document(content)), DOCUMENT),
    "roster and agreement": (lambda content: open_agreed(content, content, content), DOCUMENT),
    "arrow table": (lambda content: read_table(content, CANARIES, part="canaries.arrow", rows=0), CANARY),
    "slots": (lambda content: read_byte_table(content, SLOTS, part="slots", rows=1), CANARY),
    "join": (read_join, bytes(JOIN_BYTES)),
    "sealed join": (lambda content: open_join(content, bytes(32)), bytes(JOIN_BYTES + 16)),
    "list of controls": (lambda content: open_controls(content, 4, bytes(32), "context"), bytes(sealed_list_bytes(4))),
    "envelope": (lambda content: SEALING.open(content, "context"), ENVELOPE),
    "envelopes of a desk": (lambda content: open_any(SEALING, content, "context"), ENVELOPE),
    "nonce list": (lambda content: open_nonces(content, SEALING, "context"), ENVELOPE),
    "key file": (lambda content: open_key(read_header(content, "k"), salt_of(read_header(content, "k")).ljust(32)), b'{"name": "k"}'),
    "linkage schema": (read_peer_schema, b'{"version": 3}'),
    "request's signature": (signature_of, signed_headers()),
}
DEEPLY = (b"[" * DEEP, b'{"a":' * DEEP, b"[" * RECEIPT_BYTES, b"[" * TOKEN_BODY_BYTES)


@contextmanager
def shallow() -> Iterator[None]:
    """Let calls nest as deep as in a process of our own: the test's own tools allow more."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("content", DEEPLY, ids=("lists", "objects", "a receipt of lists", "a token of lists"))
def test_what_nests_too_deep_is_refused_in_words(name, content):
    with shallow():
        check(PARSERS[name][0], content)


def check(parse: Callable[[bytes], object], content: bytes) -> None:
    """Parse; a refusal is a user's error that does not quote what came."""
    said = refusal(parse, content)
    assert said is None or len(said) > 10
    assert MARKER.decode() not in (said or "")


def refusal(parse: Callable[[bytes], object], content: bytes) -> str | None:
    """Return what a user is told, or None where the bytes are taken."""
    try:
        parse(content)
    except UserError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(content=st.binary(max_size=3_000))
@example(content=b"")
@example(content=MARKER * 40)
def test_any_bytes_are_refused_in_words(name, content):
    check(PARSERS[name][0], content)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_what_was_right_and_was_cut_changed_or_grew_is_taken_or_refused_in_words(name, data):
    parse, right = PARSERS[name]
    content = bytearray(right)
    for _ in range(data.draw(st.integers(1, 6))):
        kind, at = data.draw(st.sampled_from(("flip", "cut", "grow", "swap"))), data.draw(st.integers(0, max(0, len(content) - 1)))
        if kind == "flip" and content:
            content[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del content[at : at + data.draw(st.integers(1, 64))]
        elif kind == "grow":
            content[at:at] = data.draw(st.sampled_from((MARKER, b"[" * 2_000, b"\xff\xfe", b"NaN", b"1e999", b"\x00" * 64, b'"')))
        elif content:
            other = data.draw(st.integers(0, len(content) - 1))
            content[at], content[other] = content[other], content[at]
    check(parse, bytes(content))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.just(MARKER.decode()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=EXAMPLES * 3, deadline=None)
@given(body=st.dictionaries(st.sampled_from(("parts", "at", "previous", "name", "rows", "envelopes", "submissions")), VALUES, max_size=5))
def test_bodies_of_any_shape_are_refused_in_words(body):
    held = SignedDocument.model_construct(body=body, signatures=[])
    for parse in (read_head, read_manifest):
        check(lambda _, parse=parse: parse(held), b"")
    check(lambda _: read_summary(body), b"")
    with pytest.raises(ValueError, match="validation error"):
        Acknowledgement.model_validate({**body, "more": 1})


def test_the_right_ones_are_taken():
    """Else the tests above could be of parsers that refuse everything."""
    assert read_receipt(RECEIPT)[1].round_id == "r"
    assert read_token(TOKEN).grade == "A"
    assert read_table(CANARY, CANARIES, part="canaries.arrow", rows=0).num_rows == 0
    assert SEALING.open(ENVELOPE, "context") == b"content"
    assert base64.b64decode(public_text(SIGNING)) == SIGNING.public_key().public_bytes_raw()
