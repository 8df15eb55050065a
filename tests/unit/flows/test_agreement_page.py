"""The agreement as a page: every term has its words, and what it says of a column is what the code does."""

import json
from collections import defaultdict
from html import unescape
from pathlib import Path

import pytest
from markupsafe import escape

from flows.command import main
from flows.demo.founding import NECESSITY, found
from flows.report.agreement import IN_SECTIONS, KIND_WORDS, LEARNS, TERM_WORDS, USE_WORDS, agreement_page, terms
from flows.report.dpia import HAZARDS, QUESTIONS, dpia_page
from linkage.initialise import init_service
from parties.encoding.normalise import NORMALISER, normaliser_digest
from parties.extracts.check import Checked
from parties.extracts.mapping import map_extract
from parties.initialise import init_node, install, load_agreed
from parties.settings import NodeSettings, load_settings
from schemas.agreement import PROJECTIONS, Agreement
from schemas.extracts import KINDS, Use, load_rules, load_uses
from schemas.lawful_basis import conditions, powers
from schemas.linkage import feature_names
from schemas.roster import Kind
from tests.passphrases import passphrase_in

NAMES = ("prison-service", "police", "local-authority", "statistics", "holder-one", "holder-two")
FIRST = {
    "forename": "Ada", "middle_names": "Mair", "surname": "Ash", "alias_forename": "Abi", "alias_surname": "Elm", "former_surname": "Fir",
    "date_of_birth": "1985-02-03", "sex": "F", "address": "1 Long Lane", "town": "Cardiff", "postcode": "CF10 3NP",
    "previous_postcode": "CF11 8AA", "nomis_number": "A1234BC", "child_number": "1", "standing": "resident", "relation": "parent",
    "person_urn": "P1", "child_urn": "C1", "child_id": "C1", "carer_id": "K1", "contact_restricted": "no", "sole_carer": "no",
}  # fmt: skip
SECOND = {
    "forename": "Beth", "middle_names": "Nia", "surname": "Oak", "alias_forename": "Bea", "alias_surname": "Yew", "former_surname": "Box",
    "date_of_birth": "1986-03-04", "sex": "M", "address": "9 High Road", "town": "Swansea", "postcode": "CF24 0UG",
    "previous_postcode": "CF5 1AB", "standing": "former", "relation": "foster_carer", "last_contact_on": "2026-01-05",
    "contact_restricted": "yes", "sole_carer": "yes",
}  # fmt: skip


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Return the directories of a roster's nodes, with what was agreed installed."""
    out = tmp_path_factory.mktemp("nodes")
    passphrase = passphrase_in(out)
    service = init_service(out / "service", "linkage-service", port=8443, passphrase=passphrase)
    kinds = {name: name if name in {*Kind} else "key-holder" for name in NAMES}
    codes = {"local-authority": "W06000015"}
    organisations = [
        init_node(out / name, kind, name, f"The <{name}>", gss_code=codes.get(name), passphrase=passphrase) for name, kind in kinds.items()
    ]
    made = found(
        [*organisations, service], purpose="offer support", scope="test", normaliser=NORMALISER, normaliser_digest=normaliser_digest(),
        expires_on="2099-01-01",
    )  # fmt: skip
    for name in NAMES:
        install(out / name, made.roster, made.agreement, made.roots, (out / "service" / "tls" / "ca.pem").read_bytes())
    return out


