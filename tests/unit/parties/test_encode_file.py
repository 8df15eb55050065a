"""A file to filters: any format, any interruption, bounded memory, nothing of another job, and no value in an error."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import tracemalloc
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.command import main
from parties.encoding.clk_encoder import ClkEncoder
from parties.encoding.peer_schema import read_peer_schema
from parties.extracts import columns
from parties.extracts import encode_file as subject
from parties.extracts.encode_file import FileJob, encode_file
from schemas.agreement import PROJECTIONS
from schemas.canonical import digest
from schemas.errors import ConfigurationError, ExtractError, NotPermittedError
from schemas.linkage import schema_text
from tests.conformance.peers import FOLDER

SCHEMA = (FOLDER / "folded.json").read_bytes()
COLUMNS = ("names", "born", "postcode")
SECRET = b"0123456789abcdef"
KILLED = """
import sys, time
from pathlib import Path
from tests.unit.parties.test_encode_file import encode_file, job, subject
subject.PART_ROWS = 100
encode_file(job(Path(sys.argv[1])), lambda *_: time.sleep(0.05))
"""


def people(rows):
    return {
        "id": [str(number) for number in range(rows)],
        "names": [f"name{number % 977} o'{number}" for number in range(rows)],
        "born": [date.fromordinal(710_000 + number % 9_999).isoformat() for number in range(rows)],
        "postcode": [["", "CF1 1AA", 'with "quotes", commas', "é\nline"][number % 4] for number in range(rows)],
    }


def write(folder, rows=1_000, *, kind="csv", content=None):
    """Write invented people in one of the three formats; return the path."""
    content, path = content or people(rows), folder / f"people.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(content)
            writer.writerows(zip(*content.values(), strict=True))
    elif kind == "parquet":
        pq.write_table(pa.table(content), path, row_group_size=333)
    else:
        table = pa.table(content)
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=70)
    return path


def job(folder, kind="csv", **changes):
    values = {"source": folder / f"people.{kind}", "out": folder / "out.arrow", "schema": read_peer_schema(SCHEMA)}
    return FileJob(**{**values, "schema_digest": digest(SCHEMA), "columns": COLUMNS, "secret": SECRET, **changes})


def filters(path):
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as file:
        return file.read_all()["clk"].to_pylist()


def expected(content):
    made = ClkEncoder(read_peer_schema(SCHEMA), SECRET).encode([content[name] for name in COLUMNS])
    return [row.tobytes() for row in made]


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of 100 rows; the list of how many rows each call encoded."""
    calls, encode = [], ClkEncoder.encode

    def noted(self, columns, *, first_row=1):
        calls.append(len(columns[0]))
        return encode(self, columns, first_row=first_row)

    monkeypatch.setattr(subject, "PART_ROWS", 100)
    monkeypatch.setattr(ClkEncoder, "encode", noted)
    return calls


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow"])
@pytest.mark.parametrize("rows", [0, 1, 100, 1_050])
def test_every_format_gives_the_filters_of_its_rows_in_order(tmp_path, small_parts, kind, rows):
    write(tmp_path, rows, kind=kind)
    assert encode_file(job(tmp_path, kind)) == rows
    assert filters(tmp_path / "out.arrow") == (expected(people(rows)) if rows else [])
    assert max(small_parts, default=0) <= 1_050
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.arrow", f"people.{kind}"]
    assert (tmp_path / "out.arrow").stat().st_mode & 0o777 == 0o600


def test_dates_and_numbers_are_encoded_as_text(tmp_path):
    content = people(3)
    typed = {**content, "born": [date.fromisoformat(text) for text in content["born"]], "names": [1, 2, None]}
    write(tmp_path, content=typed, kind="parquet")
    encode_file(job(tmp_path, "parquet"))
    assert filters(tmp_path / "out.arrow") == expected({**content, "names": ["1", "2", ""]})


def test_a_blank_line_is_a_record_without_values(tmp_path):
    write(tmp_path, content={"names": ["a", "", "b"], "height": ["1", "2", "3"]})
    text = (tmp_path / "people.csv").read_text().replace(",2", "")
    (tmp_path / "people.csv").write_text(text)
    schema = {"version": 3, "clkConfig": {"l": 64, "kdf": {"type": "HKDF"}}, "features": [json.loads(SCHEMA)["features"][0]]}
    assert encode_file(job(tmp_path, schema=read_peer_schema(json.dumps(schema).encode()), columns=["names"])) == 3
    assert [any(row) for row in filters(tmp_path / "out.arrow")] == [True, False, True]


