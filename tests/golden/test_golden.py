"""What earlier versions sealed, signed and encoded still opens, verifies and encodes alike; what they refused is refused."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from parties.encoding.clk import clk_secret, encode_clks
from parties.encoding.diffusion import diffuse, draw_positions
from parties.encoding.rows import PersonRows, fields
from schemas import receipt
from schemas.canonical import canonical_json, digest_of
from schemas.errors import AgreementError, SealError, SubmissionError, TokenError
from schemas.sealed import SealingKey
from schemas.signature import Signature, SignedDocument, check_signed_by, valid_signers
from schemas.token import read_token, write_token

FOLDER = Path(__file__).parent


def vectors(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name, kind):
    return [pytest.param(case, id=f"{kind}-{number}") for number, case in enumerate(vectors(name)[kind])]


def raw(text):
    return base64.b64decode(text)


@pytest.mark.parametrize("case", cases("canonical-json", "good"))
def test_canonical_json_is_the_same_bytes(case):
    assert canonical_json(case["value"]).decode() == case["canonical"]
    assert digest_of(case["value"]) == case["sha256"]


@pytest.mark.parametrize("value", cases("canonical-json", "bad"))
def test_what_has_no_canonical_bytes_is_refused(value):
    with pytest.raises(AgreementError):
        canonical_json(value)


def signers(case):
    document = SignedDocument(body=case["body"], signatures=[Signature(key_id=case["key_id"], signature=case["signature"])])
    return valid_signers(document, case["context"], {case["key_id"]: case["public_key"]})


@pytest.mark.parametrize("case", cases("signature", "good"))
def test_a_signature_verifies(case):
    assert signers(case) == {case["key_id"]}


@pytest.mark.parametrize("case", cases("signature", "bad"))
def test_a_spoilt_signature_does_not(case):
    assert signers(case) == set()


@pytest.mark.parametrize("case", cases("sealed-envelope", "good"))
def test_an_envelope_opens(case):
    assert SealingKey(raw(case["key"])).open(raw(case["envelope"]), case["info"]) == raw(case["plaintext"])


@pytest.mark.parametrize("case", cases("sealed-envelope", "bad"))
def test_a_spoilt_envelope_does_not(case):
    with pytest.raises(SealError):
        SealingKey(raw(case["key"])).open(raw(case["envelope"]), case["info"])


@pytest.mark.parametrize("case", cases("token-body", "good"))
def test_a_token_is_read_and_written_alike(case):
    body = read_token(raw(case["content"]))
    assert body.model_dump() == case["body"]
    assert write_token(body) == raw(case["content"])


@pytest.mark.parametrize("content", cases("token-body", "bad"))
def test_what_is_no_token_is_refused(content):
    with pytest.raises(TokenError):
        read_token(raw(content))


@pytest.mark.parametrize("case", cases("receipt", "good"))
def test_a_receipt_is_read_and_its_signature_holds(case):
    document, body = receipt.read_receipt(raw(case["content"]))
    check_signed_by(document, receipt.CONTEXT, document.signatures[0].key_id, case["public_key"])
    assert body.model_dump() == case["body"]
    assert receipt.write_receipt(document) == raw(case["content"])


@pytest.mark.parametrize("content", cases("receipt", "bad"))
def test_what_is_no_receipt_is_refused(content):
    with pytest.raises(SubmissionError):
        receipt.read_receipt(raw(content))


@pytest.mark.parametrize("case", cases("clk", "good"))
def test_a_record_is_encoded_alike_before_and_after_diffusion(case):
    shared = vectors("clk")
    round_key, place = bytes.fromhex(shared["round_key"]), (case["population"], case["projection"])
    rows = PersonRows()
    rows.add_row(rows.add_person("0"), case["record"])
    values = fields(rows, case["projection"])
    assert [list(value) for value in values] == [case["values"]]
    clk = encode_clks(values, case["projection"], clk_secret(round_key, *place))
    assert clk.tobytes().hex() == case["clk"]
    assert diffuse(clk, draw_positions(round_key, *place, shared["diffusion"])).tobytes().hex() == case["diffused"]


def test_vectors_are_of_invented_keys_and_differ_from_each_other():
    filters = [case[name] for case in vectors("clk")["good"] for name in ("clk", "diffused")]
    assert len(set(filters)) == len(filters) == 2 * len(vectors("clk")["good"])
    weights = [np.unpackbits(np.frombuffer(bytes.fromhex(case["diffused"]), dtype=np.uint8)).sum() for case in vectors("clk")["good"]]
    assert all(400 < weight < 624 for weight in weights)
