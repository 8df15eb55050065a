"""An authority's desk apart from the node that submits: the map goes over sealed, and neither side can do the other's work."""

import json
import sqlite3

import pytest
import test_referrals_collect as desk
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parties.client import ServiceClient
from parties.desk_map import keep_map, map_files
from parties.initialise import init_desk, init_node, install
from parties.keys.identity_keys import key_id, keyring, load_local_secret
from parties.questions.answers import take_answers
from parties.questions.fetching import fetch_questions
from parties.questions.kept import read_answers
from parties.referrals.collect import collect
from parties.rounds import Round
from parties.settings import load_settings
from parties.submission.parts import Scope
from schemas import agreement, roster, round_manifest
from schemas.errors import AgreementError, AuthenticationError, ConfigurationError, SealError, SubmissionError
from schemas.roster import Kind, Role, desk_keys
from schemas.round_manifest import RoundManifest
from schemas.sealed import OVERHEAD, seal_to_each
from schemas.signature import public_text, signed
from schemas.token import TOKEN_BODY_BYTES, TokenBody, token_context, write_token
from tests.passphrases import passphrase_in

ROUND, NAME = desk.ROUND, "northshire"
PEOPLE = {"adults": [(b"\x07" * 16, "K-1")], "children": [(person, record) for record, person in desk.PERSONS.items()]}
DESKS = ("desk", "deputy")


class Authority:
    """An authority of three directories (node, desk, deputy), another of one, and the service as they see it."""

    def __init__(self, directory):
        self.directory = directory
        roots = {name: Ed25519PrivateKey.generate() for name in ("root/one", "root/two")}
        operator, options = Ed25519PrivateKey.generate(), {"passphrase": passphrase_in(directory)}
        node = init_node(directory / "node", "local-authority", NAME, "Northshire", gss_code="E10000001", desk_apart=True, **options)
        desks = [init_desk(directory / name, NAME, deputy=name == "deputy", **options) for name in DESKS]
        self.own = node.model_copy(update={"identities": [*node.identities, *desks]})
        self.other = init_node(directory / "south", "local-authority", "southshire", "Southshire", gss_code="E10000002", **options)
        holders = [init_node(directory / name, "key-holder", name, name, **options) for name in ("holder-one", "holder-two")]
        service = {
            "organisation": "service", "name": "Service", "kind": "linkage-service", "controller": "service",
            "identities": [
                {"key_id": f"service/{name}", "role": role, "signing_key": public_text(key)}
                for name, role, key in (("one", "operator", operator), ("two", "operator", Ed25519PrivateKey.generate()), ("service", "service", Ed25519PrivateKey.generate()))
            ],
        }  # fmt: skip
        names = [*(item.model_dump() for item in (self.own, self.other, *holders)), service]
        listed = desk.by_all(roots, roster.CONTEXT, {"version": 1, "expires_on": "2099-01-01", "organisations": names})
        agreed = desk.by_all(
            roots,
            agreement.CONTEXT,
            {
                "version": 1, "purpose": "support", "scope": "test", "roster_digest": listed.digest, "expires_on": "2099-01-01",
                "lawful_bases": [], "encoding": {"schemas_digest": "0" * 64, "normaliser": "n/1", "normaliser_digest": "0" * 64},
            },
        )  # fmt: skip
        for name in ("node", *DESKS, "south"):
            install(directory / name, listed, agreed, {key_id: public_text(key) for key_id, key in roots.items()}, b"")
        self.manifest = {
            "round_id": ROUND, "roster_digest": listed.digest, "agreement_digest": agreed.digest, "purpose": "support",
            "scope": "test", "opens_at": "2026-09-07T00:00:00Z", "closes_at": "2026-09-14T00:00:00Z",
        }  # fmt: skip
        self.service = desk.Service(signed(operator, "service/one", round_manifest.CONTEXT, self.manifest))
        for name in DESKS:
            for file, text in (("children", desk.CHILDREN), ("directory", desk.DIRECTORY)):
                self.settings(name).path("extract", f"{file}.csv").write_text(text, encoding="utf-8")

    def settings(self, name):
        return load_settings(self.directory / name)

    def keep(self, name="node", people=PEOPLE, digest=None):
        """Keep the map as a submission does; return its file, if there is one."""
        settings = self.settings(name)
        found = Round(RoundManifest.model_validate(self.manifest), digest or self.service.manifest.digest, "open")
        keep_map(settings, Scope(Kind.LOCAL_AUTHORITY, settings.organisation, found, bytes(32), load_local_secret(settings)), people)
        return sorted(map_files(settings, ROUND))

    def carry(self, files, *names):
        for name in names or DESKS:
            for file in files:
                self.settings(name).path("maps", file.name).write_bytes(file.read_bytes())

    def envelope(self, child):
        """Seal a child's token to every key of the desk, as the service does."""
        body = TokenBody(token=desk.PERSONS[child].hex() * 2, round_id=ROUND, authority=NAME, child=desk.PERSONS[child].hex(), own_carer="07" * 16, grade="A", expires_at="2099-01-01T00:00:00Z")  # fmt: skip
        sealed = seal_to_each(write_token(body), desk_keys(self.own), token_context(self.service.manifest.digest, NAME))
        self.service.envelopes[desk.minted_id(ROUND, NAME, body.child)] = sealed
        return sealed

    def collect(self, name):
        settings = self.settings(name)
        return collect(settings, ROUND, client=desk.client(settings, self.service))


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


