"""What an auditor catches: a custodian that committed to other filters than its records', with the probability that is stated."""

import hashlib

import pytest

from parties.audit import Opening, check_opened, opened, sampled
from schemas.encoding_set import ENCODING_PARTS, Part, SubmissionManifest
from schemas.errors import SubmissionError
from schemas.merkle import Tree
from schemas.public_coin import chance_caught

ROWS, COUNT, DIGEST = 25, 20, "5" * 64
SIZE = ROWS * len(ENCODING_PARTS)


def leaf(part, row, salt=""):
    pseudonym = hashlib.sha256(f"{part}{row}".encode()).digest()[:16]
    return pseudonym + hashlib.shake_256(f"{part}{row}{salt}".encode()).digest(128)


HONEST = {part: [leaf(part, row) for row in range(ROWS)] for part in ENCODING_PARTS}
LOCAL = {part: {item[:16]: item for item in rows} for part, rows in HONEST.items()}


def manifest(leaves):
    parts = [Part(name=name, rows=ROWS, size=1, sha256="0" * 64, records_root=Tree(rows).root) for name, rows in leaves.items()]
    digests = ("round_digest", "roster_digest", "agreement_digest", "normaliser_digest", "schemas_digest")
    same = dict.fromkeys(digests, "0" * 64)
    return SubmissionManifest(**same, round_id="r", organisation="force", normaliser="n", quarantined_per_mille=0, parts=parts)


def swapping(places):
    """Leaves in which these places hold filters of nobody who is in the custodian's records."""
    return {part: [leaf(part, row, "swapped" if (part, row) in places else "") for row in range(ROWS)] for part in ENCODING_PARTS}


def audit(committed, beacon, shown=None):
    """Let an auditor check what a custodian opens, who committed to some leaves and shows those, or others."""
    signed = manifest(committed)
    sample = sampled(signed, DIGEST, beacon, COUNT)
    check_opened(opened(shown or committed, sample), signed, sample, lambda part, item: LOCAL[part].get(item[:16]))


def caught(committed, beacon, shown=None):
    try:
        audit(committed, beacon, shown)
    except SubmissionError:
        return True
    return False


def beacon(number):
    return hashlib.sha256(f"beacon {number}".encode()).hexdigest()


def test_an_honest_custodian_passes_whatever_the_coin():
    for number in range(20):
        audit(HONEST, beacon(number))


@pytest.mark.parametrize("swapped", [1, 10, 40])
def test_a_custodian_that_swapped_records_is_caught_with_the_stated_probability(swapped):
    places = {(ENCODING_PARTS[number % len(ENCODING_PARTS)], number // len(ENCODING_PARTS)) for number in range(swapped)}
    committed, draws = swapping(places), 250
    found = sum(caught(committed, beacon(number)) for number in range(draws)) / draws
    assert found == pytest.approx(chance_caught(SIZE, swapped, COUNT), abs=0.08)  # inputs are fixed


def test_showing_the_true_record_in_place_of_the_committed_one_is_caught_as_well():
    places = {(part, row) for part in ENCODING_PARTS for row in range(0, ROWS, 2)}
    with pytest.raises(SubmissionError, match=r"row \d+: not what the manifest commits to"):
        audit(swapping(places), beacon(0), shown=HONEST)
    with pytest.raises(SubmissionError, match=r"row \d+: no encoding of a local record"):
        audit(swapping(places), beacon(0))


def test_other_records_than_the_coin_chose_prove_nothing():
    signed = manifest(HONEST)
    sample = sampled(signed, DIGEST, beacon(0), COUNT)
    others = [place for place in ((part, row) for part in ENCODING_PARTS for row in range(ROWS)) if place not in sample][:COUNT]
    with pytest.raises(SubmissionError, match="other records were opened"):
        check_opened(opened(HONEST, others), signed, sample, lambda part, item: item)
    with pytest.raises(SubmissionError, match="other records were opened"):
        check_opened([], signed, sample, lambda part, item: item)


def test_a_manifest_without_roots_proves_nothing():
    bare = manifest(HONEST)
    bare = bare.model_copy(update={"parts": [part.model_copy(update={"records_root": None}) for part in bare.parts]})
    sample = sampled(bare, DIGEST, beacon(0), 1)
    with pytest.raises(SubmissionError, match="not what the manifest commits to"):
        check_opened(opened(HONEST, sample), bare, sample, lambda part, item: item)


def test_an_opening_shows_nothing_of_itself():
    assert repr(Opening("adults.A.arrow", 3, b"leaf", ["path"])) == "Opening(…)"
