"""Canonical JSON, signatures, roster, agreement, manifests: what is signed, and what is refused."""

import json
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas import agreed, agreement, roster, signature
from schemas.agreement import SCOPE_ROWS, Agreement, Encoding, LawfulBasis
from schemas.canonical import canonical_json, digest, digest_of, short
from schemas.errors import AgreementError, AuthenticationError
from schemas.roster import Identity, Kind, Organisation, Role, Roster, check_roster, identity_of
from schemas.round_manifest import RoundManifest, round_key_context, share_context
from schemas.signature import SignedDocument, check_signed, check_signed_by, public_text, sign, signed, valid_signers

KEYS = {name: Ed25519PrivateKey.generate() for name in ("one", "two", "three")}
PUBLIC = {name: public_text(key) for name, key in KEYS.items()}
HEX = "0" * 64
LATER = "2090-01-01"


def signed_by(context, body, *names):
    return SignedDocument(body=body, signatures=[sign(KEYS[name], name, context, body) for name in names])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None, "é"]}, '{"a":[true,null,"é"],"b":1}'),
        ([], "[]"),
        ("\n", '"\\n"'),
        (-(2**70), "-1180591620717411303424"),
        ({"": {}}, '{"":{}}'),
    ],
)
def test_values_have_one_byte_encoding(value, text):
    assert canonical_json(value) == text.encode()
    assert json.loads(text) == value


@pytest.mark.parametrize("value", [1.0, float("nan"), {"a": 0.5}, [{1: "key is no text"}], b"bytes", {"a": {1, 2}}, date(2026, 1, 1)])
def test_what_two_machines_may_write_differently_is_refused(value):
    with pytest.raises(AgreementError, match="canonical JSON holds"):
        canonical_json(value)


def test_digests_do_not_depend_on_the_order_of_keys():
    assert digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1}) == digest(b'{"a":1,"b":2}')
    assert short(digest_of({})) == digest_of({})[:12]


def test_a_signature_holds_for_its_context_body_and_key_alone():
    document = signed(KEYS["one"], "one", "roster/1", {"a": 1})
    check_signed_by(document, "roster/1", "one", PUBLIC["one"])
    for context, body, public in (
        ("roster/2", {"a": 1}, PUBLIC["one"]),
        ("roster/1", {"a": 2}, PUBLIC["one"]),
        ("roster/1", {"a": 1}, PUBLIC["two"]),
    ):
        with pytest.raises(AuthenticationError, match="0 valid signature"):
            check_signed_by(document.model_copy(update={"body": body}), context, "one", public)


def test_a_context_cannot_run_into_the_body():
    one = signed(KEYS["one"], "one", "a", {})
    assert valid_signers(one, "a\x00{}", {"one": PUBLIC["one"]}) == set()


def test_a_signer_counts_once_however_often_the_signature_is_there():
    document = signed_by("roster/1", {}, "one", "one")
    with pytest.raises(AuthenticationError, match=r"1 valid signature.* where 2 are needed"):
        check_signed(document, "roster/1", PUBLIC, needed=2)


def test_signatures_of_strangers_and_malformed_ones_do_not_count():
    document = signed_by("roster/1", {}, "one", "two", "three")
    bad = document.signatures[2].model_copy(update={"signature": "no base64!"})
    document = document.model_copy(update={"signatures": [*document.signatures[:2], bad]})
    assert valid_signers(document, "roster/1", {name: PUBLIC[name] for name in ("two", "three")}) == {"two"}
    assert valid_signers(document, "roster/1", {"two": "no key"}) == set()


def test_a_further_signature_does_not_change_the_digest():
    assert signed_by("roster/1", {"a": 1}, "one").digest == signed_by("roster/1", {"a": 1}, "one", "two").digest


def test_a_document_carries_a_bounded_number_of_signatures():
    item = sign(KEYS["one"], "one", "roster/1", {})
    with pytest.raises(ValidationError):
        SignedDocument(body={}, signatures=[item] * (signature.MAX_SIGNATURES + 1))


