"""`kinlink bench attacks`: every attack on every strength, and linkage quality beside them; a folder without labelled files is refused."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.command import main
from parties.risk.attacks import ATTACKS
from schemas.errors import ExtractError
from tests.acceptance.second_look import invented

COLUMNS = {"forename": "given", "surname": "surname", "sex": "sex", "date_of_birth": "dob", "postcode": "postcode", "address": "address",
           "town": "town"}  # fmt: skip


def write(folder, **more):
    """Write two files of the same people; return the folder."""
    folder.mkdir()
    people = invented(200, 5)
    columns = {target: [person[source] for person in people] for source, target in COLUMNS.items()}
    columns = {**columns, "dob": [born.replace("-", "") for born in columns["dob"]], **more}
    for side in "ab":
        table = pa.table({"rid": [f"{side}{number}" for number in range(len(people))], **columns})
        pq.write_table(table, folder / f"tiny_{side}.parquet")
    return folder


@pytest.mark.slow
def test_every_attack_reads_undiffused_filters_and_less_of_shipped_ones_and_quality_is_beside_it(kinlink, tmp_path):
    labels = [str(number) for number in range(200)]
    code, said, told = kinlink("bench", "attacks", "--data", write(tmp_path / "data", ent=labels))
    assert code == 0
    assert "attacks" in told
    assert [one["attack"] for one in said["read"]] == list(ATTACKS)
    assert all(one["read"]["undiffused"]["share"] >= 0.9 > one["read"]["shipped"]["share"] for one in said["read"])
    assert all(one["read"]["200 bits, t = 13"]["lower_95"] <= one["goal"] for one in said["read"])
    assert said["quality"]["tiny"].keys() == {"undiffused", "shipped"}
    assert said["quality"]["tiny"]["undiffused"]["f1"] > 0.95


@pytest.mark.parametrize("file", [None, "alone_a.parquet"])
def test_a_folder_without_labelled_files_is_refused_before_an_attack(tmp_path, capsys, file):
    if file:
        (tmp_path / file).touch()
    assert main(["bench", "attacks", "--data", str(tmp_path)]) == ExtractError.exit_code
    assert "no NAME_a.parquet with a NAME_b.parquet" in capsys.readouterr().err
