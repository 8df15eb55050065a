"""Key files: encrypted under a passphrase from where the settings say, their owner's alone, and refused where they are not."""

import json
import time

import pytest

from flows.command import main
from parties.initialise import init_node, load_agreed
from parties.keys.identity_keys import load_signing_key
from parties.settings import load_settings
from schemas import key_file
from schemas.agreement import Encoding
from schemas.errors import ConfigurationError
from schemas.roster import Role
from tests.passphrases import passphrase_in
from tests.unit.parties.linkage_in_miniature import make_linkage
from validation import keyring as keyrings
from validation.keyring import Keyring, PassphraseReference, check_encrypted, encrypt_all, open_keyring

SECRET = bytes(range(32))
PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def ring(tmp_path):
    (tmp_path / "node" / "keys").mkdir(parents=True)
    return Keyring(tmp_path / "node", passphrase_in(tmp_path))


@pytest.fixture(autouse=True)
def _nothing_was_typed(monkeypatch):
    monkeypatch.setattr(keyrings, "_asked", {})


@pytest.fixture
def terminal(monkeypatch):
    """Return the list of what is typed next, at a terminal."""
    typed = []
    monkeypatch.setattr(keyrings, "is_terminal", lambda: True)
    monkeypatch.setattr(keyrings.getpass, "getpass", lambda _question: typed.pop(0))
    return typed


def test_a_key_is_read_again_and_neither_it_nor_the_passphrase_lies_in_its_file(ring):
    ring.write("custodian.signing", SECRET)
    content = ring.path("custodian.signing").read_bytes()
    assert ring.read("custodian.signing") == SECRET
    assert [form for form in (SECRET, key_file._text(SECRET).encode(), PASSPHRASE.encode()) if form in content] == []
    assert ring.path("custodian.signing").stat().st_mode & 0o777 == 0o600
    assert ring.unencrypted() == []


def test_keys_of_one_node_share_a_salt_and_no_nonce(ring):
    ring.write("one", SECRET)
    ring.write("two", SECRET)
    one, two = (json.loads(ring.path(name).read_bytes()) for name in ("one", "two"))
    assert one["salt"] == two["salt"]
    assert one["nonce"] != two["nonce"]


def test_a_key_file_in_anothers_place_does_not_open(ring):
    ring.write("one", SECRET)
    ring.path("two").write_bytes(ring.path("one").read_bytes().replace(b'"one"', b'"two"'))
    ring.path("two").chmod(0o600)
    ring.path("three").write_bytes(ring.path("one").read_bytes())
    ring.path("three").chmod(0o600)
    for name, text in (("two", "changed"), ("three", "another's")):
        with pytest.raises(ConfigurationError, match=text):
            ring.read(name)


@pytest.mark.parametrize(
    "change", [{"log2_cost": 5}, {"log2_cost": 21}, {"salt": "AAAA"}, {"nonce": "!"}, {"box": ""}, {"format": "2"}, {"more": 1}]
)
def test_a_changed_key_file_is_refused(ring, change):
    ring.write("one", SECRET)
    ring.path("one").write_text(json.dumps(json.loads(ring.path("one").read_bytes()) | change))
    with pytest.raises(ConfigurationError, match="one: "):
        ring.read("one")


def test_another_passphrase_opens_nothing(ring, tmp_path, monkeypatch):
    ring.write("one", SECRET)
    monkeypatch.setenv("KINLINK_TEST_PASSPHRASE", PASSPHRASE + "!")
    with pytest.raises(ConfigurationError, match="another passphrase"):
        Keyring(tmp_path / "node", PassphraseReference(passphrase_variable="KINLINK_TEST_PASSPHRASE")).read("one")
    monkeypatch.setenv("KINLINK_TEST_PASSPHRASE", PASSPHRASE)
    assert Keyring(tmp_path / "node", PassphraseReference(passphrase_variable="KINLINK_TEST_PASSPHRASE")).read("one") == SECRET


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda file: file.unlink(), "cannot be read"),
        (lambda file: file.chmod(0o640), "others may read"),
        (lambda file: file.write_text("too short"), "at least 16"),
    ],
)
def test_a_passphrase_file_that_is_not_as_it_must_be_is_refused(ring, tmp_path, spoil, text):
    ring.write("one", SECRET)
    spoil(tmp_path / "passphrase")
    with pytest.raises(ConfigurationError, match=text):
        ring.read("one")


def test_a_passphrase_beside_the_keys_is_refused(tmp_path):
    passphrase_in(tmp_path / "node")
    with pytest.raises(ConfigurationError, match="outside of the node's directory"):
        init_node(tmp_path / "node", "police", "police-a", "Police A", passphrase=PassphraseReference(passphrase_file="passphrase"))


def test_where_nobody_can_be_asked_the_error_names_the_settings(ring, tmp_path):
    ring.write("one", SECRET)
    with pytest.raises(ConfigurationError, match="passphrase_file"):
        Keyring(tmp_path / "node").read("one")


def test_a_typed_passphrase_is_asked_for_once_in_a_process(tmp_path, terminal):
    terminal += [PASSPHRASE, PASSPHRASE]
    assert main(["party", "init", "--kind", "police", "--dir", str(tmp_path / "force")]) == 0
    settings = load_settings(tmp_path / "force")
    keyrings._asked.clear()  # as a new process
    terminal += [PASSPHRASE]
    load_signing_key(settings, Role.CUSTODIAN)
    load_signing_key(settings, Role.CUSTODIAN)
    assert terminal == []
    assert open_keyring(tmp_path / "force").unencrypted() == []


