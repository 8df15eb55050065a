"""No error's text quotes what it was given: every parser is handed a surname and must refuse it without repeating it.

The text is looked at with its whole traceback, as a log would keep it.
"""

import json
import traceback
from datetime import date

import pandas as pd
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.command import main
from flows.demo.founding import ROOTS
from linkage import initialise as service_side
from linkage import settings as service_settings
from linkage.api.call import Call
from linkage.inbox.acceptance import read_manifest as read_submission
from linkage.operator import OperatorClient
from linkage.rounds import read_manifest as read_round_manifest
from linkage.store.engine import open_store
from parties.extracts.check import check_bar, check_extract
from parties.extracts.read import read_extract
from parties.initialise import init_node
from parties.keys.identity_keys import load_local_secret, load_sealing_key, load_signing_key
from parties.keys.shares import check_strength, open_share
from parties.questions.answers import take_answers
from parties.referrals.directory import make_directory
from parties.referrals.opening import Addressee, open_sealed
from parties.rounds import read_round
from parties.settings import load_settings
from parties.submission.outbox import Outbox
from parties.submission.receipts import check_receipt
from schemas import agreement, roster
from schemas.agreed import Agreed, open_agreed, read_document
from schemas.canonical import canonical_json
from schemas.encoding_set import SubmissionManifest, read_table
from schemas.errors import UserError
from schemas.extracts import load_rules
from schemas.questions import QUESTIONS_BYTES, read_questions
from schemas.receipt import RECEIPT_BYTES, read_receipt
from schemas.roster import Role
from schemas.sealed import SealingKey, seal
from schemas.signature import SignedDocument, public_text, sign
from schemas.slots import ALL_PARTS
from schemas.token import TOKEN_BODY_BYTES, read_token
from tests.acceptance.round import ROUND
from tests.privacy.search import Needles
from validation.extract import check_file

SURNAME = "Qzxsurname"
KEYS = {name: Ed25519PrivateKey.generate() for name in ROOTS}
ROOT_KEYS = {name: public_text(key) for name, key in KEYS.items()}
DESK = SealingKey.generate()
TODAY = date(2026, 9, 14)
ADDRESSEE = Addressee("north", ROUND, "0" * 64)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """An authority's node whose every file says a surname where it should not."""
    directory = tmp_path_factory.mktemp("node")
    init_node(directory, "local-authority", "north", "North", gss_code="E06000001")
    settings = load_settings(directory)
    outbox = settings.path("outbox", ROUND)
    outbox.mkdir()
    (outbox / "manifest.json").write_text(json.dumps({"body": SURNAME}))
    for role in ("custodian", "desk"):
        settings.path("keys", f"{role}.signing").write_text(SURNAME)
        settings.path("keys", f"{role}.sealing").write_text(SURNAME)
    settings.path("keys", "local.secret").write_text(SURNAME)
    for name, content in EXTRACTS.items():
        settings.path("extract", f"{name}.csv").write_bytes(content)
    settings.path("extract", "wrong.parquet").write_text(SURNAME)
    for name in ("operator", "service"):
        (directory / name).mkdir()
        (directory / name / "settings.json").write_text(json.dumps({"service_url": SURNAME, SURNAME: SURNAME, "port": SURNAME}))
    return settings


EXTRACTS = {
    "ragged": f"surname,sex\n{SURNAME}\n".encode(),
    "long": f"surname,sex\n{SURNAME * 200},M\n".encode(),
    "quotes": f'surname,sex\n"{SURNAME}" x,M\n'.encode(),
    "bytes": f"surname,sex\n{SURNAME}é,M\n".encode("latin-1"),
    "headless": f"{SURNAME},{SURNAME}\nx,y\n".encode(),
    "children": f"{SURNAME}\n{SURNAME}\n".encode(),
}


def by_roots(context, body):
    return SignedDocument(body=body, signatures=[sign(key, name, context, body) for name, key in KEYS.items()])


def opened(content):
    return read_document(canonical_json(content), "roster.json")


def manifest(**changes):
    parts = [{"name": name, "rows": 1, "size": 1, "sha256": "0" * 64} for name in ALL_PARTS]
    digests = dict.fromkeys(("round_digest", "roster_digest", "agreement_digest", "schemas_digest"), "0" * 64)
    body = {
        "round_id": ROUND,
        **digests,
        "organisation": "north",
        "normaliser": "n/1",
        "normaliser_digest": "0" * 64,
        "quarantined_per_mille": 0,
        "parts": parts,
    }
    return SignedDocument(body=body | changes, signatures=[])


def sealed_to_desk(content, context):
    return seal(content, DESK.public_text(), context)


def call(content):
    return Call(None, None, content, None)


