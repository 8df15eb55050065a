"""Reading, checking and mapping extracts: faults are found by place and rule, and no value is ever shown."""

import csv
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from linkage_in_miniature import EXTRACTS, write_extract

from parties.extracts.check import EXTRACT_DIRECTORY, Checked, check_bar, check_extract
from parties.extracts.mapping import map_extract, sources
from parties.extracts.read import MAX_FIELD, read_extract
from parties.initialise import init_node
from parties.settings import load_settings
from schemas.errors import ExtractError
from schemas.joins import Relation, Standing

SECRET = "Zzyzxqueen"


def node(directory, name="prison", kind="prison-service"):
    init_node(directory, kind, name, name)
    write_extract(directory, EXTRACTS[name])
    return load_settings(directory)


def write(directory, content, name="persons.csv"):
    (directory / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return directory


def test_a_file_comes_in_chunks_with_the_row_numbers_people_count(tmp_path):
    write(tmp_path, "a,b\n" + "".join(f"{number},x\n" for number in range(5)))
    chunks = list(read_extract(tmp_path, "persons", rows=2))
    assert [(chunk.first_row, list(chunk.frame["a"])) for chunk in chunks] == [(2, ["0", "1"]), (4, ["2", "3"]), (6, ["4"])]


def test_an_excel_file_with_a_byte_order_mark_and_an_empty_one_are_read(tmp_path):
    write(tmp_path, "\ufeffa,b\r\n1,\r\n".encode())
    assert [chunk.frame.to_dict("records") for chunk in read_extract(tmp_path, "persons")] == [[{"a": "1", "b": ""}]]
    write(tmp_path, "a,b\n")
    assert [len(chunk.frame) for chunk in read_extract(tmp_path, "persons")] == [0]


def test_parquet_is_read_as_the_same_text(tmp_path):
    table = pa.table({"a": ["1", None, "3"], "born": [date(2016, 5, 1), None, date(2017, 5, 1)], "n": [1, 2, None]})
    pq.write_table(table, tmp_path / "persons.parquet")
    chunks = list(read_extract(tmp_path, "persons", rows=2))
    assert [chunk.first_row for chunk in chunks] == [2, 4]
    assert chunks[0].frame.to_dict("records") == [{"a": "1", "born": "2016-05-01", "n": "1"}, {"a": "", "born": "", "n": "2"}]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"a,b\n1,2\n{SECRET}\n", "row 3: 1 fields where the header has 2"),
        (f"a,b\n1,2,{SECRET}\n", "row 2: 3 fields"),
        (f"a,b\n1,{SECRET * MAX_FIELD}\n", "row 2: a field is over"),
        (f'a,b\n1,"{SECRET}\n', "quotes"),
        (f"a,b\n1,{SECRET}é\n".encode("latin-1"), "UTF-8"),
        (f"a,a\n1,{SECRET}\n", "row 1: want a header"),
        ("", "row 1: want a header"),
    ],
    ids=["short row", "long row", "long field", "open quote", "encoding", "two columns of a name", "empty"],
)
def test_a_file_that_is_no_table_is_refused_without_its_content(tmp_path, content, text):
    with pytest.raises(ExtractError, match=text) as caught:
        list(read_extract(write(tmp_path, content), "persons"))
    assert SECRET not in str(caught.value)


def test_a_file_that_is_not_there_or_no_parquet_is_refused(tmp_path):
    with pytest.raises(ExtractError, match=r"persons\.csv: not in"):
        list(read_extract(tmp_path, "persons"))
    with pytest.raises(ExtractError, match="Parquet"):
        list(read_extract(write(tmp_path, b"PAR1 no", "persons.parquet"), "persons"))


def test_the_check_quarantines_by_row_column_and_rule_and_the_bar_holds_everything_back(tmp_path):
    settings = node(tmp_path)
    checked = check_extract(settings)
    assert checked.quarantined["receptions"] == {5}
    assert checked.quarantined_per_mille == 167
    listed = list(csv.DictReader((tmp_path / "quarantine" / "receptions.csv").read_text().splitlines()))
    assert {"row": "5", "column": "nomis_number", "rule": "check", "severity": "quarantine"} in listed
    assert "NOT-ONE" not in "".join(path.read_text() for path in (tmp_path / "quarantine").iterdir())
    check_bar(checked, 167)
    with pytest.raises(ExtractError, match="nothing was sent"):
        check_bar(checked, 166)