CAST = [
    ("prison", Kind.PRISON_SERVICE, [Role.CUSTODIAN]),
    ("council", Kind.LOCAL_AUTHORITY, [Role.CUSTODIAN, Role.DESK]),
    ("holder-1", Kind.KEY_HOLDER, [Role.KEY_HOLDER]),
    ("holder-2", Kind.KEY_HOLDER, [Role.KEY_HOLDER]),
    ("service", Kind.LINKAGE_SERVICE, [Role.SERVICE, Role.OPERATOR, Role.OPERATOR]),
]


def organisation(name, kind, roles, **changes):
    identities = [Identity(key_id=f"{name}/{number}", role=role, signing_key=f"{name}-{number}") for number, role in enumerate(roles)]
    return Organisation(**{"organisation": name, "name": name, "kind": kind, "controller": name, "identities": identities, **changes})


def cast(*without, **changes):
    return [organisation(*item, **changes.get(item[0].replace("-", "_"), {})) for item in CAST if item[0] not in without]


def roster_of(organisations):
    return Roster(version=1, expires_on=LATER, organisations=organisations)


def test_a_roster_that_keeps_the_rules_is_accepted():
    check_roster(roster_of(cast()))


@pytest.mark.parametrize(
    ("organisations", "rule"),
    [
        (
            lambda: [*cast(), organisation("prison", Kind.POLICE, [Role.CUSTODIAN], identities=cast()[0].identities)],
            "two organisations have one name",
        ),
        (
            lambda: [*cast(), organisation("force", Kind.POLICE, [Role.CUSTODIAN], identities=cast()[0].identities)],
            "one key stands for two identities",
        ),
        (lambda: cast("service"), "exactly one linkage service"),
        (lambda: [*cast(), organisation("service-2", Kind.LINKAGE_SERVICE, [Role.SERVICE])], "exactly one linkage service"),
        (lambda: cast(service={"identities": cast()[4].identities[:2]}), "two operators"),
        (lambda: cast("holder-2"), "two key holders with different controllers"),
        (lambda: cast(holder_2={"controller": "holder-1"}), "two key holders with different controllers"),
        (lambda: cast(service={"controller": "prison"}), "shares a controller"),
        (lambda: cast(service={"controller": "holder-1"}), "shares a controller"),
        (lambda: [*cast("prison"), organisation("prison", Kind.PRISON_SERVICE, [Role.DESK])], "a role its kind may not have"),
    ],
)
def test_a_roster_that_breaks_a_rule_is_refused_with_the_rule(organisations, rule):
    with pytest.raises(AgreementError, match=rule):
        check_roster(roster_of(organisations()))


def test_the_service_and_the_statistics_office_may_share_a_controller():
    check_roster(roster_of([*cast(), organisation("office", Kind.STATISTICS, [Role.STATISTICIAN], controller="service")]))


def test_a_revoked_identity_is_nobody():
    revoked = [item.model_copy(update={"revoked": True}) for item in cast()[0].identities]
    made = roster_of(cast(prison={"identities": revoked}))
    assert made.identity("prison/0") is None
    assert made.identity("council/1")[1].role is Role.DESK
    with pytest.raises(AgreementError, match="prison has no custodian identity"):
        identity_of(made.get("prison"), Role.CUSTODIAN)


def test_an_unknown_organisation_is_not_in_the_roster():
    with pytest.raises(AgreementError, match="no such organisation"):
        roster_of(cast()).get("nobody")


@pytest.mark.parametrize(
    "change", [{"organisation": "Capital"}, {"organisation": "-dash"}, {"gss_code": "X1"}, {"identities": []}, {"surprise": 1}]
)
def test_a_malformed_organisation_is_refused(change):
    with pytest.raises(ValidationError):
        organisation(*CAST[0], **change)


def encoding(**changes):
    return {"schemas_digest": HEX, "normaliser": "n/1", "normaliser_digest": HEX, **changes}