CASES = {
    "a row with too few fields": lambda node: list(read_extract(node.path("extract"), "ragged")),
    "a row with a field too long": lambda node: list(read_extract(node.path("extract"), "long")),
    "a row with a quote astray": lambda node: list(read_extract(node.path("extract"), "quotes")),
    "a row in another encoding": lambda node: list(read_extract(node.path("extract"), "bytes")),
    "a header that is a row": lambda node: list(read_extract(node.path("extract"), "headless")),
    "a file that is no table": lambda node: list(read_extract(node.path("extract"), "wrong")),
    "an extract without its columns": check_extract,
    "a frame without its columns": lambda _: check_file("police", "persons", pd.DataFrame({SURNAME: [SURNAME]})),
    "a directory without its point of contact": lambda _: make_directory(
        [{"role": "dsl", "area_or_school": SURNAME, "name": SURNAME, "telephone": SURNAME}], TODAY
    ),
    "a document that is none": lambda _: read_document(SURNAME.encode(), "roster.json"),
    "a document with another's fields": lambda _: opened({"body": {}, "signatures": [], SURNAME: SURNAME}),
    "roots that are none": lambda _: open_agreed(
        by_roots(roster.CONTEXT, {}).model_dump_json().encode(), b'{"body": {}, "signatures": []}', json.dumps({"root": [SURNAME]}).encode()
    ),
    "a roster with a value out of place": lambda _: roster.open_roster(
        by_roots(roster.CONTEXT, {"version": SURNAME, "expires_on": SURNAME, "organisations": [SURNAME]}), ROOT_KEYS
    ),
    "a roster with a field that is a value": lambda _: roster.open_roster(by_roots(roster.CONTEXT, _a_roster() | {SURNAME: 1}), ROOT_KEYS),
    "a roster without an organisation": lambda node: roster.Roster.model_construct(organisations=[]).get(SURNAME),
    "a roster that nobody signed": lambda _: roster.open_roster(SignedDocument(body={SURNAME: SURNAME}, signatures=[]), ROOT_KEYS),
    "an agreement with a value out of place": lambda _: agreement.open_agreement(
        by_roots(agreement.CONTEXT, {"purpose": SURNAME, "version": SURNAME}), ROOT_KEYS
    ),
    "an agreement with a field that is a value": lambda _: agreement.open_agreement(
        by_roots(agreement.CONTEXT, _an_agreement() | {SURNAME: 1}), ROOT_KEYS
    ),
    "a round with a value out of place": lambda _: read_round_manifest(ROUND, SignedDocument(body={"round_id": SURNAME}, signatures=[])),
    "a round with a field that is a value": lambda _: read_round_manifest(
        ROUND, SignedDocument(body=_a_round() | {SURNAME: 1}, signatures=[])
    ),
    "a round as a node has it": lambda _: read_round({"manifest": SURNAME, "state": SURNAME}, _agreed()),
    "a submission with a value out of place": lambda _: read_submission(manifest(quarantined_per_mille=SURNAME)),
    "a submission with a field that is a value": lambda _: read_submission(manifest(**{SURNAME: 1})),
    "a submission with a part of another name": lambda _: read_submission(manifest(parts=[{"name": SURNAME}])),
    "a part that is not there": lambda _: SubmissionManifest.model_validate(manifest().body).part(SURNAME),
    "a part that is no table": lambda _: read_table(SURNAME.encode(), ALL_PARTS["canaries.arrow"], part="canaries.arrow", rows=1),
    "an outbox with another's manifest": lambda node: Outbox(node, ROUND).manifest(),
    "a signing key that is none": lambda node: load_signing_key(node, Role.CUSTODIAN),
    "a sealing key that is none": lambda node: load_sealing_key(node, Role.CUSTODIAN),
    "a local secret that is none": load_local_secret,
    "a sealing key of another length": lambda _: SealingKey(SURNAME.encode()),
    "a public key that is none": lambda _: seal(b"", SURNAME, ROUND),
    "an envelope that is none": lambda _: DESK.open(SURNAME.encode(), ROUND),
    "an envelope for another purpose": lambda _: DESK.open(sealed_to_desk(SURNAME.encode(), ROUND), SURNAME),
    "an envelope with another content": lambda _: open_sealed(
        sealed_to_desk(SURNAME.encode(), "kinlink/token/1|" + "0" * 64 + "|north"), DESK, ADDRESSEE, name="envelope"
    ),
    "a token that is none": lambda _: read_token(f'{{"token": "{SURNAME}"}}'.encode().ljust(TOKEN_BODY_BYTES)),
    "questions that are none": lambda _: read_questions(f'{{"children": ["{SURNAME}"]}}'.encode().ljust(QUESTIONS_BYTES)),
    "answers that are no table": lambda node: take_answers(node, node.path("extract", "quotes.csv")),
    "answers without their columns": lambda node: take_answers(node, node.path("extract", "children.csv")),
    "a receipt of another length": lambda _: read_receipt(SURNAME.encode()),
    "a receipt that is none": lambda _: check_receipt(
        f'{{"body": "{SURNAME}"}}'.encode().ljust(RECEIPT_BYTES), None, round_id=ROUND, organisation="north", submission=""
    ),
    "a share that is weak": lambda _: check_strength(SURNAME.encode(), "holder"),
    "a share that is none": lambda _: open_share(
        sealed_to_desk(SURNAME.encode(), "kinlink/key-share/1|" + "0" * 64 + "|holder|north"), "0" * 64, _holder(), "north", DESK
    ),
    "a request that is no object": lambda _: call(f'"{SURNAME}"'.encode()).json(),
    "a request that is no JSON": lambda _: call(SURNAME.encode()).json(),
    "a request that is no document": lambda _: call(f'{{"{SURNAME}": 1}}'.encode()).document("round/1"),
    "settings with another's fields": lambda node: load_settings(node.path("operator")),
    "a service's settings": lambda node: service_settings.load_settings(node.path("service")),
    "an operator's settings": lambda node: OperatorClient(node.path("operator")),
    "a service's key": lambda node: service_side.read_signing_key(node.directory, Role.CUSTODIAN),
    "a database's address": lambda _: open_store(SURNAME),
    "canonical JSON": lambda _: canonical_json({SURNAME: 1.5}),
}


