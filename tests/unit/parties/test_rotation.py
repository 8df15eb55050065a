"""Keys replaced in the middle of a round, over the real service: old and new hold together, nothing is lost, then the old ones go."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from linkage_in_miniature import NODES, ROOTS, make_linkage, open_round, running_service

from linkage.initialise import install as install_service
from parties.client import ServiceClient
from parties.initialise import install, load_agreed
from parties.keyholder import issue_shares
from parties.keys.identity_keys import key_id, load_sealing_key
from parties.keys.rotating import KEY_DAYS, read_entry, rotate, take_up_keys, waiting, worn
from parties.settings import load_settings
from parties.submission.submit import submit
from schemas.agreed import AGREEMENT_FILE, ROOTS_FILE, ROSTER_FILE, TRUST_FILE
from schemas.errors import AgreementError, AuthenticationError, RoundError, SealError
from schemas.roster import CONTEXT as ROSTER_CONTEXT
from schemas.roster import Role, Roster, check_continues, identity_of, keys_of, own_keys
from schemas.sealed import SealingKey, SealingKeys, seal
from schemas.signature import SignedDocument, sign

ROUND = "r-1"
ROTATING = ("police-a", "authority-a", "holder-2")
SERVICE_SIDE = ("service", "operator-1", "operator-2")


def documents(directory):
    roster, agreement = (SignedDocument.model_validate_json((directory / name).read_bytes()) for name in (ROSTER_FILE, AGREEMENT_FILE))
    return roster, agreement, json.loads((directory / ROOTS_FILE).read_bytes())


def next_roster(directory, **changes):
    """Return the next roster as two of three roots sign it: the installed one, with what every node's identity.json says now."""
    roster = documents(directory / "service")[0]
    entries = {name: read_entry(load_settings(directory / name)) for name in NODES}
    before = Roster.model_validate(roster.body)
    organisations = [
        item.model_copy(update={"identities": entries[item.organisation].identities}) if item.organisation in entries else item
        for item in before.organisations
    ]
    after = before.model_copy(
        update={"version": before.version + 1, "organisations": organisations, "continues": [roster.digest, *before.continues], **changes}
    )
    body = after.model_dump(mode="json")
    return SignedDocument(body=body, signatures=[sign(key, name, ROSTER_CONTEXT, body) for name, key in list(ROOTS.items())[:2]])


def install_everywhere(directory, roster, *, at):
    for place in at:
        _, agreement, roots = documents(directory / place)
        if place in SERVICE_SIDE:
            install_service(directory / place, roster, agreement, roots)
        else:
            install(directory / place, roster, agreement, roots, (directory / place / TRUST_FILE).read_bytes())


def key_files(directory, node):
    return {path.name for path in (directory / node / "keys").iterdir()}


@pytest.mark.slow
def test_keys_are_replaced_in_the_middle_of_a_round_and_nothing_is_lost(tmp_path):
    nodes = make_linkage(tmp_path)
    with running_service(tmp_path):
        open_round(tmp_path, ROUND)
        issue_shares(nodes["holder-1"], ROUND)  # sealed to the keys of before
        with pytest.raises(RoundError, match="holder-2"):
            submit(nodes["police-a"], ROUND)
        made = {name: rotate(nodes[name]) for name in ROTATING}
        assert {name: rotate(nodes[name]) for name in ROTATING} == made  # safe to repeat
        assert waiting(nodes["police-a"]) == ["police-a/custodian-2"]
        assert key_id(load_settings(tmp_path / "police-a"), Role.CUSTODIAN) == "police-a/custodian"
        roster = next_roster(tmp_path)
        install_everywhere(tmp_path, roster, at=SERVICE_SIDE)
    with running_service(tmp_path):
        with ServiceClient(nodes["police-a"], Role.CUSTODIAN) as old:
            assert old.get(f"/v1/rounds/{ROUND}").is_success  # who has not installed it yet goes on as before
        install_everywhere(tmp_path, roster, at=("holder-2",))
        assert issue_shares(load_settings(tmp_path / "holder-2"), ROUND) == 3  # sealed to the keys of now, signed with a new one
        with pytest.raises(AuthenticationError):
            submit(nodes["police-a"], ROUND)
        install_everywhere(tmp_path, roster, at=[name for name in NODES if name != "holder-2"])
        now = {name: load_settings(tmp_path / name) for name in NODES}
        assert [key_id(now[name], Role.CUSTODIAN) for name in ("prison", "police-a")] == ["prison/custodian", "police-a/custodian-2"]
        assert load_agreed(now["prison"]).agreement.roster_digest != roster.digest == load_agreed(now["prison"]).roster_digest
        for name in ("prison", "police-a", "authority-a"):
            assert submit(now[name], ROUND).round_id == ROUND
        open_round(tmp_path, "r-2")  # under the new roster and the same agreement
        last = retired(tmp_path)
        install_everywhere(tmp_path, last, at=SERVICE_SIDE)
        assert key_files(tmp_path, "police-a") == {
            "local.secret",
            *(f"custodian{n}.{use}" for n in ("", "-2") for use in ("signing", "sealing")),
        }
    with running_service(tmp_path):
        with ServiceClient(nodes["police-a"], Role.CUSTODIAN) as old, pytest.raises(AuthenticationError, match="not in the roster"):
            old.get("/v1/rounds")  # signed with the key that is listed no more
        install_everywhere(tmp_path, last, at=("police-a",))
        assert key_files(tmp_path, "police-a") == {"local.secret", "custodian-2.signing", "custodian-2.sealing", "custodian.sealing"}
        assert submit(load_settings(tmp_path / "police-a"), ROUND).again  # its shares are sealed to the key of before
    take_up_keys(load_settings(tmp_path / "police-a"), Roster.model_validate(last.body).model_copy(update={"continues": []}))
    assert key_files(tmp_path, "police-a") == {"local.secret", "custodian-2.signing", "custodian-2.sealing"}
    assert rotate(load_settings(tmp_path / "police-a")).identities[-1].key_id == "police-a/custodian-3"


