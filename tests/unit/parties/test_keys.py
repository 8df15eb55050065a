"""Shares, round keys and key files: what is accepted, and what is refused."""

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties.initialise import init_node
from parties.keys.identity_keys import load_local_secret, load_sealing_key, load_signing_key
from parties.keys.round_key import open_shares, round_key
from parties.keys.shares import open_share, seal_share
from parties.settings import load_settings
from schemas.canonical import digest_of
from schemas.errors import AuthenticationError, ConfigurationError, RoundError, SealError
from schemas.roster import Identity, Kind, Organisation, Role, Roster
from schemas.round_manifest import RoundManifest
from schemas.sealed import SealingKey, seal
from schemas.signature import public_text

DIGEST, OTHER_DIGEST = "ab" * 32, "cd" * 32
HOLDERS = ("holder-1", "holder-2")
KEYS = {name: Ed25519PrivateKey.generate() for name in (*HOLDERS, "police-a", "police-b")}
SEALING = {name: SealingKey.generate() for name in ("police-a", "police-b")}
SHARES = {name: secrets.token_bytes(32) for name in HOLDERS}
MANIFEST = RoundManifest(
    round_id="round-1", roster_digest=DIGEST, agreement_digest=DIGEST, purpose="test", scope="test",
    opens_at="2026-01-01T00:00:00Z", closes_at="2026-01-08T00:00:00Z",
)  # fmt: skip


def organisation(name, kind, role):
    sealing = SEALING[name].public_text() if name in SEALING else None
    identity = Identity(key_id=f"{name}/{role}", role=role, signing_key=public_text(KEYS[name]), sealing_key=sealing)
    return Organisation(organisation=name, name=name, kind=kind, controller=name, identities=[identity])


HOLDER = organisation("holder-1", Kind.KEY_HOLDER, Role.KEY_HOLDER)
POLICE, OTHER_POLICE = (organisation(name, Kind.POLICE, Role.CUSTODIAN) for name in SEALING)
ROSTER = Roster(
    version=1, expires_on="2090-01-01", organisations=[HOLDER, organisation("holder-2", Kind.KEY_HOLDER, Role.KEY_HOLDER), POLICE]
)


def sealed(share=SHARES["holder-1"], *, digest=DIGEST, key=KEYS["holder-1"], recipient=POLICE, holder=HOLDER):
    return seal_share(share, digest, holder, (f"{holder.organisation}/{Role.KEY_HOLDER}", key), recipient)


def opened(envelope, *, digest=DIGEST, recipient="police-a", key=SEALING["police-a"]):
    return open_share(envelope, digest, HOLDER, recipient, key)


def test_a_recipient_opens_what_the_holder_sealed():
    assert opened(sealed()) == SHARES["holder-1"]


def test_nobody_else_opens_it():
    with pytest.raises(SealError):
        opened(sealed(), key=SEALING["police-b"])


def test_it_opens_in_no_other_round():
    with pytest.raises(SealError):
        opened(sealed(), digest=OTHER_DIGEST)


def test_a_share_that_the_holder_did_not_sign_is_refused():
    with pytest.raises(AuthenticationError):
        opened(sealed(key=KEYS["holder-2"]))


@pytest.mark.parametrize("weak", [bytes(32), b"\x01\x02" * 16, bytes(range(31)), bytes(range(33)), b""])
def test_a_weak_share_is_refused(weak):
    with pytest.raises(RoundError, match="weak"):
        opened(sealed(weak))
    with pytest.raises(RoundError):
        round_key({**SHARES, "holder-2": weak}, MANIFEST, DIGEST)


def test_every_holder_in_the_roster_must_have_sent_a_share():
    with pytest.raises(RoundError, match="holder-2"):
        open_shares({"holder-1": sealed()}, ROSTER, DIGEST, "police-a", SEALING["police-a"])


def test_one_holder_is_not_enough():
    with pytest.raises(RoundError, match="1 share"):
        round_key({"holder-1": SHARES["holder-1"]}, MANIFEST, DIGEST)