def rows(settings):
    with sqlite3.connect(settings.path("node.sqlite")) as connection:
        return connection.execute("SELECT population, record_id FROM person").fetchall()


def test_the_node_keeps_no_map_that_it_can_read_and_the_desk_gets_it_whole(authority):
    files = authority.keep()
    node, holder = authority.settings("node"), authority.settings("desk")
    content = b"".join(path.read_bytes() for path in node.directory.rglob("*") if path.is_file())
    assert not [word for word in ("C-1", "K-1", *(item.hex() for item in desk.PERSONS.values())) if word.encode() in content]
    assert rows(node) == []
    authority.carry(files)
    authority.envelope("C-1")
    assert authority.collect("desk").written == 1
    assert sorted(rows(holder)) == [("adults", "K-1"), ("children", "C-1"), ("children", "C-2"), ("children", "C-3")]
    assert list(map_files(holder, ROUND)) == []  # taken


def test_the_deputy_opens_what_the_holder_could_and_an_envelope_grows_by_one_for_each(authority):
    sealed = authority.envelope("C-2")
    assert len(sealed) == 2 * (TOKEN_BODY_BYTES + OVERHEAD)
    authority.carry(authority.keep())
    assert authority.collect("deputy").written == 1
    problems = authority.collect("desk").problems
    assert len(problems) == 1
    assert "already redeemed" in problems[0]
    assert {key_id(authority.settings(name), Role.DESK) for name in DESKS} == {f"{NAME}/desk", f"{NAME}/deputy-desk"}


def test_without_the_map_nothing_is_redeemed_and_nothing_is_lost(authority):
    authority.envelope("C-1")
    assert "not on this node's record" in authority.collect("desk").problems[0]
    assert authority.service.redeemed == {}
    authority.carry(authority.keep())
    assert authority.collect("desk").written == 1


def test_a_map_is_the_same_file_for_the_same_people_and_another_for_others(authority):
    once = authority.keep()
    before = once[0].read_bytes()
    assert (authority.keep(), once[0].read_bytes()) == (once, before)
    assert len(authority.keep(people={**PEOPLE, "adults": []})) == 2  # either submission may be the one that is accepted


@pytest.mark.slow
def test_a_map_of_many_people_goes_over_in_parts(authority):
    many = [(number.to_bytes(16, "big"), f"C-{number}{'x' * 190}") for number in range(400)]
    authority.carry(authority.keep(people={"children": many}))
    authority.collect("desk")
    assert sorted(rows(authority.settings("desk"))) == sorted(("children", record) for _, record in many)