def retired(directory):
    """Return the roster after next: keys that others replace are in it no more."""
    roster = next_roster(directory)
    after = Roster.model_validate(roster.body)
    kept = [
        item.model_copy(
            update={"identities": [key for key in item.identities if key.key_id not in {other.replaces for other in item.identities}]}
        )
        for item in after.organisations
    ]
    return next_roster(directory, organisations=kept)


def test_a_roster_that_continues_another_changes_keys_alone(tmp_path):
    make_linkage(tmp_path)
    earlier = documents(tmp_path / "service")[0]
    before = Roster.model_validate(earlier.body)
    fine = Roster.model_validate(next_roster(tmp_path).body)
    check_continues(fine, before, earlier.digest)
    first, *others = fine.organisations
    swapped = others[0].identities[0].model_copy(update={"signing_key": others[1].identities[0].signing_key})
    for changes in (
        {"version": 1},
        {"organisations": others},
        {"organisations": [first.model_copy(update={"controller": "another"}), *others]},
        {"organisations": [first, others[0].model_copy(update={"identities": [swapped]}), *others[1:]]},
    ):
        with pytest.raises(AgreementError, match="more than its keys"):
            check_continues(fine.model_copy(update=changes), before, earlier.digest)
        check_continues(fine.model_copy(update={**changes, "continues": []}), before, earlier.digest)  # a new linkage may be anything
    with pytest.raises(AgreementError, match="more than its keys"):
        install_everywhere(tmp_path, next_roster(tmp_path, version=1), at=("police-a",))
    with pytest.raises(AgreementError, match="more than its keys"):
        install_everywhere(tmp_path, next_roster(tmp_path, version=1), at=("operator-1",))


def test_a_key_replaces_none_of_another_role_and_no_operators(tmp_path):
    make_linkage(tmp_path)
    for place, replaced, rule in (
        ("police-a", "authority-a/custodian", "another organisation or role"),
        ("linkage", "linkage/operator-2", "twice"),
    ):
        roster = Roster.model_validate(documents(tmp_path / "service")[0].body)
        organisations = [
            item.model_copy(update={"identities": [*item.identities[:-1], item.identities[-1].model_copy(update={"replaces": replaced})]})
            if item.organisation == place
            else item
            for item in roster.organisations
        ]
        with pytest.raises(AgreementError, match=rule):
            install_everywhere(tmp_path, next_roster(tmp_path, organisations=organisations), at=("prison",))


def test_what_was_sealed_before_a_key_changed_still_opens_and_what_is_anothers_does_not():
    old, new, other = SealingKey.generate(), SealingKey.generate(), SealingKey.generate()
    keys = SealingKeys([new, old])
    for key in (old, new):
        assert keys.open(seal(b"share", key.public_text(), "here"), "here") == b"share"
    for wrong in (seal(b"share", other.public_text(), "here"), seal(b"share", old.public_text(), "there"), b""):
        with pytest.raises(SealError):
            keys.open(wrong, "here")
    assert repr(keys) == "SealingKeys(…)"


def test_a_replaced_key_is_not_the_one_to_seal_to(tmp_path):
    nodes = make_linkage(tmp_path)
    entry = rotate(nodes["authority-a"])
    for role in (Role.CUSTODIAN, Role.DESK):
        assert identity_of(entry, role).key_id == f"authority-a/{role}-2"
        sealed = seal(b"token", identity_of(entry, role).sealing_key, "here")
        assert load_sealing_key(nodes["authority-a"], role).open(sealed, "here") == b"token"  # before the roster is installed


def test_a_key_is_worn_after_its_days(tmp_path):
    nodes, today = make_linkage(tmp_path), datetime.now(UTC).date()
    assert worn(nodes["police-a"], today + timedelta(days=KEY_DAYS)) == []
    assert worn(nodes["police-a"], today + timedelta(days=KEY_DAYS + 2)) == ["police-a/custodian"]


def test_what_was_signed_before_a_key_changed_is_still_its_signers(tmp_path):
    nodes = make_linkage(tmp_path)
    entry = rotate(nodes["police-a"])
    public = {item.key_id: item.signing_key for item in entry.identities}
    for name in public:
        assert own_keys(entry, name) == keys_of(entry, Role.CUSTODIAN) == public
    old = entry.identities[0].model_copy(update={"revoked": True})
    revoked = entry.model_copy(update={"identities": [old, entry.identities[1]]})
    assert list(own_keys(revoked, "police-a/custodian-2")) == ["police-a/custodian-2"]
    assert own_keys(revoked, old.key_id) == {entry.identities[1].key_id: entry.identities[1].signing_key}
    service = Roster.model_validate(documents(tmp_path / "service")[0].body).service()
    assert list(own_keys(service, "linkage/operator-1")) == ["linkage/operator-1"]  # one operator's signature is not another's