def _a_roster():
    return {"version": 1, "expires_on": "2099-01-01", "organisations": [_holder().model_dump(mode="json")]}


def _an_agreement():
    encoding = {"schemas_digest": "0" * 64, "normaliser": "n/1", "normaliser_digest": "0" * 64}
    terms = {"version": 1, "purpose": "support", "scope": "test", "roster_digest": "0" * 64, "expires_on": "2099-01-01"}
    return {**terms, "lawful_bases": [], "encoding": encoding}


def _a_round():
    digests = {"roster_digest": "0" * 64, "agreement_digest": "0" * 64}
    window = {"opens_at": "2026-09-07T00:00:00Z", "closes_at": "2026-09-14T00:00:00Z"}
    return {"round_id": ROUND, **digests, "purpose": "support", "scope": "test", **window}


def _agreed():
    service = _holder().model_copy(update={"kind": roster.Kind.LINKAGE_SERVICE})
    return Agreed(roster.Roster.model_construct(organisations=[service]), "0" * 64, agreement.Agreement.model_construct(), "0" * 64)


def _holder():
    return roster.Organisation(
        organisation="holder",
        name="holder",
        kind=roster.Kind.KEY_HOLDER,
        controller="holder",
        identities=[roster.Identity(key_id="holder/key-holder", role=Role.KEY_HOLDER, signing_key=ROOT_KEYS[ROOTS[0]])],
    )


@pytest.mark.parametrize("case", CASES)
def test_an_error_says_where_and_which_rule_and_never_the_value(case, node):
    with pytest.raises(UserError) as caught:
        CASES[case](node)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert Needles([SURNAME]).within(shown.encode()) == set()
    assert len(str(caught.value)) > 20
    assert "\n" not in str(caught.value)


ARGUMENTS = {
    "a round's id": ["party", "submit", "--round", SURNAME, "--dir", "node"],
    "an organisation": ["party", "init", "--kind", "police", "--organisation", f"{SURNAME} {SURNAME}", "--dir", "elsewhere"],
    "a code": ["party", "init", "--kind", "local-authority", "--organisation", "north", "--gss-code", SURNAME, "--dir", "elsewhere"],
    "a database": ["service", "init", "--dir", "elsewhere", "--database-url", SURNAME],
    "a service": ["service", "init", "--dir", "elsewhere", "--organisation", f"{SURNAME} {SURNAME}"],
    "an operator": ["round", "operator", "--dir", "elsewhere", "--name", f"{SURNAME} {SURNAME}"],
}


@pytest.mark.parametrize("case", ARGUMENTS)
def test_the_command_line_answers_a_bad_argument_with_one_line(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    init_node(tmp_path / "node", "police", "north", "North")
    assert main(ARGUMENTS[case]) not in {0, 1}
    told = capsys.readouterr().err
    assert told.startswith("kinlink: error: ")
    assert told.count("\n") == 1
    assert Needles([SURNAME]).within(told.encode()) == set()
    assert not any((tmp_path / "elsewhere").rglob("*.signing"))


def test_what_the_check_writes_about_a_bad_row_is_row_column_and_rule(node, tmp_path):
    settings = node.model_copy(update={"directory": tmp_path})
    for name in ("extract", "quarantine"):
        (tmp_path / name).mkdir()
    for name, rules in load_rules(settings.kind).files.items():
        rows = [rules.header, [SURNAME + "," for _ in rules.header], [""] * len(rules.header)]
        content = "\n".join(",".join(f'"{value}"' for value in row) for row in rows)
        (tmp_path / "extract" / f"{name}.csv").write_text(content + "\n", encoding="utf-8")
    checked = check_extract(settings)
    with pytest.raises(UserError) as caught:
        check_bar(checked, 50)
    written = b"".join(path.read_bytes() for path in (tmp_path / "quarantine").iterdir())
    assert written.count(b"\n") > 20
    assert Needles([SURNAME]).within(written + repr(checked).encode() + str(caught.value).encode()) == set()