def agreement_of(made_roster, **changes):
    digest_of_roster = digest_of(made_roster.model_dump(mode="json"))
    bases = [
        LawfulBasis(
            organisation=item.organisation,
            basis="public_task",
            statute="an Act",
            dpia="1",
            power="e-safeguard",
            necessity="to offer support to children with a parent in prison",
            expires_on=LATER,
        )
        for item in made_roster.custodians()
    ]
    fields = {
        "version": 1, "purpose": "offer support", "scope": "s", "roster_digest": digest_of_roster, "expires_on": LATER, "lawful_bases": bases,
        "encoding": encoding(),
    }  # fmt: skip
    return Agreement.model_validate({**fields, **changes})


@pytest.mark.parametrize("change", [{"diffusion": 7}, {"diffusion": 8}, {"diffusion": 10}, {"filter_bits": 512}])
def test_a_production_profile_refuses_weak_encodings(change):
    with pytest.raises(ValidationError, match="odd diffusion"):
        Encoding.model_validate(encoding(**change))
    assert Encoding.model_validate(encoding(**change, profile="development"))


@pytest.mark.parametrize("profile", ["production", "small-scope"])
def test_a_production_profile_refuses_to_send_submissions_as_they_are(profile):
    for step in (0, 49):
        with pytest.raises(ValidationError, match="pads submissions, in steps of at least 50 per mille"):
            agreement_of(roster_of(cast()), encoding=encoding(profile=profile), padding={"step_per_mille": step})
        agreement_of(roster_of(cast()), encoding=encoding(profile="development"), padding={"step_per_mille": step})
    assert agreement_of(roster_of(cast()), encoding=encoding(profile=profile), padding={"step_per_mille": 50}).padded(1) == 64


@given(rows=st.integers(0, SCOPE_ROWS), step=st.integers(50, 1_000), smallest=st.integers(1, 100_000))
def test_a_padded_pool_has_room_costs_at_most_a_step_and_has_one_of_few_sizes(rows, step, smallest):
    made = agreement_of(roster_of(cast()), padding={"step_per_mille": step, "smallest_rows": smallest})
    size = made.padded(rows)
    assert rows <= size <= min(SCOPE_ROWS, max(smallest, rows * (1_000 + step) / 1_000 + 1))
    assert made.padded(size) == size  # so whoever looks at sizes alone accepts it
    assert made.padded(max(rows - 1, 0)) in {size, rows - 1}


@pytest.mark.parametrize("diffusion", [9, 11, 13])
def test_a_production_profile_accepts_an_odd_t_of_nine_or_more(diffusion):
    assert Encoding.model_validate(encoding(diffusion=diffusion)).profile == "production"


@pytest.mark.parametrize(
    "change", [{"retention_days": 0}, {"quarantine_per_mille": 1_001}, {"scope": "Scope"}, {"search": {"cut_per_mille": 499}}]
)
def test_an_agreement_out_of_bounds_is_refused(change):
    with pytest.raises(ValidationError):
        agreement_of(roster_of(cast()), **change)


def start(on=date(2026, 11, 1), roster_change=None, **changes):
    made = roster_of(cast()).model_copy(update=roster_change or {})
    agreement.check_may_start(agreement_of(made, **changes), made, digest_of(made.model_dump(mode="json")), on)


def test_a_round_may_start_until_the_last_day():
    start()
    start(on=date(2090, 1, 1))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"roster_digest": HEX}, "agreement names roster 000000000000, this node has"),
        ({"expires_on": "2026-10-31"}, "agreement expired on 2026-10-31"),
        ({"roster_change": {"expires_on": "2026-10-31"}}, "roster expired on 2026-10-31"),
        ({"lawful_bases": []}, "the lawful basis of prison is missing"),
    ],
)
def test_a_round_does_not_start_where_something_has_expired_or_differs(changes, said):
    with pytest.raises(AgreementError, match=said):
        start(**changes)


