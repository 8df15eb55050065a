"""Linking two labelled files: who is linked, what is written, and that the truth has no say in it."""

import csv
import random
import secrets
from collections import Counter
from hashlib import shake_256
from itertools import count

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from flows import evaluate, linking
from flows.evaluate import Decisions, figures, person_rows, read_file, write_links
from linkage.engines.threads import ThreadsEngine
from linkage.search.anonlink_engine import AnonlinkEngine
from linkage.second_look.scoring import LINK_BITS
from schemas.errors import ExtractError
from validation.quality.pairs import ScoredPairs

PEOPLE, SHARED = 120, 80
HEADER = ["rid_a", "rid_b", "score", "decision", "release"]


def files():
    """Return two files of invented people; `SHARED` of them are in both, some with a slip of the pen."""
    draw = random.Random(5)
    letters = "abdeghilmnorstuwy"

    def word():
        return "".join(draw.choices(letters, k=draw.randint(4, 9)))

    people = [
        {
            "given": word(), "surname": word(), "dob": f"{draw.randint(1950, 2015)}{draw.randint(1, 12):02}{draw.randint(1, 28):02}",
            "postcode": f"CF{draw.randint(10, 99)} {draw.randint(1, 9)}{draw.choice('ABDE')}{draw.choice('FGHJ')}",
            "address": f"{draw.randint(1, 200)} {word()} road", "town": "Cardiff",
        }
        for _ in range(2 * PEOPLE - SHARED)
    ]  # fmt: skip
    left = [{**person, "rid": f"a{number}", "ent": f"e{number}"} for number, person in enumerate(people[:PEOPLE])]
    right = [{**person, "rid": f"b{number}", "ent": f"e{number}"} for number, person in enumerate(people)][PEOPLE - SHARED :]
    for record in right[:SHARED:4]:
        record["given"] = record["given"][:-1]
    draw.shuffle(right)
    return tuple({name: [record[name] for record in side] for name in side[0]} for side in (left, right))


@pytest.fixture(scope="module")
def sides():
    return files()


def link(left, right, monkeypatch):
    """Link under the same keys each time."""
    numbers = count()
    monkeypatch.setattr(
        linking,
        "secrets",
        type("Fixed", (), {"token_bytes": staticmethod(lambda size: shake_256(str(next(numbers)).encode()).digest(size))}),
    )
    return evaluate.decide(evaluate.look(left, right, profile="default", progress=lambda *_: None))


@pytest.fixture(scope="module")
def decided(sides):
    with pytest.MonkeyPatch.context() as monkeypatch:
        return link(*sides, monkeypatch)


def pairs(decisions):
    return list(zip(decisions.pairs.left.tolist(), decisions.pairs.right.tolist(), decisions.pairs.score.tolist(), strict=True))


def test_the_same_people_are_linked(sides, decided):
    said = figures(decided, *sides)
    assert said["precision"] >= 0.97
    assert said["recall"] >= 0.97
    assert said["release"]["precision"] >= said["precision"] - 0.001


def test_every_engine_finds_the_same_pairs_of_filters(sides):
    people = linking.Linking("adults")
    left, right = (people.encode(evaluate.person_rows(side)).filters["A"] for side in sides)
    one, other = (engine.candidate_pairs(left, right, cut=0.6, top_k=10) for engine in (AnonlinkEngine(), ThreadsEngine()))
    assert len(one.left) >= SHARED
    assert np.array_equal(one.left, other.left)
    assert np.array_equal(one.right, other.right)
    assert np.array_equal(one.score, other.score)


def test_each_record_is_in_one_pair_at_most(decided):
    for rows in (decided.pairs.left, decided.pairs.right):
        assert max(Counter(rows.tolist()).values()) == 1


def test_what_is_released_is_linked(decided):
    assert not (decided.released & ~decided.linked).any()


@pytest.mark.parametrize("change", ["shuffled", "gone", "all one"])
def test_the_truth_never_reaches_the_encoder_or_a_threshold(sides, decided, monkeypatch, change):
    left, right = ({name: list(values) for name, values in side.items()} for side in sides)
    for side in (left, right):
        if change == "shuffled":
            random.Random(1).shuffle(side["ent"])
        elif change == "gone":
            del side["ent"]
        else:
            side["ent"] = ["e0"] * len(side["rid"])
    again = link(left, right, monkeypatch)
    assert pairs(again) == pairs(decided)
    assert np.array_equal(again.linked, decided.linked)
    assert np.array_equal(again.released, decided.released)


def test_rows_to_encode_hold_none_of_the_labels(sides):
    rows = person_rows({"rid": ["r1"], "ent": ["zqxlabel"], "given": ["Ada"], "surname": ["Ash"], "dob": ["19850203"]})
    assert "zqxlabel" not in str(vars(rows))
    assert (rows.forename, rows.surname, rows.dob, rows.postcode) == (["ada"], ["ash"], ["19850203"], [""])


