"""How complete an extract is: shares of columns, and what is recorded of children by establishment."""

import json

import pytest

from flows.command import main
from parties.extracts.coverage import completeness
from parties.initialise import init_node
from parties.settings import load_settings
from schemas.errors import ExtractError

RECEPTIONS = """reception_id,nomis_number,forename,surname,date_of_birth,sex,reception_date,reception_type,establishment,address,town,postcode,children_asked
1,A0001AA,Ann,One,1990-01-01,F,2026-01-01,remand,BZI,,,,yes
2,A0002AA,Bob,Two,1990-01-01,M,2026-01-01,remand,LEI,1 Way,Leeds,LS1 1AA,no
3,A0003AA,Cid,Three,,M,2026-01-01,recall,LEI,,,,yes
4,A0004AA,Dee,Four,1990-01-01,F,2026-01-01,recall,BZI,,,,
"""
DECLARED = """nomis_number,child_number,forename,surname,date_of_birth,sex,address,town,postcode,guardianship
A0001AA,1,Eve,One,2019-01-01,F,,Leeds,,relative
A0001AA,2,Fay,One,,F,,,,
A0003AA,1,Gus,Three,2020-01-01,M,,,,other-parent
"""


@pytest.fixture
def prison(tmp_path):
    init_node(tmp_path / "prison", "prison-service", "prison", "Prison")
    folder = tmp_path / "prison" / "extract"
    folder.mkdir(exist_ok=True)
    (folder / "receptions.csv").write_text(RECEPTIONS, encoding="utf-8")
    (folder / "declared_children.csv").write_text(DECLARED, encoding="utf-8")
    (folder / "movements.csv").write_text("nomis_number,date,type,from_establishment,to_establishment\n", encoding="utf-8")
    return load_settings(tmp_path / "prison")


def counts(said):
    return tuple(said.counted().values())


def test_what_is_recorded_of_children_is_counted_by_establishment(prison):
    found = completeness(prison)
    assert {name: counts(said) for name, said in found.establishments.items()} == {
        "BZI": (2, 1, 1, 2, 1, 1, 1),
        "LEI": (2, 1, 1, 1, 1, 0, 1),
    }
    assert counts(found.everybody) == (4, 2, 2, 3, 2, 1, 2)


def test_women_are_counted_apart(prison):
    assert counts(completeness(prison).women) == (2, 1, 1, 2, 1, 1, 1)


def test_columns_are_filled_in_some_rows(prison):
    columns = completeness(prison).columns
    assert (columns["receptions"]["date_of_birth"], columns["receptions"]["postcode"], columns["declared_children"]["guardianship"]) == (
        750,
        250,
        666,
    )
    assert columns["movements"] == {}


def test_an_extract_without_the_optional_columns_is_counted_too(prison):
    folder = prison.path("extract")
    for name, column in (("receptions", -1), ("declared_children", -1)):
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        (folder / f"{name}.csv").write_text("\n".join(",".join(line.split(",")[:column]) for line in lines) + "\n", encoding="utf-8")
    said = completeness(prison).everybody
    assert (said.received, said.asked, said.children, said.with_guardianship) == (4, 0, 3, 0)


def test_the_command_names_nobody(prison, capsys):
    assert main(["party", "coverage", "--dir", str(prison.directory)]) == 0
    told = capsys.readouterr().out
    assert "LEI: 2 received, 1 asked about children; 1 declared 1, 1 with a date of birth" in told
    assert not [name for name in ("A0001AA", "Ann", "Eve", "Leeds") if name in told]
    assert main(["party", "coverage", "--dir", str(prison.directory), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["women"]["received"] == 2


def test_a_missing_file_is_said(prison):
    prison.path("extract", "movements.csv").unlink()
    with pytest.raises(ExtractError, match=r"movements\.csv"):
        completeness(prison)
