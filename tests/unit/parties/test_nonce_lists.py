"""A service that sends one slot's nonce to two custodians is found out by a key holder; nothing else of the nonces shows."""

import os
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.command import main
from flows.demo.founding import found
from parties import nonce_lists
from parties.initialise import init_node, install
from parties.nonce_lists import compare_nonce_lists, write_nonce_list
from parties.settings import load_settings
from parties.store.engine import open_node_store
from parties.store.nonces import spend_nonces
from schemas.errors import AlarmError, AuthenticationError, RoundError, SealError, SubmissionError
from schemas.nonce_list import HASH_BYTES, hashed, shared
from schemas.roster import Identity, Kind, Organisation, Role
from schemas.signature import public_text
from tests.passphrases import passphrase_in

ROUND, DIGEST = "round-1", "d" * 64
NODES = {"force": "police", "council": "local-authority", "holder-1": "key-holder", "holder-2": "key-holder"}
COUNT = 64


def service():
    roles = (Role.SERVICE, Role.OPERATOR, Role.OPERATOR)
    identities = [
        Identity(key_id=f"service/{role}-{number}", role=role, signing_key=public_text(Ed25519PrivateKey.generate()))
        for number, role in enumerate(roles)
    ]
    return Organisation(organisation="service", name="service", kind=Kind.LINKAGE_SERVICE, controller="service", identities=identities)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    directory = tmp_path_factory.mktemp("nonces")
    passphrase = passphrase_in(directory)
    entries = [init_node(directory / name, kind, name, name, passphrase=passphrase) for name, kind in NODES.items()]
    terms = {"purpose": "offer support", "scope": "demo", "normaliser": "n/1", "normaliser_digest": "0" * 64, "expires_on": "2090-01-01"}
    founded = found([*entries, service()], **terms)
    for name in NODES:
        install(directory / name, founded.roster, founded.agreement, founded.roots, b"")
    return {name: load_settings(directory / name) for name in NODES}


@pytest.fixture
def nodes(made, monkeypatch):
    """The nodes, each of whose rounds is one that the service shows them; every wave is answered."""

    class Client:
        def __init__(self, *given): ...
        def __enter__(self):
            return self

        def __exit__(self, *given): ...

    monkeypatch.setattr(nonce_lists, "ServiceClient", Client)
    monkeypatch.setattr(nonce_lists, "fetch_round", lambda client, agreed, round_id: SimpleNamespace(digest=DIGEST, round_id=round_id))
    monkeypatch.setattr(nonce_lists, "answered_waves", lambda settings, round_id: [1, 2])
    return made


def answer(settings, round_id, nonces):
    store = open_node_store(settings)
    spend_nonces(store, round_id, "1.adults.A.prison-service", "0" * 64, nonces)
    store.dispose()


def lists(nodes, tmp_path, round_id, **nonces):
    """Let custodians answer nonces of a round, and write their lists for the first holder; return the files."""
    files = []
    for name, answered in nonces.items():
        answer(nodes[name], round_id, answered)
        files.append(tmp_path / f"{name}.nonces")
        assert write_nonce_list(nodes[name], round_id, "holder-1", files[-1]) == len(answered)
    return files


def fresh(count=COUNT):
    return [os.urandom(16) for _ in range(count)]


def test_an_honest_services_nonces_are_on_one_list_each(nodes, tmp_path, capsys):
    files = lists(nodes, tmp_path, "r-honest", force=fresh(), council=fresh())
    arguments = ["--dir", str(nodes["holder-1"].directory), "--round", "r-honest"]
    assert main(["keys", "compare", *map(str, files), *arguments]) == 0
    assert "no nonce is on two of 2 lists" in capsys.readouterr().out
    assert main(["keys", "compare", str(files[0]), *arguments]) == 0
    assert "not here: council" in capsys.readouterr().out


def test_a_service_that_sends_one_nonce_to_two_custodians_is_found_out_and_the_count_is_in_tens(nodes, tmp_path):
    twice = fresh(3)
    files = lists(nodes, tmp_path, "r-dishonest", force=fresh() + twice, council=twice + fresh())
    with pytest.raises(AlarmError, match=r"council and force answered the same nonces, at most 10: .*call the root signers"):
        compare_nonce_lists(nodes["holder-1"], "r-dishonest", files)


def test_lists_of_as_many_answers_are_of_one_size(nodes, tmp_path):
    one, other = lists(nodes, tmp_path, "r-size", force=fresh(), council=fresh())
    names = len("council") - len("force")
    assert other.stat().st_size - one.stat().st_size == 2 * names  # in the statement, and in the name of its key


def test_a_list_holds_no_nonce_and_opens_for_its_holder_and_round_alone(nodes, tmp_path):
    answered = fresh()
    (file,) = lists(nodes, tmp_path, "r-sealed", force=answered)
    content = file.read_bytes()
    assert not any(nonce in content for nonce in answered)
    with pytest.raises(SealError):
        compare_nonce_lists(nodes["holder-2"], "r-sealed", [file])
    hashes = hashed(answered, DIGEST)
    assert hashes not in content
    assert not any(nonce[:HASH_BYTES] in hashes for nonce in answered)
    assert hashed(answered, "e" * 64) != hashes


def test_a_list_that_is_damaged_or_there_twice_or_of_another_round_is_refused(nodes, tmp_path):
    (file,) = lists(nodes, tmp_path, "r-bad", council=fresh())
    with pytest.raises(SubmissionError, match="there already"):
        compare_nonce_lists(nodes["holder-1"], "r-bad", [file, file])
    with pytest.raises(SubmissionError, match="of another round"):
        compare_nonce_lists(nodes["holder-1"], "r-else", [file])
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(SubmissionError, match="damaged or malformed"):
        compare_nonce_lists(nodes["holder-1"], "r-bad", [file])
    with pytest.raises(SubmissionError, match="cannot be read"):
        compare_nonce_lists(nodes["holder-1"], "r-bad", [tmp_path / "none"])


def test_a_list_that_its_custodian_did_not_sign_is_refused(nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(nonce_lists, "load_signing_key", lambda settings, role: Ed25519PrivateKey.generate())
    (file,) = lists(nodes, tmp_path, "r-forged", force=fresh())
    with pytest.raises(AuthenticationError):
        compare_nonce_lists(nodes["holder-1"], "r-forged", [file])


def test_no_list_is_written_before_every_wave_is_answered(nodes, tmp_path, monkeypatch):
    monkeypatch.setattr(nonce_lists, "answered_waves", lambda settings, round_id: [1])
    with pytest.raises(RoundError, match="not every wave is answered"):
        write_nonce_list(nodes["force"], "r-early", "holder-1", tmp_path / "early")


def test_hashes_other_than_the_statement_is_of_are_refused(nodes, tmp_path, monkeypatch):
    real = nonce_lists.seal_list
    monkeypatch.setattr(nonce_lists, "seal_list", lambda document, hashes, **terms: real(document, hashes[HASH_BYTES:], **terms))
    (file,) = lists(nodes, tmp_path, "r-short", force=fresh())
    with pytest.raises(SubmissionError, match="not the hashes that its statement is of"):
        compare_nonce_lists(nodes["holder-1"], "r-short", [file])


def test_every_pair_of_lists_is_looked_at():
    same, rest = fresh(2), {name: fresh() for name in "abc"}
    found = shared({name: hashed(own + (same if name in "ac" else []), DIGEST) for name, own in rest.items()})
    assert list(found) == [("a", "c", 2)]
    assert list(shared({"a": b"", "b": hashed(same, DIGEST)})) == []