def test_the_same_share_twice_is_refused():
    with pytest.raises(RoundError, match="same share"):
        round_key(dict.fromkeys(HOLDERS, SHARES["holder-1"]), MANIFEST, DIGEST)


def test_the_round_key_depends_on_everything_that_was_agreed_and_on_no_order():
    key = round_key(SHARES, MANIFEST, DIGEST)
    assert len(key) == 32
    assert key == round_key(dict(reversed(SHARES.items())), MANIFEST, DIGEST)
    others = [
        round_key(SHARES, MANIFEST, OTHER_DIGEST),
        round_key(SHARES, MANIFEST.model_copy(update={"scope": "other"}), DIGEST),
        round_key(SHARES, MANIFEST.model_copy(update={"purpose": "other"}), DIGEST),
        round_key({**SHARES, "holder-2": secrets.token_bytes(32)}, MANIFEST, DIGEST),
    ]
    assert len({key, *others}) == 5


@pytest.mark.parametrize("field", sorted(RoundManifest.model_fields))
def test_any_change_of_the_manifest_changes_the_round_key(field):
    value = getattr(MANIFEST, field)
    changed = MANIFEST.model_copy(update={field: value[:-1] + ("1" if value[-1] != "1" else "2")})
    keys = {round_key(SHARES, manifest, digest_of(manifest.model_dump())) for manifest in (MANIFEST, changed)}
    assert len(keys) == 2


def test_scopes_of_one_purpose_have_keys_that_tell_nothing_of_each_other():
    """The shares, too, are of one manifest: a holder's share for one scope opens in no other."""
    digests = {scope: digest_of(MANIFEST.model_copy(update={"scope": scope}).model_dump()) for scope in ("north", "south")}
    with pytest.raises(SealError):
        opened(sealed(digest=digests["north"]), digest=digests["south"])


def test_a_new_node_has_private_keys_of_its_own(tmp_path):
    entry = init_node(tmp_path / "node", "local-authority", "authority-a", "Authority A", gss_code="W06000015")
    settings = load_settings(tmp_path / "node")
    assert [item.role for item in entry.identities] == [Role.CUSTODIAN, Role.DESK]
    for item in entry.identities:
        assert public_text(load_signing_key(settings, item.role)) == item.signing_key
        assert load_sealing_key(settings, item.role).open(seal(b"share", item.sealing_key, "here"), "here") == b"share"
    assert len(load_local_secret(settings)) == 32
    assert settings.directory.stat().st_mode & 0o777 == 0o700
    files = [*settings.path("keys").iterdir(), settings.path("node.sqlite")]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_node_is_not_made_twice(tmp_path):
    init_node(tmp_path, "police", "police-a", "Police A")
    with pytest.raises(ConfigurationError, match="already"):
        init_node(tmp_path, "police", "police-a", "Police A")


@pytest.mark.parametrize("bad", [{"organisation": "Police A"}, {"gss_code": "nowhere"}])
def test_a_node_that_no_roster_could_list_is_not_made(tmp_path, bad):
    with pytest.raises(ConfigurationError, match="as rosters need it"):
        init_node(tmp_path / "node", "police", **{"organisation": "police-a", "name": "Police A", **bad})
    assert not (tmp_path / "node").exists()


@pytest.mark.parametrize(
    ("fault", "text"),
    [(lambda path: path.unlink(), "no such key"), (lambda path: path.chmod(0o644), "others may read"), (lambda path: path.write_text("!"), "not a key"),
     (lambda path: path.write_text("AAAA"), "not a key")],
    ids=["missing", "readable", "not base64", "short"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("file", "load"),
    [
        ("custodian.signing", lambda settings: load_signing_key(settings, Role.CUSTODIAN)),
        ("custodian.sealing", lambda settings: load_sealing_key(settings, Role.CUSTODIAN)),
        ("local.secret", load_local_secret),
    ],
)
def test_a_key_file_that_is_not_as_it_must_be_is_refused(tmp_path, file, load, fault, text):
    init_node(tmp_path, "police", "police-a", "Police A")
    fault(tmp_path / "keys" / file)
    with pytest.raises(ConfigurationError, match=text):
        load(load_settings(tmp_path))