def test_another_authoritys_round_s_or_forged_map_is_refused_and_stays(authority):
    file = authority.keep()[0]
    document = json.loads(file.read_bytes())
    swapped = {**document, "body": {**document["body"], "parts": [*document["body"]["parts"][::-1], "AAAA"]}}
    for content, error, words in (
        (json.dumps(swapped).encode(), AuthenticationError, "signature"),
        (b"{}", SubmissionError, "no map"),
        (file.read_bytes()[:-40], SubmissionError, "no map"),
        (json.dumps({**document, "body": []}).encode(), SubmissionError, "no map"),
    ):
        path = authority.settings("desk").path("maps", file.name)
        path.write_bytes(content)
        with pytest.raises(error, match=words):
            authority.collect("desk")
        assert path.read_bytes() == content
    file.unlink()
    elsewhere = authority.keep(digest="0" * 64)
    authority.carry(elsewhere)
    with pytest.raises(SubmissionError, match="of another round or authority"):
        authority.collect("desk")
    assert rows(authority.settings("desk")) == []


def test_a_map_sealed_to_other_desks_does_not_open(authority):
    file = authority.keep()[0]
    stranger = init_desk(authority.directory / "stranger", NAME, passphrase=passphrase_in(authority.directory))
    holder = authority.settings("desk")
    holder.path("keys", "desk.sealing").unlink()
    keyring(holder).write("desk.sealing", keyring(load_settings(authority.directory / "stranger")).read("desk.sealing"))
    assert stranger.key_id == f"{NAME}/desk"
    authority.carry([file], "desk")
    with pytest.raises(SealError):
        authority.collect("desk")


def test_a_node_whose_desk_is_apart_neither_collects_nor_fetches_questions(authority):
    node = authority.settings("node")
    with pytest.raises(ConfigurationError, match="its desk has a directory of its own"):
        collect(node, ROUND)
    with pytest.raises(ConfigurationError, match="its desk has a directory of its own"):
        fetch_questions(node, ROUND)
    assert not [path for path in node.path("keys").iterdir() if path.name.startswith("desk")]
    assert not [path for name in DESKS for path in authority.settings(name).path("keys").iterdir() if not path.name.startswith("desk")]


def test_a_desk_cannot_submit(authority):
    with (
        pytest.raises(ConfigurationError, match=r"custodian\.signing"),
        ServiceClient(authority.settings("desk"), Role.CUSTODIAN) as client,
    ):
        client.get("/v1/rounds")


def test_an_authority_without_a_desk_on_the_roster_seals_nothing(authority):
    bare = replace_desks(authority.own)
    with pytest.raises(AgreementError, match="no desk identity"):
        desk_keys(bare)


def replace_desks(organisation):
    return organisation.model_copy(update={"identities": [item for item in organisation.identities if item.role is not Role.DESK]})


@pytest.mark.slow
def test_answers_that_the_desk_hands_over_reach_the_next_submission(authority, tmp_path):
    node = authority.settings("node")
    path = tmp_path / "answers.csv"
    path.write_text(
        "file,record_id,former_surname,earlier_postcode,second_date_of_birth,middle_names,other_forename\nchildren,C-1,Ash,,,,\n",
        encoding="utf-8",
    )
    assert take_answers(node, path).records == 1
    assert take_answers(node, path).records == 1  # again, to no other end
    assert read_answers(node) == {("children", "C-1"): {"former_surname": "Ash"}}
    refused = take_answers(authority.settings("desk"), path)
    assert (refused.records, [failure.rule for failure in refused.failures]) == (0, ["asked"])


def test_a_node_that_is_its_own_desk_keeps_the_map_as_before(authority):
    assert authority.keep("south") == []
    assert min(rows(authority.settings("south"))) == ("adults", "K-1")