def test_a_round_does_not_start_on_an_expired_basis():
    bases = [item.model_copy(update={"expires_on": "2026-10-31"}) for item in agreement_of(roster_of(cast())).lawful_bases]
    with pytest.raises(AgreementError, match=r"the lawful basis of prison expired on 2026-10-31.*a round does not start without it"):
        start(lawful_bases=bases)


def documents(*signers, **changes):
    """Return the three files of a roster and an agreement."""
    made = roster_of(cast())
    roster_document = signed_by(roster.CONTEXT, made.model_dump(mode="json"), *signers)
    agreement_document = signed_by(agreement.CONTEXT, agreement_of(made, **changes).model_dump(mode="json"), *signers)
    return roster_document.model_dump_json().encode(), agreement_document.model_dump_json().encode(), json.dumps(PUBLIC).encode()


def test_what_two_roots_signed_is_opened():
    opened = agreed.open_agreed(*documents("one", "three"))
    assert opened.agreement.roster_digest == opened.roster_digest
    assert len(opened.roster.organisations) == len(CAST)


@pytest.mark.parametrize("signers", [(), ("one",), ("one", "one")])
def test_fewer_than_two_roots_are_too_few(signers):
    with pytest.raises(AuthenticationError, match="where 2 are needed"):
        agreed.open_agreed(*documents(*signers))


def test_an_agreement_of_another_roster_is_refused_with_both_short_digests():
    with pytest.raises(AgreementError, match=r"names roster 0{12}, roster\.json is [0-9a-f]{12};"):
        agreed.open_agreed(*documents("one", "two", roster_digest=HEX))


@pytest.mark.parametrize(("place", "name"), [(0, "roster.json"), (1, "agreement.json"), (2, "roots.json")])
@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"one": 1}'])
def test_a_file_that_is_none_is_named_and_not_quoted(place, name, content):
    files = list(documents("one", "two"))
    files[place] = content
    with pytest.raises(AgreementError, match=name):
        agreed.open_agreed(*files)


@pytest.mark.parametrize(("module", "place"), [(roster, 0), (agreement, 1)])
def test_a_malformed_body_is_named_by_its_place_and_not_quoted(module, place):
    files = list(documents("one", "two"))
    body = json.loads(files[place])["body"]
    body["version"] = "Qzxmarker"
    files[place] = signed_by(module.CONTEXT, body, "one", "two").model_dump_json().encode()
    with pytest.raises(AgreementError, match="malformed at version") as raised:
        agreed.open_agreed(*files)
    assert "Qzxmarker" not in str(raised.value)


MANIFEST = {
    "round_id": "r-2026-11", "roster_digest": HEX, "agreement_digest": HEX, "purpose": "offer support", "scope": "s",
    "opens_at": "2026-11-01T00:00:00Z", "closes_at": "2026-11-08T00:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"round_id": "R"},
        {"round_id": "a" * 42},
        {"round_id": "../up"},
        {"opens_at": "2026-11-01"},
        {"closes_at": "2026-11-01T00:00:00+01:00"},
        {"x": 1},
    ],
)
def test_a_malformed_round_is_refused(change):
    assert RoundManifest.model_validate(MANIFEST)
    with pytest.raises(ValidationError):
        RoundManifest.model_validate({**MANIFEST, **change})


def test_contexts_name_what_they_are_for():
    assert share_context("d", "holder", "prison") != share_context("d", "prison", "holder")
    assert round_key_context("a", "b") != round_key_context("b", "a")


def test_a_round_does_not_start_where_one_custodian_says_not_why_it_takes_part():
    bases = agreement_of(roster_of(cast())).lawful_bases
    start(lawful_bases=bases)
    with pytest.raises(AgreementError, match=f"the lawful basis of {bases[-1].organisation} has no necessity note"):
        start(lawful_bases=[*bases[:-1], bases[-1].model_copy(update={"necessity": " " * 80})])