def test_progress_is_told_in_rows_and_ends_once(tmp_path, small_parts):
    write(tmp_path, 250)
    told = []
    encode_file(job(tmp_path), lambda *said: told.append(said))
    assert [done for _, done, _ in told] == [100, 200, 250, 250]
    assert [done >= total for _, done, total in told] == [False, False, False, True]


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path, small_parts):
    write(tmp_path, 3_000)
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], cwd=Path(__file__).parents[3])
    parts = tmp_path / "out.arrow.parts"
    until = time.monotonic() + 60
    while not (parts / "00000003").exists():
        assert time.monotonic() < until
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    finished = {path.name: path.stat().st_mtime_ns for path in parts.iterdir() if path.name.isdecimal()}
    assert 4 <= len(finished) < 30
    assert not (tmp_path / "out.arrow").exists()
    kept = []
    assert encode_file(job(tmp_path), lambda *_: kept.append({path.name: path.stat().st_mtime_ns for path in parts.glob("0*")})) == 3_000
    assert finished.items() <= kept[0].items()
    assert small_parts == [100] * (30 - len(finished))
    assert filters(tmp_path / "out.arrow") == expected(people(3_000))


def interrupt(folder, after=3):
    """Encode until so many parts are told of, and stop there."""
    told = []

    def stop(*said):
        told.append(said)
        if len(told) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode_file(job(folder), stop)


@pytest.mark.parametrize("change", ["source", "schema", "secret", "columns"])
def test_parts_of_another_job_are_thrown_away(tmp_path, small_parts, change):
    write(tmp_path, 500)
    interrupt(tmp_path)
    small_parts.clear()
    if change == "source":
        write(tmp_path, content={**people(500), "names": ["other"] * 500})
    other = {
        "schema": {"schema_digest": "0" * 64},
        "secret": {"secret": b"another secret of ours"},
        "columns": {"columns": ("id", *COLUMNS[1:])},
    }
    encode_file(job(tmp_path, **other.get(change, {})))
    assert small_parts == [100] * 5


def test_what_lies_beside_says_nothing_of_secret_or_source(tmp_path, small_parts):
    write(tmp_path, 500)
    interrupt(tmp_path)
    found = (tmp_path / "out.arrow.parts" / "job").read_bytes()
    assert len(found) == 32
    assert found != digest((tmp_path / "people.csv").read_bytes()).encode()[:32]
    assert (tmp_path / "out.arrow.parts").stat().st_mode & 0o777 == 0o700
    assert str(SECRET) not in repr(job(tmp_path))


def test_a_source_that_changes_while_it_is_read_gives_no_file(tmp_path, small_parts):
    write(tmp_path, 500)
    with pytest.raises(ExtractError, match="changed while it was read"):
        encode_file(job(tmp_path), lambda *_: write(tmp_path, 500, content={**people(500), "id": ["x"] * 500}))
    assert not (tmp_path / "out.arrow").exists()


def test_a_finished_file_is_never_written_over(tmp_path):
    write(tmp_path, 5)
    (tmp_path / "out.arrow").write_text("kept")
    with pytest.raises(ConfigurationError, match="is there already"):
        encode_file(job(tmp_path))
    assert (tmp_path / "out.arrow").read_text() == "kept"


