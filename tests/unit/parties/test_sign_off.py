"""The second signature of a manifest: what the data-protection lead sees, signs and refuses, and that nothing leaves without it."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.command import main
from flows.demo.founding import found
from parties.initialise import init_lead, init_node, install, load_agreed
from parties.keys.identity_keys import key_id, load_signing_key
from parties.settings import load_settings
from parties.submission.outbox import Outbox
from parties.submission.sign_off import awaits_sign_off, shown, sign_off, take_signed
from parties.submission.submit import send
from schemas.canonical import canonical_json
from schemas.encoding_set import CONTEXT, ENCODING_PARTS, Part, SubmissionManifest
from schemas.errors import AgreementError, AuthenticationError, ConfigurationError, SubmissionError
from schemas.roster import Identity, Kind, Organisation, Role
from schemas.sign_off import check_signed_off, unsigned_by
from schemas.signature import SignedDocument, public_text, signed
from tests.passphrases import passphrase_in

ROUND, ROWS = "round-1", 40
OTHERS = {"holder-1": Kind.KEY_HOLDER, "holder-2": Kind.KEY_HOLDER, "service": Kind.LINKAGE_SERVICE}
ROLES = {Kind.KEY_HOLDER: (Role.KEY_HOLDER,), Kind.LINKAGE_SERVICE: (Role.SERVICE, Role.OPERATOR, Role.OPERATOR)}


def organisation(name, kind):
    identities = [
        Identity(key_id=f"{name}/{role}-{number}", role=role, signing_key=public_text(Ed25519PrivateKey.generate()))
        for number, role in enumerate(ROLES[kind])
    ]
    return Organisation(organisation=name, name=name, kind=kind, controller=name, identities=identities)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A force's node and its lead's directory under an agreement that asks for two signatures."""
    directory = tmp_path_factory.mktemp("signing")
    passphrase = passphrase_in(directory)
    force = init_node(directory / "force", "police", "force", "Force", passphrase=passphrase)
    lead = init_lead(directory / "lead", "police", "force", passphrase=passphrase)
    entry = force.model_copy(update={"identities": [*force.identities, lead]})
    terms = {"purpose": "offer support", "scope": "demo", "normaliser": "n/1", "normaliser_digest": "0" * 64, "expires_on": "2090-01-01"}
    founded = found([entry, *(organisation(*item) for item in OTHERS.items())], **terms, manifest_signatures=2)
    for node in ("force", "lead"):
        install(directory / node, founded.roster, founded.agreement, founded.roots, b"")
    return load_settings(directory / "force"), load_settings(directory / "lead")


@pytest.fixture
def force(made):
    """The force's node, with a manifest in its outbox that the data manager signed."""
    settings, outbox = made[0], Outbox(made[0], ROUND)
    outbox.fill({})
    outbox.seal(manifest_of(settings))
    yield settings
    outbox.clear()


def manifest_of(settings, role=Role.CUSTODIAN, **changes):
    agreed = load_agreed(settings)
    parts = [Part(name=name, rows=ROWS, size=1, sha256="0" * 64) for name in (*ENCODING_PARTS, "canaries.arrow")]
    same = dict.fromkeys(("round_digest", "normaliser_digest", "schemas_digest"), "0" * 64)
    body = SubmissionManifest(
        **same, round_id=ROUND, roster_digest=agreed.roster_digest, agreement_digest=agreed.agreement_digest, organisation="force",
        normaliser="n/1", quarantined_per_mille=3, self_check_digest="1" * 64, self_check_verdict="WARN", parts=parts,
    ).model_dump()  # fmt: skip
    return signed(load_signing_key(settings, role), key_id(settings, role), CONTEXT, body | changes)


def test_a_lead_is_shown_counts_verdict_and_digests_and_nothing_is_signed_by_that(made, force, capsys):
    lead, path = made[1], Outbox(force, ROUND).manifest_path
    assert main(["party", "sign-off", "--dir", str(lead.directory), "--manifest", str(path)]) == 0
    said = capsys.readouterr().out
    for text in (
        "40 filters of adults",
        "40 of children",
        "3 of 1000 rows",
        "WARN",
        Outbox(force, ROUND).manifest().digest,
        "nothing is signed",
    ):
        assert text in said
    assert awaits_sign_off(force, ROUND) == path


