"""Root signers by their commands: drafts out of entries and terms, signatures of two of three, and a roster that continues another."""

import json

import pytest

from flows.command import main
from linkage.initialise import init_operator, init_service
from parties.encoding.normalise import NORMALISER
from parties.initialise import init_node, load_agreed
from parties.keys.rotating import rotate
from parties.settings import load_settings
from tests.passphrases import passphrase_in

KINDS = {"force": "police", "holder-1": "key-holder", "holder-2": "key-holder"}
TERMS = {
    "purpose": "Trial",
    "scope": "trial",
    "expires_on": "2090-01-01",
    "lawful_bases": [{"organisation": "force", "basis": "public_task", "statute": "an act", "dpia": "DPIA-1", "expires_on": "2090-01-01"}],
}


def run(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture
def signers(tmp_path, monkeypatch):
    """Three root signers, and everyone else's directories with their identity.json."""
    monkeypatch.chdir(tmp_path)
    passphrase = passphrase_in(tmp_path)
    roots = {}
    for name in ("one", "two", "three"):
        assert run("root", "key", "--dir", name, "--name", name, "--passphrase-file", passphrase.passphrase_file) == 0
        roots |= json.loads((tmp_path / name / "root.json").read_text())
    (tmp_path / "roots.json").write_text(json.dumps(roots))
    init_service(tmp_path / "service", "linkage", operators=0, passphrase=passphrase)
    for name in ("operator-1", "operator-2"):
        init_operator(tmp_path / name, "linkage", name, passphrase=passphrase)
    for name, kind in KINDS.items():
        init_node(tmp_path / name, kind, name, name.title(), passphrase=passphrase)
    (tmp_path / "terms.json").write_text(json.dumps(TERMS))
    return tmp_path


def entries(*names):
    return [f"{name}/identity.json" for name in names]


def signed(draft, out, *names):
    for name in names:
        assert run("root", "sign", draft, "--dir", name, "--out", out) == 0
        draft = out


def founded(directory, *names):
    everyone = entries("service", "operator-1", "operator-2", *KINDS)
    assert run("root", "roster", *everyone, "--expires-on", "2090-01-01", "--out", "draft.json") == 0
    signed("draft.json", "roster.json", *names)
    assert run("root", "agreement", "--roster", "roster.json", "--terms", "terms.json", "--out", "draft.json") == 0
    signed("draft.json", "agreement.json", *names)
    (directory / "ca.pem").write_bytes((directory / "service" / "tls" / "ca.pem").read_bytes())


def installed(place="force"):
    documents = ("--roster", "roster.json", "--agreement", "agreement.json", "--roots", "roots.json", "--trust", "ca.pem")
    return run("party", "install", "--dir", place, *documents)


def test_two_of_three_found_a_linkage_and_change_a_key_by_commands_alone(signers, capsys):
    founded(signers, "one", "three")
    assert installed() == 0
    agreed = load_agreed(load_settings(signers / "force"))
    assert (agreed.agreement.purpose, agreed.agreement.encoding.normaliser) == ("Trial", NORMALISER)
    rotate(load_settings(signers / "force"))
    options = ("--previous", "roster.json", "--expires-on", "2090-06-01", "--out", "draft.json")
    assert run("root", "roster", *entries("force"), *options) == 0
    signed("draft.json", "roster.json", "two", "three")
    assert installed() == 0
    now = load_agreed(load_settings(signers / "force"))
    assert (now.roster.version, now.rosters[1:], now.agreement_digest) == (2, (agreed.roster_digest,), agreed.agreement_digest)
    assert load_settings(signers / "force").key_numbers == {"custodian": 2}


def test_one_signature_twice_is_one(signers, capsys):
    founded(signers, "one", "one")
    assert installed() != 0
    assert "1 valid signature(s) where 2 are needed" in capsys.readouterr().err


def test_a_changed_document_needs_its_signatures_again(signers, capsys):
    founded(signers, "one", "two")
    document = json.loads((signers / "agreement.json").read_text())
    document["body"]["retention_days"] = 300
    (signers / "agreement.json").write_text(json.dumps(document))
    assert installed() != 0
    assert "valid signature" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({**TERMS, "scope": "A SCOPE"}, "malformed at scope"),
        ({key: value for key, value in TERMS.items() if key != "purpose"}, "malformed at purpose"),
        ({**TERMS, "encoding": {"diffusion": 4}}, "malformed at encoding"),  # too weak for production
        ({**TERMS, "padding": {"step_per_mille": 0}}, "malformed at"),
    ],
)
def test_bad_terms_are_named_and_nothing_is_written(signers, capsys, terms, said):
    founded(signers, "one", "two")
    (signers / "terms.json").write_text(json.dumps(terms))
    assert run("root", "agreement", "--roster", "roster.json", "--terms", "terms.json", "--out", "none.json") != 0
    assert said in capsys.readouterr().err
    assert not (signers / "none.json").exists()


def test_what_is_no_roster_and_no_agreement_is_not_signed(signers, capsys):
    founded(signers, "one", "two")
    roster = json.loads((signers / "roster.json").read_text())["body"]
    shared = {**roster, "organisations": [{**item, "controller": "one"} for item in roster["organisations"]]}
    sparse = {key: value for key, value in roster.items() if key != "continues"}
    for content, said in (({"purpose": "?"}, "neither"), ([], "no draft"), (shared, "different controllers"), (sparse, "missing")):
        (signers / "other.json").write_text(json.dumps(content))
        assert run("root", "sign", "other.json", "--dir", "one", "--out", "none.json") != 0
        assert said in capsys.readouterr().err
    assert not (signers / "none.json").exists()
    assert run("root", "sign", "roster.json", "--dir", "force", "--out", "none.json") != 0
    assert run("root", "key", "--dir", "one", "--name", "one") != 0