def test_an_alias_or_a_previous_postcode_is_one_more_row_of_the_same_person():
    rows = person_rows(
        {"rid": ["r1", "r2"], "given": ["Ada", "Ben"], "surname": ["Ash", "Elm"], "dob": ["19850203"] * 2, "alias_surname": ["Birch", ""]}
    )
    assert (rows.person, rows.surname) == ([0, 0, 1], ["ash", "birch", "elm"])


def test_middle_names_and_sex_are_kept_beside_each_row():
    rows = person_rows({"rid": ["r1"], "given": ["Ada (Addie)"], "middle": ["Jane"], "surname": ["Ash"], "sex": ["FEMALE"]})
    assert (rows.forename, rows.middle, rows.sex) == (["ada", "addie"], ["jane", "jane"], ["F", "F"])


def test_without_truth_only_counts_and_thresholds_are_said(sides, decided):
    left = {name: values for name, values in sides[0].items() if name != "ent"}
    said = figures(decided, left, sides[1])
    assert set(said) == {"pairs", "release", "review_share", "thresholds"}
    assert said["pairs"] == int(decided.linked.sum())
    assert said["thresholds"] == {"link_bits": LINK_BITS, "theta_bits": 12.0, "delta_bits": 3.0}


def test_with_truth_every_figure_is_said_for_both_rules(sides, decided):
    said = figures(decided, *sides)
    measured = {"pairs", "precision", "recall", "f1", "recall_at_p99", "recall_at_p999"}
    assert set(said) == measured | {"release", "review_share", "thresholds"}
    assert set(said["release"]) == measured


def made(*rows):
    """Return decisions of (left, right, score, linked, released) rows."""
    left, right, score, linked, released = (np.array(column) for column in zip(*rows, strict=True))
    return Decisions(ScoredPairs(left, right, score), linked, released)


def test_links_are_written_surest_first_and_review_is_told_from_link(tmp_path):
    decisions = made((0, 1, 2.5, True, False), (1, 0, -3.0, False, False), (2, 2, 14.125, True, True))
    write_links(tmp_path / "links.csv", decisions, ["a", "b", "c"], ["x", "y", "z"])
    with (tmp_path / "links.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            HEADER, ["c", "z", "14.12", "link", "yes"], ["a", "y", "2.50", "link", "no"], ["b", "x", "-3.00", "review", "no"]
        ]  # fmt: skip


def test_no_pair_at_all_gives_a_header_and_no_shares(tmp_path):
    decisions = Decisions(
        ScoredPairs(*(np.zeros(0, dtype=kind) for kind in (np.int64, np.int64, np.float64))), *(np.zeros(0, dtype=bool),) * 2
    )
    write_links(tmp_path / "links.csv", decisions, [], [])
    assert (tmp_path / "links.csv").read_text(encoding="utf-8") == ",".join(HEADER) + "\n"
    said = figures(decisions, {"rid": ["a"], "ent": ["e"]}, {"rid": ["b"], "ent": ["e"]})
    assert (said["pairs"], said["precision"], said["recall"], said["review_share"]) == (0, None, 0.0, 0.0)


def test_the_review_share_is_that_of_pairs_below_the_link_threshold():
    decisions = made((0, 0, 1.0, True, False), (1, 1, -1.0, False, False), (2, 2, -2.0, False, False), (3, 3, 6.0, True, True))
    assert figures(decisions, {"rid": []}, {"rid": []})["review_share"] == 0.5


def test_csv_and_parquet_are_read_alike(tmp_path):
    (tmp_path / "left.csv").write_text('rid,given,dob\nr1,"Ada, Lady",19850203\nr2,,\n', encoding="utf-8-sig")
    table = pa.table({"rid": ["r1", "r2"], "given": ["Ada, Lady", None], "dob": [19850203, None]})
    pyarrow.parquet.write_table(table, tmp_path / "left.parquet")
    expected = {"rid": ["r1", "r2"], "given": ["Ada, Lady", ""], "dob": ["19850203", ""]}
    assert read_file(tmp_path / "left.csv") == expected
    assert read_file(tmp_path / "left.parquet") == expected


BAD = {
    "empty.csv": (b"", "no column rid|not a readable"),
    "no-rid.csv": (b"name\nAda\n", "no column rid"),
    "latin.csv": ("rid,given\nr1,Zo\xeb\n".encode("latin-1"), "not a readable"),
    "ragged.csv": (b"rid,given\nr1,Ada,Qzxmarker\n", "not a readable"),
    "text.parquet": (b"rid\nr1\n", "not a readable"),
    "binary.csv": (secrets.token_bytes(64), "not a readable|no column rid"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_that_quotes_no_value(tmp_path, name):
    content, expected = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ExtractError, match=expected) as raised:
        read_file(tmp_path / name)
    assert "\n" not in str(raised.value)
    assert "Qzxmarker" not in str(raised.value)
    assert "Zo" not in str(raised.value)


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path):
    with pytest.raises(ExtractError, match="no such file"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(ExtractError, match="not a readable"):
        read_file(tmp_path)


def test_a_file_that_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "MAX_ROWS", 1)
    (tmp_path / "long.csv").write_text("rid\nr1\nr2\n", encoding="utf-8")
    with pytest.raises(ExtractError, match="over 1 rows"):
        read_file(tmp_path / "long.csv")
