"""The synthetic population holds everyone the platform must find, and its extracts are ones a custodian could send."""

import csv
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from parties.extracts.read import read_extract
from schemas import identifiers
from schemas.errors import ConfigurationError
from schemas.extracts import load_rules
from validation.extract import Keys, check_file
from validation.synthetic import custodians, names, recording, write_population
from validation.synthetic.draws import Draws, Weighted
from validation.synthetic.output import headers

DEMO_PREVALENCE = 0.17


@pytest.fixture(scope="module")
def population(tmp_path_factory):
    """Return a population of 20,000 and its summary."""
    out = tmp_path_factory.mktemp("population")
    return out, write_population(out, people=20_000, seed=7, prevalence=DEMO_PREVALENCE)


def read(out, folder, name):
    """Return the rows of a file."""
    with (out / folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def people_of(out, custodian, file):
    """Return the person behind each record of a file."""
    return {
        row["record_id"]: row["person_id"] for row in read(out, "truth", "records") if (row["custodian"], row["file"]) == (custodian, file)
    }


def test_twenty_thousand_people_hold_five_hundred_children_to_find(population):
    out, summary = population
    assert summary.people == len(read(out, "truth", "people")) == 20_000
    assert summary.children_true == len(read(out, "truth", "children_true")) >= 500
    assert summary.prevalence == pytest.approx(DEMO_PREVALENCE, abs=0.03)
    assert 0.18 < summary.children / summary.people < 0.25
    assert 0 < summary.children_true_without_tie / summary.children_true <= 0.08
    assert sum(counts["children_true"] for counts in summary.per_authority.values()) == summary.children_true


def test_every_file_has_the_columns_of_its_schema(population):
    out, _ = population
    for (folder, name), header in headers().items():
        with (out / folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
            assert tuple(next(csv.reader(stream))) == header


def test_custodians_and_truth_are_in_folders_apart(population):
    out, _ = population
    assert sorted(path.name for path in out.iterdir()) == [
        "local-authority-E08000025", "local-authority-E08000026", "local-authority-E08000028", "local-authority-W06000015",
        "police-south-wales", "police-west-midlands", "prison-service", "truth",
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "folder", ["prison-service", "police-south-wales", "police-west-midlands", "local-authority-W06000015", "local-authority-E08000025"]
)
def test_an_extract_passes_its_own_check_with_few_rows_kept_back(population, folder):
    out, _ = population
    kind = next(kind for kind in ("prison-service", "police", "local-authority") if folder.startswith(kind))
    keys = Keys()
    results = [
        check_file(kind, file, chunk.frame, first_row=chunk.first_row, keys=keys)
        for file in load_rules(kind).files
        for chunk in read_extract(out / folder, file)
    ]
    assert all(result.rows for result in results)
    assert sum(len(result.quarantined_rows) for result in results) < 0.02 * sum(result.rows for result in results)


def test_the_children_to_find_come_in_every_kind(population):
    out, _ = population
    true = read(out, "truth", "children_true")
    declared = set(people_of(out, "prison-service", "declared_children").values())
    kinds = Counter()
    for row in true:
        kinds["two parents received"] += ";" in row["parents_received"]
        kinds["known to two authorities"] += ";" in row["known_authorities"]
        kinds["not declared"] += row["person_id"] not in declared
        kinds["no tie anywhere"] += row["has_tie"] == "false"
        kinds["moved"] += row["moved"] == "true"
    assert len(kinds) == 5
    assert all(kinds.values()), kinds


def test_children_whom_no_authority_knows_exist(population):
    out, _ = population
    children = {row["child_id"] for row in read(out, "truth", "parents")}
    known = {
        row["person_id"]
        for row in read(out, "truth", "records")
        if row["custodian"].startswith("local-authority") and row["file"] == "children"
    }
    assert 0.03 < len(children - known) / len(children) < 0.25


def test_ties_to_former_partners_are_few(population):
    out, _ = population
    former = {(row["adult_id"], row["child_id"]) for row in read(out, "truth", "parents") if row["current"] == "false"}
    for prefix, adults, adult_key, child_key in (
        ("local-authority", "carers", "carer_id", "child_id"),
        ("police", "persons", "person_urn", "child_urn"),
    ):
        ties, stale = 0, 0
        for folder in (path.name for path in out.glob(f"{prefix}-*")):
            adult, child = people_of(out, folder, adults), people_of(out, folder, "children")
            pairs = [(adult[row[adult_key]], child[row[child_key]]) for row in read(out, folder, "ties")]
            ties, stale = ties + len(pairs), stale + sum(pair in former for pair in pairs)
        assert 0 < stale / ties < 0.05


def test_families_come_in_every_form(population):
    out, _ = population
    relations = defaultdict(set)
    for row in read(out, "truth", "parents"):
        relations[row["relation"]].add(row["child_id"])
    assert set(relations) == {"parent", "step_parent", "kinship_carer", "foster"}
    people = read(out, "truth", "people")
    births = Counter((row["mother_id"], row["date_of_birth"]) for row in people if row["mother_id"])
    assert any(count > 1 for count in births.values()), "twins"


def test_records_hold_the_names_and_addresses_that_are_hard(population):
    out, _ = population
    receptions = read(out, "prison-service", "receptions")
    children = [row for path in out.glob("local-authority-*") for row in read(out, path.name, "children")]
    assert any(row["address"] == "No fixed abode" for row in receptions)
    assert any(row["address"].startswith("HMP ") for row in receptions)
    assert any(row["alias_forename"] or row["alias_surname"] for row in receptions)
    assert any(row["surname"].startswith(("ap ", "ab ", "ferch ")) for row in children)
    assert any("-" in row["surname"] for row in children)
    assert any(not row["forename"].isascii() for row in children)
    assert Counter((row["forename"], row["surname"], row["date_of_birth"]) for row in receptions).most_common(1)[0][1] > 1, "received twice"


def test_record_ids_say_nothing_of_who_is_whom(population):
    out, _ = population
    truth = read(out, "truth", "records")
    assert not any(row["record_id"].lstrip("0") == row["person_id"] for row in truth)
    for folder in ("prison-service", "police-west-midlands"):
        file = "receptions" if folder == "prison-service" else "persons"
        order = [int(person) for person in people_of(out, folder, file).values()]
        assert any(left > right for left, right in pairwise(order))


def test_invented_identifiers_are_well_formed_and_different(population):
    out, _ = population
    numbers = range(1, 5000)
    assert len({custodians.nomis_number(number) for number in numbers}) == len(numbers)
    assert all(identifiers.is_nomis_number(custodians.nomis_number(number)) for number in numbers)
    assert all(identifiers.is_pnc_id(custodians.pnc_id(number)) for number in numbers)
    upns = [row["upn"] for row in read(out, "local-authority-W06000015", "children") if row["upn"]]
    assert upns
    assert all(identifiers.is_upn(upn) for upn in upns)


def test_progress_is_told_and_nonsense_refused(tmp_path):
    told = []
    write_population(tmp_path, people=2500, seed=1, progress=told.append)
    assert told == [2000, 2500]
    for wrong in ({"people": 0, "seed": 1}, {"people": 1, "seed": -1}, {"people": 1, "seed": 1, "prevalence": 1.1}):
        with pytest.raises(ConfigurationError):
            write_population(tmp_path, **wrong)


def test_a_typo_and_a_sound_alike_change_the_name():
    draws = Draws(1, 0)
    assert all(abs(len(recording.typo(draws, "Margaret")) - 8) <= 1 for _ in range(50))
    assert recording.typo(draws, "Al") == "Al"
    assert recording.phonetic(draws, "Kelly") != "Kelly"
    assert recording.unaccented("Siân Łukasz") == "Sian Lukasz"


def test_patronymics_follow_the_father():
    assert [names.patronymic("M", "Dafydd"), names.patronymic("M", "Ifan"), names.patronymic("F", "Huw")] == [
        "ap Dafydd",
        "ab Ifan",
        "ferch Huw",
    ]


def test_weighted_items_come_in_proportion():
    draws, items = Draws(3, 0), Weighted({"a": 3.0, "b": 1.0, "never": 0.0})
    drawn = Counter(items.draw(draws) for _ in range(4000))
    assert drawn["a"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert drawn["never"] == 0
