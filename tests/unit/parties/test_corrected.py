"""Counts corrected for false and missing links: what follows from evidence, how sure it is, and where it stands in a publication."""

import csv
import io
import json
import math
from dataclasses import replace
from html import unescape

import pytest
from pydantic import ValidationError

from flows.bench.linkage_error import CASES, coverage
from parties.publication.bulletin import bulletin
from parties.publication.corrected import FEWEST, Evidence, corrected, estimate, half_width
from parties.publication.plain import CORRECTED, plain_files
from parties.publication.sheets import ods, xlsx
from parties.publication.wording import WORDS
from parties.publication.writing import publish
from parties.statistics import read_evidence
from schemas.errors import ConfigurationError
from tests.noised_tables import released_of
from tests.unit.parties.test_publication import csv_rows, raw_of_ods

SAID = {"source": "a review of 400 links; 300 children known to a charity", "reviewed": 400, "right": 392, "known": 300, "linked": 240}
EVIDENCE = Evidence(**SAID)


@pytest.fixture
def released():
    return replace(released_of(), evidence=EVIDENCE)


def test_a_count_grows_by_what_is_missing_and_shrinks_by_what_is_false():
    value, _ = estimate(1_000, 20, EVIDENCE)
    assert value == pytest.approx(1_000 * 0.98 / 0.8, rel=0.003)
    perfect = Evidence(source="x", reviewed=10**6, right=10**6, known=10**6, linked=10**6)
    value, (noise, false_links, missed) = estimate(1_000, 20, perfect)
    assert value == pytest.approx(1_000, abs=0.01)
    assert noise == pytest.approx(400, rel=0.001)
    assert false_links + missed < 0.01


def test_variances_are_those_of_theory_at_large_samples():
    large = Evidence(source="x", reviewed=100_000, right=97_000, known=50_000, linked=45_000)
    value, (noise, false_links, missed) = estimate(190_000, 30, large)
    assert noise == pytest.approx((0.97 / 0.9 * 30) ** 2, rel=0.001)
    assert false_links == pytest.approx(value**2 * (1 - 0.97) / (100_000 * 0.97), rel=0.001)
    assert missed == pytest.approx(value**2 * (1 - 0.9) / (50_000 * 0.9) + value * (1 - 0.9) / 0.9, rel=0.001)
    assert half_width((9.0, 16.0)) == pytest.approx(1.959964 * 5)


def test_a_sample_without_an_error_is_not_taken_for_none():
    _, (_, false_links, _) = estimate(1_000, 20, Evidence(source="x", reviewed=60, right=60, known=300, linked=240))
    assert math.sqrt(false_links) > 5


def test_intervals_hold_the_truth_nineteen_times_in_twenty_and_those_for_noise_alone_never():
    found = coverage(seed=11, repetitions=1_500, tell=lambda _: None)
    assert len(found.total) == len(CASES)
    assert all(0.925 < share < 0.975 for share in found.total)
    assert max(found.noise_alone) < 0.05


def test_nation_countries_and_regions_are_corrected_and_no_authority(released):
    found = corrected(released.everything, EVIDENCE)
    assert [item.row.place.name for item in found] == ["England and Wales", "England", "Wales", "North East", "Yorkshire and The Humber"]
    assert all(item.lower <= item.value <= item.upper and item.value > item.row.value for item in found)
    assert all(item.noise + item.false_links + item.missed_links == 100 for item in found)
    assert found[0].upper - found[0].lower > found[0].row.upper - found[0].row.lower


def test_every_file_has_the_same_corrected_numbers_and_says_where_the_evidence_is_from(released):
    wanted = [
        (item.row.place.code, item.row.value, item.value, item.lower, item.upper, item.noise, item.false_links, item.missed_links)
        for item in released.corrected
    ]
    plain = plain_files(released)
    numbers = [name for name in CORRECTED if name not in {"name", "level"}]
    assert [
        tuple(row[name] if name == "area" else int(row[name]) for name in numbers) for row in csv_rows(plain["corrected.csv"])
    ] == wanted
    said = json.loads(plain["corrected.csv-metadata.json"])
    assert [column["name"] for column in said["tableSchema"]["columns"]] == list(CORRECTED)
    in_ods = raw_of_ods(ods(released), "Corrected")
    assert [(row[0], *map(int, row[3:])) for row in in_ods[1:]] == wanted
    for language in ("en", "cy"):
        page = unescape(bulletin(released, language))
        assert WORDS[language]["corrected"] in page
        assert SAID["source"] in page
        assert all(f'<td class="n">{item.value}</td><td class="n">{item.lower}</td>' in page for item in released.corrected)
    assert len(xlsx(released)) > len(xlsx(released_of()))
    assert json.loads(plain["metadata.json"])["evidence"] == SAID


def test_without_evidence_nothing_is_corrected(tmp_path):
    files = {path.name for path in publish(released_of(), tmp_path / "out")}
    assert not [name for name in files if name.startswith("corrected")]
    assert WORDS["en"]["corrected"] not in unescape(bulletin(released_of(), "en"))
    assert released_of().metadata()["evidence"] is None


def test_a_corrected_publication_is_the_same_bytes_again(released, tmp_path):
    first, second = ({path.name: path.read_bytes() for path in publish(replace(released), tmp_path / name)} for name in ("one", "other"))
    assert first == second
    assert {"corrected.csv", "corrected.csv-metadata.json"} <= first.keys()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"reviewed": FEWEST - 1, "right": 10}, "reviewed"),
        ({"right": 401}, "numbers"),
        ({"linked": 301}, "numbers"),
        ({"linked": 0}, "linked"),
        ({"known": "many"}, "known"),
        ({"source": ""}, "source"),
        ({"source": "<script>"}, "source"),
        ({"more": 1}, "more"),
    ],
)
def test_evidence_that_does_not_say_what_it_must_is_refused_by_its_place(tmp_path, change, named):
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(SAID | change), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"evidence\.json: {named}: want source, reviewed") as caught:
        read_evidence(path)
    assert "many" not in str(caught.value)
    with pytest.raises(ValidationError):
        Evidence.model_validate(SAID | change)


def test_evidence_is_read_as_it_was_written_and_what_is_no_file_or_too_large_is_named(tmp_path):
    path = tmp_path / "evidence.json"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_evidence(path)
    path.write_text(json.dumps(SAID), encoding="utf-8")
    assert read_evidence(path) == EVIDENCE
    path.write_text(" " * 70_000, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="four numbers"):
        read_evidence(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="numbers: want source"):
        read_evidence(path)


def test_the_csv_of_corrected_counts_has_one_row_a_place(released):
    rows = list(csv.reader(io.StringIO(plain_files(released)["corrected.csv"])))
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1 == 5