@pytest.mark.parametrize(("typed", "text"), [(["short"], "at least 16"), ([PASSPHRASE, PASSPHRASE + "x"], "differ")])
def test_a_passphrase_that_is_short_or_mistyped_makes_no_node(tmp_path, terminal, capsys, typed, text):
    terminal += typed
    assert main(["party", "init", "--kind", "police", "--dir", str(tmp_path / "force")]) == ConfigurationError.exit_code
    assert text in capsys.readouterr().err
    assert not (tmp_path / "force").exists()


def test_the_commands_that_make_nodes_take_a_reference_and_never_a_passphrase(tmp_path, capsys):
    passphrase_in(tmp_path)
    file = str(tmp_path / "passphrase")
    for argv in (
        ["party", "init", "--kind", "key-holder", "--dir", str(tmp_path / "holder")],
        ["service", "init", "--dir", str(tmp_path / "service")],
        ["round", "operator", "--dir", str(tmp_path / "alex"), "--name", "operator-1"],
    ):
        assert main([*argv, "--passphrase-file", file]) == 0
        assert open_keyring(tmp_path / argv[argv.index("--dir") + 1]).unencrypted() == []
        assert main([*argv, "--passphrase-variable", PASSPHRASE]) == ConfigurationError.exit_code
        assert main([*argv, "--passphrase-variable", "A", "--passphrase-file", file]) == ConfigurationError.exit_code
    assert PASSPHRASE not in capsys.readouterr().err


def test_a_key_in_the_clear_is_for_development_alone(tmp_path):
    init_node(tmp_path, "police", "police-a", "Police A")
    ring = open_keyring(tmp_path)
    check_encrypted(ring, "development")
    for profile in set(Encoding.model_fields["profile"].annotation.__args__) - {"development"}:
        with pytest.raises(ConfigurationError, match="kinlink keys encrypt"):
            check_encrypted(ring, profile)


def test_a_production_agreement_is_not_worked_under_with_a_key_in_the_clear(tmp_path):
    settings = make_linkage(tmp_path)["police-a"]
    load_agreed(settings)
    ring = open_keyring(settings.directory)
    secret = ring.read("custodian.signing")
    ring.path("custodian.signing").unlink()
    Keyring(settings.directory).write("custodian.signing", secret)
    with pytest.raises(ConfigurationError, match="not encrypted"):
        load_agreed(settings)
    assert main(["doctor", "--dir", str(settings.directory)]) == ConfigurationError.exit_code
    encrypt_all(settings.directory, passphrase_in(tmp_path))
    load_agreed(settings)


def test_keys_made_in_the_clear_are_encrypted_in_place_and_stay_the_same(tmp_path, capsys):
    init_node(tmp_path / "node", "police", "police-a", "Police A")
    before = {name: open_keyring(tmp_path / "node").read(name) for name in open_keyring(tmp_path / "node").names()}
    passphrase_in(tmp_path)
    command = ["keys", "encrypt", "--dir", str(tmp_path / "node"), "--passphrase-file", str(tmp_path / "passphrase"), "--json"]
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["encrypted"] == sorted(before)
    ring = open_keyring(tmp_path / "node")
    assert {name: ring.read(name) for name in ring.names()} == before
    assert ring.unencrypted() == []
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["encrypted"] == []


def test_a_key_added_in_the_clear_is_encrypted_under_the_passphrase_that_the_settings_name(tmp_path):
    init_node(tmp_path / "node", "police", "police-a", "Police A", passphrase=passphrase_in(tmp_path))
    Keyring(tmp_path / "node").write("more", SECRET)
    assert main(["keys", "encrypt", "--dir", str(tmp_path / "node")]) == 0
    assert (open_keyring(tmp_path / "node").unencrypted(), open_keyring(tmp_path / "node").read("more")) == ([], SECRET)


def test_one_key_is_not_encrypted_under_another_passphrase_than_the_rest(ring, tmp_path, monkeypatch):
    (tmp_path / "node" / "settings.json").write_text("{}")
    ring.write("one", SECRET)
    Keyring(tmp_path / "node").write("two", SECRET)
    monkeypatch.setenv("KINLINK_TEST_PASSPHRASE", PASSPHRASE + "!")
    with pytest.raises(ConfigurationError, match="another passphrase"):
        encrypt_all(tmp_path / "node", PassphraseReference(passphrase_variable="KINLINK_TEST_PASSPHRASE"))
    assert ring.unencrypted() == ["two"]


def test_doctor_says_where_a_passphrase_does_not_open_the_keys(tmp_path, capsys):
    init_node(tmp_path / "node", "police", "police-a", "Police A", passphrase=passphrase_in(tmp_path))
    (tmp_path / "passphrase").write_text("another passphrase than that")
    assert main(["doctor", "--dir", str(tmp_path / "node"), "--json"]) == ConfigurationError.exit_code
    assert "another passphrase" in capsys.readouterr().out


def test_stretching_costs_what_it_says():
    began = time.process_time()
    key_file.stretch(PASSPHRASE.encode(), bytes(16), 16)
    assert time.process_time() - began > 0.02