BAD = {
    "ragged": ("csv", b"names,born,postcode\nQzxsurname,1980-01-01\n", "not a readable csv"),
    "stray bytes": ("csv", b"names,born,postcode\nQzxsurname\xff,1980-01-01,x\n", "not a readable csv"),
    "twice": ("csv", b"names,names,born,postcode\nQzxsurname,x,1980-01-01,x\n", "want column names once"),
    "headless": ("csv", b"Qzxsurname,1980-01-01,x\n", "want column names once"),
    "empty": ("csv", b"", "want column names once"),
    "a bad date": ("csv", b"names,born,postcode\nx,1980-01-01,\nx,Qzxsurname,\n", "row 3, column born"),
    "no Parquet": ("parquet", b"Qzxsurname", "not a readable parquet"),
    "no Arrow": ("arrow", b"Qzxsurname", "not a readable arrow"),
    "another ending": ("txt", b"Qzxsurname", "ends in .csv, .parquet, .arrow"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_source_is_refused_without_its_values(tmp_path, name):
    kind, content, why = BAD[name]
    (tmp_path / f"people.{kind}").write_bytes(content)
    with pytest.raises(ExtractError, match=why) as caught:
        encode_file(job(tmp_path, kind))
    assert "Qzx" not in "".join(traceback.format_exception(caught.value))
    assert not (tmp_path / "out.arrow").exists()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(subject, "PART_ROWS", 10_000)
    monkeypatch.setattr(columns, "CSV_BLOCK_BYTES", 64 * 1024)
    peaks = []
    for rows in (30_000, 120_000):
        write(tmp_path, rows)
        held = []
        tracemalloc.start()
        encode_file(job(tmp_path), lambda *_: held.append(pa.total_allocated_bytes()))  # noqa: B023 - used within this round
        peaks.append(tracemalloc.get_traced_memory()[1] + max(held))
        tracemalloc.stop()
        (tmp_path / "out.arrow").unlink()
    assert peaks[1] < 1.25 * peaks[0]


def command(folder, *more, schema=SCHEMA, mode=0o600, secret=SECRET + b"\n"):
    (folder / "schema.json").write_bytes(schema)
    (folder / "secret").write_bytes(secret)
    (folder / "secret").chmod(mode)
    places = [str(folder / name) for name in ("people.csv", "out.arrow", "schema.json", "secret")]
    return main(["party", "encode", *places[:2], "--schema", places[2], "--secret-file", places[3], *more])


def test_the_command_encodes_and_warns_that_filters_can_be_read_back(tmp_path, capsys):
    write(tmp_path, 20)
    assert command(tmp_path, "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"rows": 20, "out": str(tmp_path / "out.arrow")}
    assert "not diffused and can be read back" in said.err
    assert filters(tmp_path / "out.arrow") == expected(people(20))


def test_the_command_takes_columns_of_other_names(tmp_path):
    content = people(5)
    write(tmp_path, content={"n": content["names"], "b": content["born"], "p": content["postcode"]})
    assert command(tmp_path, "--columns", "n,b,p") == 0
    assert filters(tmp_path / "out.arrow") == expected(content)
    (tmp_path / "out.arrow").unlink()
    assert command(tmp_path, "--columns", "n,b") == ConfigurationError.exit_code


def test_the_command_says_which_settings_clkhash_passes_over(tmp_path, capsys):
    write(tmp_path, content={"names": ["a"], "height": ["180"]})
    assert command(tmp_path, schema=(FOLDER / "settings-that-clkhash-ignores.json").read_bytes()) == 0
    assert "passes over xorFolds; it knows xor_folds" in capsys.readouterr().err


@pytest.mark.parametrize("changes", [{"mode": 0o640}, {"secret": b"short"}, {"secret": b"0123456789abcde\r\n"}, {"schema": b"{}"}])
def test_the_command_refuses_a_secret_that_others_can_know(tmp_path, capsys, changes):
    write(tmp_path, 5)
    assert command(tmp_path, **changes) == ConfigurationError.exit_code
    assert "0123456789" not in capsys.readouterr().err
    assert not (tmp_path / "out.arrow").exists()


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_the_command_makes_no_filters_of_our_own_rounds(tmp_path, capsys, projection):
    write(tmp_path, 5)
    assert command(tmp_path, schema=schema_text(projection).encode()) == NotPermittedError.exit_code
    assert "leave diffused or not at all" in capsys.readouterr().err
    assert not (tmp_path / "out.arrow").exists()


def test_the_same_secret_with_and_without_a_line_end_is_one(tmp_path):
    write(tmp_path, 5)
    made = []
    for secret in (SECRET, SECRET + b"\n", SECRET + b"\r\n"):
        assert command(tmp_path, secret=secret) == 0
        made.append((tmp_path / "out.arrow").read_bytes())
        (tmp_path / "out.arrow").unlink()
    assert len(set(made)) == 1
    assert np.unpackbits(np.frombuffer(made[0], dtype=np.uint8)).any()