def fields(model, prefix=""):
    """Return the dotted names of an agreement's terms."""
    for name, info in model.model_fields.items():
        inner = info.annotation
        if hasattr(inner, "model_fields"):
            yield from fields(inner, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_term_of_an_agreement_has_its_words_and_no_other_has():
    assert {*fields(Agreement)} == {*TERM_WORDS} | IN_SECTIONS


def test_every_kind_and_use_has_its_words():
    assert {*KIND_WORDS} == {*LEARNS} == {*Kind}
    assert {*USE_WORDS} == {*Use}


def test_the_page_names_every_organisation_basis_column_and_term_and_is_the_same_each_time(nodes):
    agreed = load_agreed(load_settings(nodes / "police"))
    page = agreement_page(agreed)
    assert page == agreement_page(agreed)
    assert "The &lt;police&gt;" in page
    assert "The <police>" not in page
    assert page.count("public task") == len(agreed.agreement.lawful_bases)
    assert all(f"<code>{column}</code>" in page for kind in KINDS for columns in load_uses()[kind].values() for column in columns)
    assert all(str(escape(TERM_WORDS[name])) in page and str(value) in page for name, value in terms(agreed.agreement.model_dump()))
    assert "no round starts" not in page
    without = agreed.agreement.model_copy(update={"lawful_bases": []})
    assert "no round starts" in agreement_page(type(agreed)(agreed.roster, agreed.roster_digest, without, agreed.agreement_digest))


def test_the_command_writes_it_and_refuses_another_ending(nodes, tmp_path, capsys):
    assert main(["party", "agreement", "--dir", str(nodes / "police"), "--out", str(tmp_path / "agreed.html"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["page"] == str(tmp_path / "agreed.html")
    assert "://" not in (tmp_path / "agreed.html").read_text(encoding="utf-8")
    assert main(["party", "agreement", "--dir", str(nodes / "police"), "--out", str(tmp_path / "agreed.pdf")]) != 0


def test_an_impact_assessment_says_of_the_agreement_what_was_signed_and_of_the_code_what_is_there(nodes):
    agreed = load_agreed(load_settings(nodes / "police"))
    page = dpia_page(agreed)
    assert page == dpia_page(agreed)
    assert "The <police>" not in page
    assert page.count(str(escape(NECESSITY))) == len(agreed.agreement.lawful_bases) == 3
    assert all(powers()[basis.power].says in unescape(page) for basis in agreed.agreement.lawful_bases)
    assert all(f"<code>{column}</code>" in page for kind in KINDS for columns in load_uses()[kind].values() for column in columns)
    assert all(str(escape(text)) in page for text in (*LEARNS.values(), *QUESTIONS, *conditions().values()))
    assert page.count('class="open"') == len(HAZARDS) + len(QUESTIONS)


def test_every_measure_of_the_impact_assessment_is_held_by_a_property_that_tests_enforce():
    repository = Path(__file__).parents[3]
    held = (repository / "SECURITY.md").read_text(encoding="utf-8").partition("## Properties")[2].partition("\n## ")[0]
    for hazard in HAZARDS:
        assert [name for name in hazard.held_by if not (repository / name).is_file()] == []
        assert any(f"`{name}`" in held or f"`{name.rpartition('/')[0]}/`" in held for name in hazard.held_by), hazard.harm


def test_the_command_writes_the_impact_assessment(nodes, tmp_path, capsys):
    assert main(["party", "dpia", "--dir", str(nodes / "police"), "--out", str(tmp_path / "dpia.html"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["page"] == str(tmp_path / "dpia.html")
    assert "://" not in (tmp_path / "dpia.html").read_text(encoding="utf-8")


def test_every_column_of_every_extract_has_a_use():
    for kind in KINDS:
        rules = load_rules(kind).files
        assert {file: set(columns) for file, columns in load_uses()[kind].items()} == {
            file: set(item.header) for file, item in rules.items()
        }


def test_no_projection_has_a_feature_of_what_is_only_compared():
    compared = {
        column for kind in KINDS for columns in load_uses()[kind].values() for column, use in columns.items() if use is Use.COMPARED
    }
    assert compared == {"middle_names", "sex"}
    assert {feature for projection in PROJECTIONS for feature in feature_names(projection)} == {
        "names", "surname", "dob", "dob_pair", "postcode", "address",
    }  # fmt: skip


COLUMNS = [
    (kind, file, column, use)
    for kind in KINDS
    for file, columns in load_uses()[kind].items()
    if file != "directory"
    for column, use in columns.items()
    if use is not Use.KEY
]


@pytest.mark.parametrize(("kind", "file", "column", "use"), COLUMNS, ids=[f"{kind}-{file}-{column}" for kind, file, column, _ in COLUMNS])
def test_what_the_page_says_of_a_column_is_what_mapping_does(tmp_path, kind, file, column, use):
    before, after = (mapped(tmp_path / name, kind, changes) for name, changes in (("a", {}), ("b", {(file, column)})))
    encoded, compared, ties, standings, sealed = (one != other for one, other in zip(before, after, strict=True))
    assert (encoded, compared, ties, standings, sealed) == {
        Use.ENCODED: (True, compared, False, False, False),
        Use.COMPARED: (False, True, False, False, False),
        Use.TIE: (encoded, False, True, False, False),
        Use.STANDING: (False, False, False, True, False),
        Use.SEALED: (False, False, False, False, True),
        Use.DESK: (False, False, False, False, False),
        Use.KEPT: (False, False, False, False, False),
    }[use]


def mapped(directory, kind, changed):
    """Return what an extract of one row a file says: what is encoded, what is compared besides, ties, standings, and what is sealed."""
    (directory / "extract").mkdir(parents=True)
    for file, rules in load_rules(kind).files.items():
        values = [SECOND.get(column, "X9") if (file, column) in changed else FIRST.get(column, "X1") for column in rules.header]
        (directory / "extract" / f"{file}.csv").write_text(",".join(rules.header) + "\n" + ",".join(values) + "\n", encoding="utf-8")
    found = map_extract(NodeSettings(kind=kind, organisation=kind, directory=directory), Checked({}, defaultdict(frozenset)))
    rows = (found.adults.rows, found.children.rows)
    encoded = [(item.forename, item.surname, item.dob, item.postcode, item.address, item.town) for item in rows]
    sealed = [(item.reception_id, item.reception_type, item.is_restricted, item.is_sole_carer) for item in found.held.values()]
    return encoded, [(item.middle, item.sex) for item in rows], found.ties, found.relations, sealed