def test_the_prison_service_maps_to_people_and_declared_children(tmp_path):
    settings = node(tmp_path)
    mapped = map_extract(settings, Checked({}, {"receptions": frozenset({5}), "declared_children": frozenset()}))
    assert list(mapped.adults.index) == ["A1234BC", "A2345CD"]
    assert mapped.adults.rows.person == [0, 0, 0, 1]
    assert mapped.adults.rows.surname == ["ash", "birch", "ash", "cedar"]
    assert mapped.adults.rows.postcode == ["CF103NP", "CF103NP", "", ""]
    assert mapped.children.rows.surname == ["ash", "cedar"]
    assert mapped.ties == {(0, 0), (1, 1)}
    assert "Ash" not in repr(mapped)


def test_an_authority_maps_to_carers_children_ties_and_standings(tmp_path):
    settings = node(tmp_path, "authority-a", "local-authority")
    mapped = map_extract(settings, Checked({}, dict.fromkeys(("carers", "children", "ties"), frozenset())))
    assert mapped.adults.rows.surname == ["ash", "elm", "fir"]
    assert mapped.ties == {(0, 0)}
    assert mapped.relations == {0: Relation(Standing.RESIDENT), 1: Relation(Standing.FORMER)}


@pytest.mark.parametrize(("written", "quarter"), [("2026-08-31", 4 * 2026 + 2), ("", 0), ("31/08/2026", 0)])
def test_an_authoritys_last_contact_is_a_quarter_and_what_is_no_date_keeps_no_child_back(tmp_path, written, quarter):
    settings = node(tmp_path, "authority-a", "local-authority")
    children = tmp_path / EXTRACT_DIRECTORY / "children.csv"
    header, first, *_ = children.read_text(encoding="utf-8").splitlines()
    children.write_text(f"{header},last_contact_on\n{first},{written}\n", encoding="utf-8")
    mapped = map_extract(settings, Checked({}, dict.fromkeys(("carers", "children", "ties"), frozenset())))
    assert mapped.relations == {0: Relation(Standing.RESIDENT, quarter)}


def test_ties_of_a_row_in_quarantine_are_dropped(tmp_path):
    settings = node(tmp_path, "authority-a", "local-authority")
    mapped = map_extract(settings, Checked({}, {"carers": frozenset({2}), "children": frozenset(), "ties": frozenset()}))
    assert list(mapped.adults.index) == ["K2"]
    assert mapped.ties == set()


def test_an_extract_gives_sex_middle_names_and_a_row_for_each_name(tmp_path):
    people = "person_urn,pnc_id,forename,middle_names,surname,date_of_birth,sex,address,town,postcode"
    write(tmp_path, "children,child_urn\n", "ignored.csv")
    init_node(tmp_path / "node", "police", "police-a", "Police A")
    write_extract(
        tmp_path / "node",
        {
            "persons": [people, "P1,,William (Bill),James,Ash,1987-02-11,M,1 Long Lane,Cardiff,CF10 3NP"],
            "children": ["child_urn,forename,surname,date_of_birth,sex,address,town,postcode"],
            "ties": ["person_urn,child_urn,relation,recorded_on"],
        },
    )
    mapped = map_extract(load_settings(tmp_path / "node"), Checked({}, dict.fromkeys(("persons", "children", "ties"), frozenset())))
    rows = mapped.adults.rows
    assert (rows.forename, rows.middle, rows.sex, rows.person) == (["william", "bill"], ["james"] * 2, ["M"] * 2, [0, 0])


def test_a_record_has_a_source_for_each_other_name_and_place():
    record = {"forename": "Ada", "surname": "Ash", "postcode": "CF10 3NP", "address": "1 Long Lane"}
    named = {**record, "alias_forename": "Addie", "alias_surname": "", "former_surname": "Elm", "previous_postcode": "CF11 8AA"}
    found = [(item["forename"], item["surname"], item["postcode"], item["address"]) for item in sources(named)]
    assert found == [
        ("Ada", "Ash", "CF10 3NP", "1 Long Lane"),
        ("Addie", "Ash", "CF10 3NP", "1 Long Lane"),
        ("Ada", "Elm", "CF10 3NP", "1 Long Lane"),
        ("Ada", "Ash", "CF11 8AA", ""),
    ]
    assert len(list(sources(record))) == 1
