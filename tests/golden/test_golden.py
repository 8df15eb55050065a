"""What earlier versions sealed, signed and encoded still opens, verifies and encodes alike; what they refused is refused."""

import base64
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from linkage.search.anonlink_engine import AnonlinkEngine
from parties.encoding.clk import clk_secret, encode_clks
from parties.encoding.clk_encoder import ClkEncoder
from parties.encoding.diffusion import diffuse, draw_positions
from parties.encoding.keystream import Keystream
from parties.encoding.normalise import NORMALISER
from parties.encoding.peer_schema import read_peer_schema
from parties.encoding.rows import PersonRows, fields
from parties.keys.round_key import round_key
from parties.second_look.evidence import digests, tags
from parties.second_look.keys import attribute_key, opener, pair_key, pairs_key
from schemas import deletion, receipt
from schemas.attributes import open_attributes, seal_attributes
from schemas.canonical import canonical_json, digest_of
from schemas.controls import open_list
from schemas.errors import AgreementError, ConfigurationError, RoundError, SealError, SubmissionError, TokenError
from schemas.event_feed import Event, tag_of
from schemas.key_file import open_key, read_header, salt_of, stretch
from schemas.questions import read_questions, write_questions
from schemas.round_manifest import RoundManifest
from schemas.sealed import SealingKey, open_any
from schemas.sealed_join import open_join, read_join, seal_join, write_join
from schemas.signature import Signature, SignedDocument, check_signed_by, valid_signers
from schemas.token import read_token, write_token
from tests.conformance.peers import by_clkhash
from tests.golden import generate

FOLDER = Path(__file__).parent
PEER_SCHEMAS = FOLDER.parent / "conformance" / "peer_schemas"


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


@pytest.mark.parametrize("case", cases("sealed-to-each", "good"))
def test_the_envelopes_of_a_desk_open_for_its_holder_and_its_deputy(case):
    assert open_any(SealingKey(raw(case["key"])), raw(case["envelopes"]), case["info"]) == raw(case["plaintext"])


@pytest.mark.parametrize("case", cases("sealed-to-each", "bad"))
def test_spoilt_envelopes_of_a_desk_do_not(case):
    with pytest.raises(SealError):
        open_any(SealingKey(raw(case["key"])), raw(case["envelopes"]), case["info"])


@pytest.mark.parametrize("case", cases("questions-body", "good"))
def test_questions_are_read_and_written_alike(case):
    body = read_questions(raw(case["content"]))
    assert body.model_dump(mode="json") == case["body"]
    assert write_questions(body) == raw(case["content"])


@pytest.mark.parametrize("content", cases("questions-body", "bad"))
def test_what_is_no_questions_is_refused(content):
    with pytest.raises(SubmissionError):
        read_questions(raw(content))


@pytest.mark.parametrize("case", cases("round-key", "good"))
def test_shares_and_a_manifest_give_the_same_round_key(case):
    shares = {name: bytes.fromhex(vectors("round-key")["shares"][name]) for name in case["shares"]}
    assert round_key(shares, RoundManifest(**case["manifest"]), digest_of(case["manifest"])).hex() == case["round_key"]


@pytest.mark.parametrize("case", cases("round-key", "bad"))
def test_weak_missing_or_repeated_shares_give_none(case):
    manifest = vectors("round-key")["good"][0]["manifest"]
    with pytest.raises(RoundError):
        round_key({name: bytes.fromhex(share) for name, share in case["shares"].items()}, RoundManifest(**manifest), digest_of(manifest))


OF_THE_STATEMENT = {"round_id": "round-1", "round_digest": "a" * 64, "organisation": "holder-1"}


@pytest.mark.parametrize("case", cases("deletion", "good"))
def test_a_deletion_statement_is_read_and_its_signature_holds(case):
    document = SignedDocument.model_validate(case)
    check_signed_by(document, deletion.CONTEXT, "holder-1/key-holder", vectors("deletion")["public_key"])
    assert deletion.read_statement(document, **OF_THE_STATEMENT).model_dump(mode="json") == case["body"]


@pytest.mark.parametrize("body", cases("deletion", "bad"))
def test_what_is_no_statement_of_this_round_is_refused(body):
    with pytest.raises(SubmissionError):
        deletion.read_statement(SignedDocument(body=body, signatures=[]), **OF_THE_STATEMENT)


def opened_key(case, passphrase):
    header = read_header(case["file"].encode(), case["name"])
    return open_key(header, stretch(passphrase.encode(), salt_of(header), header.log2_cost))


