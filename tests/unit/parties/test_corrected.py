"""Counts corrected for false and missing links: what follows from evidence, how sure it is, and where it stands in a publication."""

import csv
import io
import json
import math
import re
from dataclasses import replace
from html import unescape

import pytest
from pydantic import ValidationError

from flows.bench.linkage_error import CASES, coverage
from parties.publication.bulletin import bulletin
from parties.publication.corrected import corrected, estimate, half_width
from parties.publication.evidence import FEWEST, Evidence, Sample
from parties.publication.plain import CORRECTED, LINKS, plain_files
from parties.publication.sheets import ods, xlsx
from parties.publication.wording import WORDS
from parties.publication.writing import publish
from parties.statistics import read_evidence
from schemas.errors import ConfigurationError
from tests.noised_tables import released_of
from tests.unit.parties.test_publication import csv_rows, raw_of_ods
from validation.synthetic.linked import linked_rounds

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


GROUPS = [
    {"age": "0-4", "reviewed": 200, "right": 190, "known": 200, "linked": 100},
    {"area": "W92000004", "reviewed": 400, "right": 390, "known": 400, "linked": 360},
    {"area": "W92000004", "age": "0-4", "reviewed": 60, "right": 60, "known": 60, "linked": 50},
]


@pytest.fixture
def grouped():
    return replace(released_of(), evidence=Evidence.model_validate(SAID | {"strata": GROUPS}))


def test_an_age_and_a_place_with_evidence_of_their_own_are_corrected_by_that(grouped):
    evidence = grouped.evidence
    assert evidence.of("E92000001", "") is evidence
    assert [evidence.of(*group).linked for group in (("E92000001", "0-4"), ("W92000004", ""), ("W92000004", "0-4"))] == [100, 360, 50]
    assert evidence.of("E92000001", "5-9") is evidence.of("W92000004", "5-9") is None
    found = {(item.row.place.name, item.row.age): item for item in grouped.corrected}
    assert {age for _, age in found} == {"", "0-4"}
    assert found["Wales", ""].value == round(40 * (390.5 / 401) / (360.5 / 401))
    assert found["England", ""].value == round(90 * (392.5 / 401) / (240.5 / 301))
    assert len(found) == 2 * len([item for item in grouped.corrected if not item.row.age])


def test_what_is_known_of_a_group_corrects_where_the_whole_round_does_not():
    """Two ages of which one is found half as often: by their own evidence the truth is held, by the whole round's it is not."""
    truth, own = 4_000, 0
    whole = Evidence(source="x", reviewed=4_000, right=3_960, known=4_000, linked=3_000)
    held = []
    for recall, seed in ((0.5, 3), (0.95, 4)):
        rounds = linked_rounds(truth, precision=0.99, recall=recall, sample=2_000, rounds=1_500, seed=seed)
        for linked, right, found in zip(rounds.linked.tolist(), rounds.right.tolist(), rounds.found.tolist(), strict=True):
            sample = Sample(reviewed=2_000, right=right, known=2_000, linked=found)
            value, variances = estimate(linked, 0, sample)
            own += abs(value - truth) <= half_width(variances)
            value, variances = estimate(linked, 0, whole)
            held.append(abs(value - truth) <= half_width(variances))
    assert 0.93 < own / len(held) < 0.97
    assert not any(held)


@pytest.mark.parametrize(
    ("groups", "place"),
    [
        ([{**GROUPS[0], "reviewed": 40, "right": 40}], r"strata\.0\.reviewed"),
        ([{**GROUPS[0], "age": ""}], r"strata\.0"),
        ([{**GROUPS[1], "area": "E06000001"}], r"strata\.0"),
        ([{**GROUPS[0], "age": "7"}], r"strata\.0\.age"),
        ([GROUPS[0], GROUPS[0]], "numbers"),
        ([GROUPS[1], {**GROUPS[2], "linked": 61}], r"strata\.1"),
    ],
)
def test_a_group_that_is_none_or_too_small_is_refused_by_its_place(tmp_path, groups, place):
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(SAID | {"strata": groups}), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"evidence\.json: {place}: want source, reviewed"):
        read_evidence(path)


def test_every_file_has_the_same_corrected_numbers_and_says_where_the_evidence_is_from(released):
    wanted = [
        (item.row.place.code, item.row.value, item.value, item.lower, item.upper, item.noise, item.false_links, item.missed_links)
        for item in released.corrected
    ]
    plain = plain_files(released)
    numbers = [name for name in CORRECTED if name not in {"name", "level", "age"}]
    assert [
        tuple(row[name] if name == "area" else int(row[name]) for name in numbers) for row in csv_rows(plain["corrected.csv"])
    ] == wanted
    said = json.loads(plain["corrected.csv-metadata.json"])
    assert [column["name"] for column in said["tableSchema"]["columns"]] == list(CORRECTED)
    in_ods = raw_of_ods(ods(released), "Corrected")
    assert [(row[0], *map(int, row[4:])) for row in in_ods[1:]] == wanted
    for language in ("en", "cy"):
        page = unescape(bulletin(released, language))
        assert WORDS[language]["corrected"] in page
        assert SAID["source"] in page
        assert all(f'<td class="n">{item.value}</td><td class="n">{item.lower}</td>' in page for item in released.corrected)
    assert len(xlsx(released)) > len(xlsx(released_of()))
    assert json.loads(plain["metadata.json"])["evidence"] == SAID | {"right": 390}
    assert not [name for name, text in plain.items() if "392" in text]


def test_every_file_says_how_good_the_links_of_each_group_are(grouped):
    wanted = [
        ("any", "all", 400, 975, 954, 988, 300, 800, 750, 844),
        ("any", "0-4", 200, 950, 909, 976, 200, 500, 428, 572),
        ("W92000004", "all", 400, 975, 954, 988, 400, 900, 866, 928),
        ("W92000004", "0-4", 60, 1_000, 940, 1_000, 60, 833, 714, 918),
    ]
    plain = plain_files(grouped)
    numbers = [name for name in LINKS if name not in {"area", "name", "age"}]
    rows = [(row["area"], row["age"], *(int(row[name]) for name in numbers)) for row in csv_rows(plain["links.csv"])]
    assert rows == wanted
    assert [(row[0], *map(int, row[3:])) for row in raw_of_ods(ods(grouped), "Links")[1:]] == [(code, *rest) for code, _, *rest in wanted]
    for language in ("en", "cy"):
        page = unescape(bulletin(grouped, language))
        rows = re.findall(
            r'<td>([^<]+)</td>\n<td class="n">(\d+)</td><td class="n">([^<]+)</td><td class="n">(\d+)</td><td class="n">([^<]+)</td>', page
        )
        assert [(age, *map(int, re.findall(r"\d+", " ".join(cells)))) for age, *cells in rows] == [
            (WORDS[language]["all ages" if age == "all" else age], *rest) for _, age, *rest in wanted
        ]


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