def test_what_the_lead_signed_goes_back_and_may_be_sent(made, force, tmp_path, capsys):
    lead, out = made[1], tmp_path / "signed.json"
    path = str(Outbox(force, ROUND).manifest_path)
    assert main(["party", "sign-off", "--dir", str(lead.directory), "--manifest", path, "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signed"] is True
    take_signed(force, ROUND, out)
    assert awaits_sign_off(force, ROUND) is None
    check_signed_off(Outbox(force, ROUND).manifest(), load_agreed(force), "force")


def test_nothing_is_sent_before_the_lead_has_signed(force):
    with pytest.raises(AuthenticationError, match=r"signature of data-protection is missing.*sign-off"):
        send(force, ROUND)
    assert Outbox(force, ROUND).manifest_path.is_file()


def test_one_signature_is_enough_where_no_more_was_agreed(force):
    agreed = load_agreed(force)
    object.__setattr__(agreed, "agreement", agreed.agreement.model_copy(update={"manifest_signatures": 1}))
    assert unsigned_by(Outbox(force, ROUND).manifest(), agreed, "force") == []


def test_the_data_managers_key_twice_is_one_signature(force):
    document = Outbox(force, ROUND).manifest()
    lead = signed(load_signing_key(force, Role.CUSTODIAN), "force/data-protection", CONTEXT, document.body)
    both = SignedDocument(body=document.body, signatures=[*document.signatures, *lead.signatures])
    assert unsigned_by(both, load_agreed(force), "force") == [Role.DATA_PROTECTION]


def test_a_lead_signs_no_manifest_of_another_agreement_or_organisation_or_without_the_data_manager(made, force, tmp_path):
    lead, path = made[1], tmp_path / "manifest.json"
    cases = [
        (manifest_of(force, agreement_digest="2" * 64), SubmissionError, "of another organisation or agreement"),
        (manifest_of(force, organisation="other"), SubmissionError, "of another organisation or agreement"),
        (manifest_of(force, parts=[]), SubmissionError, "malformed at parts"),
        (manifest_of(lead, Role.DATA_PROTECTION), AuthenticationError, "data manager's signature is missing"),
    ]
    for document, error, text in cases:
        path.write_bytes(canonical_json(document.model_dump()))
        for step in (shown, lambda *given: sign_off(*given, tmp_path / "out.json")):
            with pytest.raises(error, match=text):
                step(lead, path)
    assert not (tmp_path / "out.json").exists()


def test_what_comes_back_must_be_the_version_in_the_outbox(made, force, tmp_path):
    path, out = tmp_path / "manifest.json", tmp_path / "signed.json"
    path.write_bytes(canonical_json(manifest_of(force, quarantined_per_mille=4).model_dump()))
    sign_off(made[1], path, out)
    with pytest.raises(SubmissionError, match="another version"):
        take_signed(force, ROUND, out)
    path.write_bytes(b" " * 70_000)
    with pytest.raises(SubmissionError, match="over 65,536 bytes"):
        take_signed(force, ROUND, path)
    with pytest.raises(SubmissionError, match="cannot be read"):
        take_signed(force, ROUND, tmp_path / "none.json")


def test_a_leads_directory_has_one_key_and_no_secret_of_the_node(made):
    assert [path.name for path in made[1].path("keys").iterdir()] == ["data-protection.signing"]
    assert not made[0].path("keys", "data-protection.signing").exists()


def test_only_a_custodian_has_a_lead(tmp_path):
    with pytest.raises(ConfigurationError, match="submits nothing"):
        init_lead(tmp_path / "lead", "key-holder", "holder", passphrase=passphrase_in(tmp_path))


def test_a_round_does_not_start_where_nobody_could_sign_second(made):
    from datetime import date

    from schemas.agreement import check_may_start

    agreed = load_agreed(made[0])
    entry = agreed.roster.get("force")
    without = [item for item in entry.identities if item.role is not Role.DATA_PROTECTION]
    organisations = [item if item != entry else entry.model_copy(update={"identities": without}) for item in agreed.roster.organisations]
    today = date(2026, 11, 1)
    check_may_start(agreed.agreement, agreed.roster, agreed.roster_digest, today)
    with pytest.raises(AgreementError, match="force has no data-protection identity"):
        check_may_start(agreed.agreement, agreed.roster.model_copy(update={"organisations": organisations}), agreed.roster_digest, today)