@pytest.mark.parametrize("case", cases("key-file", "good"))
def test_a_private_key_opens_with_its_passphrase(case):
    assert opened_key(case, vectors("key-file")["passphrase"]).hex() == case["secret"]


@pytest.mark.parametrize("case", cases("key-file", "bad"))
def test_a_spoilt_private_key_does_not(case):
    with pytest.raises(ConfigurationError):
        opened_key(case, case["passphrase"])


@pytest.mark.parametrize("case", cases("token-body", "good"))
def test_a_token_is_read_and_written_alike(case):
    body = read_token(raw(case["content"]))
    assert body.model_dump(mode="json") == {"attributes": [], **case["body"]}
    assert write_token(body) == raw(case["content"])


@pytest.mark.parametrize("content", cases("token-body", "bad"))
def test_what_is_no_token_is_refused(content):
    with pytest.raises(TokenError):
        read_token(raw(content))


@pytest.mark.parametrize("case", cases("attributes", "good"))
def test_sealed_attributes_open_and_are_sealed_alike(case):
    round_key_ = bytes.fromhex(vectors("attributes")["key"])
    found = open_attributes(raw(case["sealed"]), round_key_)
    assert (found.handle.hex(), found.custody, found.is_restricted, found.is_sole_carer) == (
        case["handle"],
        case["custody"],
        case["is_restricted"],
        case["is_sole_carer"],
    )
    assert seal_attributes(found, round_key_, bytes.fromhex(case["nonce"])) == raw(case["sealed"])


def test_a_fill_s_attributes_are_of_nobody():
    made = vectors("attributes")
    assert open_attributes(raw(made["fill"]["sealed"]), bytes.fromhex(made["key"])) is None


@pytest.mark.parametrize("sealed", cases("attributes", "bad"))
def test_spoilt_attributes_stay_shut(sealed):
    with pytest.raises(SealError):
        open_attributes(raw(sealed), bytes.fromhex(vectors("attributes")["key"]))


@pytest.mark.parametrize("case", cases("event-feed", "tags"))
def test_an_event_has_the_tag_that_it_always_had(case):
    handle = bytes.fromhex(vectors("event-feed")["handle"])
    assert tag_of(handle, Event(case["event"]), case["sequence"]).hex() == case["tag"]


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
    """The values are those of normaliser 1; these records are ones that later versions read alike."""
    shared = vectors("clk")
    round_key, place = bytes.fromhex(shared["round_key"]), (case["population"], case["projection"])
    rows = PersonRows()
    rows.add_rows(rows.add_person("0"), case["record"])
    values = fields(rows, case["projection"])
    assert [list(value) for value in values] == [case["values"]]
    clk = encode_clks(values, case["projection"], clk_secret(round_key, *place))
    assert clk.tobytes().hex() == case["clk"]
    assert diffuse(clk, draw_positions(round_key, *place, shared["diffusion"])).tobytes().hex() == case["diffused"]


@pytest.mark.parametrize("case", cases("clk-peers", "good"))
def test_a_record_is_encoded_alike_by_a_peers_schema_and_by_clkhash(case):
    schema, secret = read_peer_schema((PEER_SCHEMAS / f"{case['schema']}.json").read_bytes()), bytes.fromhex(vectors("clk-peers")["secret"])
    assert ClkEncoder(schema, secret).encode([[value] for value in case["values"]]).tobytes().hex() == case["clk"]
    values = iter(case["values"])
    record = [next(values) if field.hashing_properties else "" for field in schema.fields]
    assert by_clkhash([[value] for value in record], schema, secret).tobytes().hex() == case["clk"]


@pytest.mark.parametrize("case", cases("diffusion", "good"))
def test_filters_of_any_length_are_diffused_alike(case):
    before, after = (np.array([list(bytes.fromhex(row)) for row in case[name]], dtype=np.uint8) for name in ("before", "after"))
    positions = np.array([list(map(int, row.split())) for row in case["positions"]])
    assert np.array_equal(diffuse(before, positions), after)
    plain = np.bitwise_xor.reduce(np.unpackbits(before, axis=1)[:, positions], axis=2)
    assert np.array_equal(np.packbits(plain, axis=1), after)


