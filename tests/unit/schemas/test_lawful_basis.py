"""The catalogue of powers, and what a basis must say before a round starts."""

import pytest

from schemas.errors import AgreementError
from schemas.lawful_basis import LEAST_NECESSITY, NATION_OF_CODE, check_basis, conditions, hand_off, powers
from schemas.roster import CUSTODIAN_KINDS, Identity, Kind, Organisation, Role

NOTE = "n" * LEAST_NECESSITY


def organisation(kind=Kind.LOCAL_AUTHORITY, gss_code="E06000001"):
    identity = Identity(key_id="council/custodian", role=Role.CUSTODIAN, signing_key="k")
    return Organisation(organisation="council", name="C", kind=kind, controller="c", gss_code=gss_code, identities=[identity])


def check(made=None, **changes):
    check_basis(made or organisation(), **{"power": "e-safeguard", "basis": "public_task", "necessity": NOTE} | changes)


def test_every_kind_of_custodian_has_a_power_in_each_nation_that_takes_part():
    for nation in NATION_OF_CODE.values():
        kinds = {kind for power in powers().values() if power.nation == nation for kind in power.kinds}
        assert kinds == (set() if hand_off(nation) else set(CUSTODIAN_KINDS)), nation


def test_a_nation_that_takes_no_part_has_words_for_a_hand_off():
    assert [nation for nation in NATION_OF_CODE.values() if hand_off(nation)] == ["scotland", "northern-ireland"]
    assert all("by telephone" in hand_off(nation) for nation in ("scotland", "northern-ireland"))
    with pytest.raises(AgreementError, match="no such nation"):
        hand_off("atlantis")


def test_what_else_must_hold_is_said_once_for_all():
    assert set(conditions()) == {"special_category", "human_rights"}


@pytest.mark.parametrize(
    ("made", "changes", "says"),
    [
        (None, {"power": ""}, "names no power of the catalogue"),
        (None, {"power": "e-invented"}, "names no power of the catalogue"),
        (organisation(Kind.POLICE), {"power": "e-in-need"}, "another kind of organisation"),
        (organisation(gss_code="W06000015"), {}, "another nation"),
        (None, {"power": "w-safeguard"}, "another nation"),
        (None, {"basis": "consent"}, "another basis than its power gives"),
        (None, {"necessity": NOTE[1:]}, "no necessity note of at least 40 characters"),
        (None, {"necessity": " " * 100}, "no necessity note"),
    ],
)
def test_a_basis_that_does_not_hold_is_refused_with_the_rule(made, changes, says):
    check()
    check(organisation(gss_code=None), power="w-safeguard")
    with pytest.raises(AgreementError, match=rf"lawful basis of council .*{says}.*; a round does not start without it"):
        check(made, **changes)
