"""Sealed attributes of a reception, and the tags and feeds of its events."""

import base64
import secrets
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from schemas.attributes import NONCE_BYTES, SEALED_ATTRIBUTES_BYTES, Attributes, Custody, open_attributes, seal_attributes
from schemas.errors import SealError, SubmissionError
from schemas.event_feed import CONTEXT, FEED_BYTES, FEED_TAGS, GENESIS, MAX_SEQUENCE, TAG_BYTES, Event, Feed, padded, read_feed, tag_of
from schemas.signature import SignedDocument, signed
from schemas.token import MAX_RECEPTIONS, TOKEN_BODY_BYTES, TokenBody, read_token, write_token

KEY, NONCE = bytes(range(32)), bytes(range(NONCE_BYTES))
ATTRIBUTES = st.builds(
    Attributes,
    handle=st.binary(min_size=32, max_size=32).filter(any),
    custody=st.sampled_from(Custody),
    is_restricted=st.booleans(),
    is_sole_carer=st.booleans(),
)


@given(attributes=st.none() | ATTRIBUTES)
def test_what_is_sealed_opens_as_it_was_and_has_one_size_whoever_it_is_of(attributes):
    sealed = seal_attributes(attributes, KEY, NONCE)
    assert len(sealed) == SEALED_ATTRIBUTES_BYTES
    assert open_attributes(sealed, KEY) == attributes
    assert attributes is None or attributes.handle not in sealed


def test_another_round_s_key_opens_nothing_and_nothing_is_shown():
    attributes = Attributes(handle=KEY, custody=Custody.REMAND, is_restricted=True)
    with pytest.raises(SealError, match="another round's key"):
        open_attributes(seal_attributes(attributes, KEY, NONCE), bytes(32))
    assert repr(attributes) == "Attributes(…)"


def test_a_value_that_this_version_does_not_know_is_refused(monkeypatch):
    monkeypatch.setattr("schemas.attributes._RESTRICTED", 128)
    sealed = seal_attributes(Attributes(handle=KEY, custody=Custody.RECALL, is_restricted=True), KEY, NONCE)
    monkeypatch.undo()
    with pytest.raises(SubmissionError, match="update Kinlink"):
        open_attributes(sealed, KEY)


def test_the_largest_token_has_room_for_as_many_receptions_as_one_may_have():
    body = TokenBody(
        token="0" * 64,
        round_id="r" * 64,
        authority="a" * 64,
        child="1" * 32,
        own_carer="2" * 32,
        grade="A",
        is_dummy=False,
        attributes=("A" * 84,) * MAX_RECEPTIONS,
        expires_at="2026-12-01T00:00:00.000000+00:00",
    )
    content = write_token(body)
    assert len(content) == TOKEN_BODY_BYTES
    assert read_token(content) == body


@given(handle=st.binary(min_size=32, max_size=32), sequence=st.integers(0, MAX_SEQUENCE))
def test_every_event_has_a_tag_of_its_own_and_other_handles_others(handle, sequence):
    tags = {tag_of(handle, event, sequence) for event in Event}
    others = {tag_of(bytes([handle[0] ^ 1, *handle[1:]]), event, sequence) for event in Event}
    assert len(tags | others) == 2 * len(Event)
    assert {len(tag) for tag in tags} == {TAG_BYTES}


@pytest.mark.parametrize("number", [0, 1, FEED_TAGS])
def test_a_feed_has_as_many_tags_whatever_happened_in_an_order_that_says_nothing(number):
    known = [secrets.token_bytes(TAG_BYTES) for _ in range(number)]
    feed = a_feed(padded(known, secrets.token_bytes))
    assert len(feed.tag_set()) == FEED_TAGS
    assert set(known) <= feed.tag_set()
    assert feed.tag_set() & a_feed(padded(known, secrets.token_bytes)).tag_set() == set(known)  # what makes it up is drawn
    assert all(tag < after for tag, after in pairwise(tags_of(feed)))


def tags_of(feed):
    content = base64.b64decode(feed.tags)
    return [content[start : start + TAG_BYTES] for start in range(0, len(content), TAG_BYTES)]


def test_a_tag_that_is_drawn_twice_is_drawn_again():
    drawn = iter([bytes(TAG_BYTES)] * 5 + [number.to_bytes(TAG_BYTES, "big") for number in range(1, FEED_TAGS)])
    assert len(a_feed(padded([], lambda _: next(drawn))).tag_set()) == FEED_TAGS


def a_feed(tags, **changes):
    return read_feed(document(tags, **changes))


def document(tags, **changes):
    body = {"organisation": "prison", "number": 1, "previous": GENESIS, "published_at": "2026-11-20T06:00:00Z", "tags": tags}
    return signed(Ed25519PrivateKey.from_private_bytes(KEY), "prison/custodian", CONTEXT, body | changes)


WHOLE = padded([], secrets.token_bytes)


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": WHOLE[4:]},
        {"tags": WHOLE + "AAAA"},
        {"tags": "!" * len(WHOLE)},
        {"tags": WHOLE[:-4] + "===="},
        {"tags": None},
        {"number": 0},
        {"previous": "x"},
        {"published_at": "today"},
        {"organisation": "p" * 65},
        {"events": 3},
    ],
)
def test_what_is_no_feed_is_refused_and_not_quoted(changes):
    with pytest.raises(SubmissionError, match="event feed: malformed") as caught:
        a_feed(**{"tags": WHOLE} | changes)
    assert WHOLE[:20] not in str(caught.value)


def test_a_feed_s_bytes_are_what_the_limits_say():
    assert FEED_BYTES == FEED_TAGS * TAG_BYTES == 65_536
    with pytest.raises(SubmissionError):
        read_feed(SignedDocument(body={}, signatures=[]))
    assert isinstance(a_feed(WHOLE), Feed)