@pytest.mark.parametrize("case", cases("diffusion", "drawn"))
def test_a_key_gives_the_same_map(case):
    positions = draw_positions(bytes.fromhex(vectors("diffusion")["round_key"]), "adults", "A", case["t"])
    assert hashlib.sha256(positions.astype("<i8").tobytes()).hexdigest() == case["sha256"]


def test_pairs_at_or_above_the_cut_and_their_scores_are_the_same():
    shared = vectors("similarity")
    left, right = (np.array([list(bytes.fromhex(row)) for row in shared[side]], dtype=np.uint8) for side in ("left", "right"))
    found = AnonlinkEngine().candidate_pairs(left, right, cut=shared["cut"], top_k=100)
    assert [(case["left"], case["right"]) for case in shared["good"]] == list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert [case["dice"] for case in shared["good"]] == pytest.approx(found.score.tolist(), abs=1e-12)
    assert min(case["dice"] for case in shared["good"]) == shared["cut"]


@pytest.mark.parametrize("name", sorted(generate.VECTORS.keys() - generate.RANDOM))
def test_vectors_made_again_are_those_in_the_file(name):
    assert generate.as_text(generate.VECTORS[name]()) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_every_file_of_vectors_is_made_by_the_script():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(generate.VECTORS)


@pytest.mark.parametrize("case", cases("normaliser-2", "good"))
def test_a_record_is_normalised_as_version_2_did(case):
    rows = PersonRows()
    rows.add_rows(rows.add_person("0"), case["record"])
    assert {name: getattr(rows, name) for name in case["rows"]} == case["rows"]


def test_a_version_of_the_normaliser_has_vectors_of_its_own():
    assert vectors("normaliser-2")["normaliser"] == NORMALISER == "kinlink-normaliser/2"


def test_vectors_are_of_invented_keys_and_differ_from_each_other():
    filters = [case[name] for case in vectors("clk")["good"] for name in ("clk", "diffused")]
    assert len(set(filters)) == len(filters) == 2 * len(vectors("clk")["good"])
    weights = [np.unpackbits(np.frombuffer(bytes.fromhex(case["diffused"]), dtype=np.uint8)).sum() for case in vectors("clk")["good"]]
    assert all(400 < weight < 624 for weight in weights)


def test_keys_digests_and_tags_of_a_second_look_are_made_alike():
    case = vectors("second-look")
    round_key, nonce = bytes.fromhex(case["round_key"]), bytes.fromhex(case["nonce"])
    attributes, root = (
        attribute_key(round_key, case["population"]),
        pairs_key(round_key, case["population"], case["uploader"], case["responder"]),
    )
    assert (attributes.hex(), root.hex(), pair_key(root, nonce).hex()) == (case["attribute_key"], case["pairs_key"], case["pair_key"])
    assert {side: opener(root, nonce, side).hex() for side in case["openers"]} == case["openers"]
    made = digests([case["components"]], attributes, Keystream(bytes.fromhex(case["blanks"])))
    assert made.tobytes().hex() == case["digests"]
    assert tags(made, [pair_key(root, nonce)]).tobytes().hex() == case["tags"]


@pytest.mark.parametrize("case", cases("second-look", "good"))
def test_a_join_opens_and_is_written_and_sealed_alike(case):
    opened_with = bytes.fromhex(vectors("second-look")["openers"][case["side"]])
    content = open_join(bytes.fromhex(case["sealed"]), opened_with)
    assert content.hex() == case["content"]
    assert write_join(read_join(content)) == content
    assert seal_join(content, opened_with).hex() == case["sealed"]


@pytest.mark.parametrize("case", cases("second-look", "bad"))
def test_a_spoilt_join_does_not(case):
    opened_with = bytes.fromhex(vectors("second-look")["openers"][case["side"]])
    with pytest.raises((SealError, SubmissionError)):
        read_join(open_join(bytes.fromhex(case["sealed"]), opened_with))


@pytest.mark.parametrize("case", cases("controls", "good"))
def test_a_list_of_controls_opens_alike(case):
    told = vectors("controls")
    found = open_list(bytes.fromhex(case["sealed"]), len(told["families"]), bytes.fromhex(told["opener"]), told["context"])
    assert {str(number): [person and person.hex() for person in row] for number, row in found.items()} == case["ids"]


@pytest.mark.parametrize("case", cases("controls", "bad"))
def test_a_spoilt_list_of_controls_does_not(case):
    told = vectors("controls")
    with pytest.raises(SealError):
        open_list(bytes.fromhex(case["sealed"]), len(told["families"]), bytes.fromhex(told["opener"]), told["context"])
