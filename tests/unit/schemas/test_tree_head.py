"""Heads: what one commits to, and which follows which."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import ServiceError
from schemas.merkle import Tree
from schemas.signature import signed
from schemas.tree_head import CONTEXT, GENESIS, LogSize, Opening, TreeHead, batch_digest, follows, read_head, release_leaf, submission_leaf

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
NONE = LogSize(size=0, root=Tree([]).root)


def head(previous, at="2026-11-23T10:00:00Z", releases=GENESIS):
    made = TreeHead(at=at, previous=previous, submissions=NONE, releases=releases, restored=0)
    return signed(KEY, "us/service", CONTEXT, made.model_dump())


def test_heads_follow_each_other_from_the_first():
    first = head(GENESIS)
    second = head(first.digest, "2026-11-23T11:00:00Z")
    assert follows(GENESIS, [first, second]) == second.digest
    assert follows(first.digest, [second]) == second.digest
    assert follows(GENESIS, []) == GENESIS


@pytest.mark.parametrize("order", [(1, 0), (1,), (0, 0)])
def test_heads_in_another_order_or_with_one_left_out_do_not_follow(order):
    first = head(GENESIS)
    heads = (first, head(first.digest, "2026-11-23T11:00:00Z"))
    assert follows(GENESIS, [heads[number] for number in order]) is None


def test_a_commitment_changes_with_each_thing_that_it_hides():
    opening = Opening(size=3, root="1" * 64, nonce="2" * 64)
    others = [opening.model_copy(update=change) for change in ({"size": 4}, {"root": "3" * 64}, {"nonce": "4" * 64})]
    assert len({item.commitment for item in (opening, *others)}) == 4


def test_a_commitment_does_not_show_whether_anything_was_released():
    none = Opening(**NONE.model_dump(), nonce="5" * 64)
    assert len(head(GENESIS, releases=none.commitment).model_dump_json()) == len(head(GENESIS, releases="6" * 64).model_dump_json())
    assert NONE.root not in head(GENESIS, releases=none.commitment).body["releases"]


def test_leaves_differ_in_every_field_and_between_the_logs():
    fields = ("round-1", "north", "a" * 64, "2026-11-23T10:00:00Z")
    changed = [tuple(value if place != at else "x" for place, value in enumerate(fields)) for at in range(4)]
    leaves = [make(*item) for make in (submission_leaf, release_leaf) for item in (fields, *changed)]
    assert len(set(leaves)) == 10


def test_a_batch_is_the_same_whatever_the_order_and_another_with_any_envelope():
    assert batch_digest({"a": "1", "b": "2"}) == batch_digest({"b": "2", "a": "1"})
    assert len({batch_digest(item) for item in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {})}) == 4


def test_what_is_no_head_is_refused_in_words():
    document = signed(KEY, "us/service", CONTEXT, {"at": "yesterday"})
    with pytest.raises(ServiceError, match=r"head: malformed; verify again"):
        read_head(document)
