"""Founding a linkage, the demo's cast, and the directory it may use."""

import json
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flows.demo.directories import prepare
from flows.demo.founding import ROOTS, found
from flows.demo.plan import custodians
from schemas.agreed import open_agreed
from schemas.agreement import check_may_start
from schemas.errors import AgreementError, AuthenticationError, ConfigurationError
from schemas.roster import Identity, Kind, Organisation, Role
from schemas.signature import SignedDocument, public_text

CAST = {
    "prison-service": (Kind.PRISON_SERVICE, (Role.CUSTODIAN,)),
    "council": (Kind.LOCAL_AUTHORITY, (Role.CUSTODIAN, Role.DESK)),
    "holder-1": (Kind.KEY_HOLDER, (Role.KEY_HOLDER,)),
    "holder-2": (Kind.KEY_HOLDER, (Role.KEY_HOLDER,)),
    "service": (Kind.LINKAGE_SERVICE, (Role.SERVICE, Role.OPERATOR, Role.OPERATOR)),
}


def organisations(**changes):
    return [
        Organisation(
            organisation=name,
            name=name,
            kind=kind,
            controller=name,
            identities=[
                Identity(key_id=f"{name}/{role}-{number}", role=role, signing_key=public_text(Ed25519PrivateKey.generate()))
                for number, role in enumerate(roles)
            ],
        ).model_copy(update=changes.get(name, {}))
        for name, (kind, roles) in CAST.items()
    ]


def founded(people=None, **terms):
    agreed = {"purpose": "offer support", "scope": "demo", "normaliser": "n/1", "normaliser_digest": "0" * 64, "expires_on": "2090-01-01"}
    return found(people or organisations(), **agreed, **terms)


def as_bytes(document):
    return document.model_dump_json().encode()


def opened(founding):
    return open_agreed(as_bytes(founding.roster), as_bytes(founding.agreement), json.dumps(founding.roots).encode())


def test_what_was_founded_is_signed_by_two_of_three_and_may_start():
    founding = founded()
    agreed = opened(founding)
    assert [item.key_id for item in founding.roster.signatures] == list(ROOTS[:2])
    assert set(founding.roots) == set(ROOTS)
    check_may_start(agreed.agreement, agreed.roster, agreed.roster_digest, date(2026, 11, 1))


def test_every_custodian_and_nobody_else_has_a_lawful_basis():
    assert {item.organisation for item in opened(founded()).agreement.lawful_bases} == {"prison-service", "council"}


def test_every_founding_has_root_keys_of_its_own():
    one, other = founded(), founded()
    assert set(one.roots.values()) & set(other.roots.values()) == set()
    mixed = SignedDocument(body=one.roster.body, signatures=other.roster.signatures)
    with pytest.raises(AuthenticationError, match="0 valid signature"):
        open_agreed(as_bytes(mixed), as_bytes(one.agreement), json.dumps(one.roots).encode())


def test_terms_stand_in_place_of_the_defaults():
    assert opened(founded(retention_days=7)).agreement.retention_days == 7


def test_a_roster_that_breaks_a_rule_is_not_signed():
    with pytest.raises(AgreementError, match="shares a controller"):
        founded(organisations(service={"controller": "council"}))


def test_custodians_are_told_by_the_folders_of_a_population(tmp_path):
    for name in ("police-gwent", "truth", "prison-service", "local-authority-W06000015"):
        (tmp_path / name).mkdir()
    (tmp_path / "police-notes.txt").touch()
    found_members = {member.organisation: (member.kind, member.gss_code, member.extract) for member in custodians(tmp_path)}
    assert found_members == {
        "local-authority-w06000015": (Kind.LOCAL_AUTHORITY, "W06000015", "local-authority-W06000015"),
        "police-gwent": (Kind.POLICE, None, "police-gwent"),
        "prison-service": (Kind.PRISON_SERVICE, None, "prison-service"),
    }


def test_every_member_has_a_directory_of_its_own(tmp_path):
    (tmp_path / "police-gwent").mkdir()
    assert [member.directory(tmp_path) for member in custodians(tmp_path)] == [tmp_path / "police-gwent"]


def test_an_earlier_demo_is_replaced(tmp_path):
    out = prepare(tmp_path / "out")
    (out / "old").touch()
    assert [path.name for path in prepare(out).iterdir()] == [".kinlink-demo"]


def test_an_empty_directory_may_be_used(tmp_path):
    assert prepare(tmp_path) == tmp_path.resolve()


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis").touch()
    with pytest.raises(ConfigurationError, match="--out"):
        prepare(tmp_path)
    assert (tmp_path / "thesis").exists()
