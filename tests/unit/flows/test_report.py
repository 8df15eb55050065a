"""The quality report: one page that stands alone, says the figures, and holds no value of a record."""

import csv
import json
import re
from contextlib import redirect_stdout
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise

import numpy as np
import pytest

from flows.command import main
from flows.report.drawing import Step, signed, waterfall_svg
from flows.report.truth import TRUE_PAIRS_A_ROW, has_truth
from flows.report.wording import FIELD_WORDS, FIGURE_WORDS, KIND_WORDS, LEVEL_WORDS, REPRESENTATIVE_WORDS
from linkage.second_look.levels import FIELDS
from schemas.errors import ExtractError
from validation.quality.charts import representatives

pytestmark = pytest.mark.slow

MARKED = (
    {"given": "Qzxalba", "surname": "Qzxash", "address": "77 Qzxstreet", "dob": "19600317", "postcode": "CF10 3QZ"},
    {"given": "Qzxmorwenna", "surname": "Qzxelm", "address": "8 Qzxlane", "dob": "19751104", "postcode": "B11 4QZ"},
    {"given": "Qzxtheodore", "surname": "Qzxoakley", "address": "105 Qzxroad", "dob": "19880629", "postcode": "CV6 2QZ"},
)
LIMIT_BYTES = 1_000_000
VOID = {"meta", "br", "path", "use"}
NAMES = {"forename": "given", "middle_names": "middle", "surname": "surname", "sex": "sex", "address": "address", "town": "town",
         "postcode": "postcode"}  # fmt: skip


def records(population, pattern, prefix):
    """Return the adults of the files that match, as `kinlink evaluate` reads them, with the truth."""
    with (population / "truth" / "records.csv").open(encoding="utf-8", newline="") as file:
        person_of = {(row["custodian"], row["record_id"]): row["person_id"] for row in csv.DictReader(file)}
    found = []
    for path in sorted(population.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = next(iter(row.values()))
                found.append({target: row[source] for source, target in NAMES.items()} | {
                    "rid": f"{prefix}-{key}", "ent": person_of[path.parent.name, key], "dob": row["date_of_birth"].replace("-", "")})  # fmt: skip
    return found


def marked(side):
    """Return the records with a few more whose every name is a marker."""
    same = {"middle": "", "sex": "F", "town": "Qzxtown"}
    more = [{**person, **same, "rid": f"Qzxrid{number}", "ent": f"Qzxlabel{number}"} for number, person in enumerate(MARKED)]
    return side + more


def write(path, side):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sorted(side[0]))
        writer.writeheader()
        writer.writerows(side)
    return path


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    """Two labelled files of an invented population: police forces' adults, and authorities' carers."""
    folder = tmp_path_factory.mktemp("population")
    assert main(["synth", "--out", str(folder / "made"), "--people", "20000", "--seed", "3", "--prevalence", "demo"]) == 0
    police, carers = (
        marked(records(folder / "made", f"{who}*/{file}.csv", who)) for who, file in (("police", "persons"), ("local", "carers"))
    )
    return write(folder / "left.csv", police), write(folder / "right.csv", carers), [*police, *carers]


@pytest.fixture(scope="module")
def said(sides, tmp_path_factory):
    """What `--json` printed and the page, with truth."""
    return run(sides, tmp_path_factory.mktemp("report") / "quality.html")


def run(sides, report):
    with redirect_stdout(StringIO()) as printed:
        assert main(["evaluate", *map(str, sides[:2]), "--report", str(report), "--json"]) == 0
    return json.loads(printed.getvalue()), report.read_text(encoding="utf-8")


class Page(HTMLParser):
    """A page's elements, ids and what its attributes point at."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.attributes, self.open, self.unbalanced = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.unbalanced.append(tag)


def test_the_page_loads_and_runs_nothing_from_anywhere(said):
    page = Page(said[1])
    assert not {"script", "link", "img", "iframe", "object", "embed", "image", "base", "form"} & set(page.tags)
    assert [value for name, value in page.attributes if name in {"href", "src", "xlink:href", "action"} and not value.startswith("#")] == []
    assert not re.search(r"@import|@font-face|url\((?!#)|javascript:", said[1])
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "default-src 'none'" in said[1]


def test_the_page_is_well_formed_with_each_id_once_and_every_reference_met(said):
    page = Page(said[1])
    assert (page.unbalanced, page.open) == ([], [])
    assert len(page.ids) == len(set(page.ids))
    named = {value for name, value in page.attributes if name == "aria-labelledby"} | set(re.findall(r'(?:url\(|href=")#([^")]+)', said[1]))
    assert named <= set(page.ids)


def test_every_chart_has_a_caption_and_the_headings_are_in_order(said):
    page = Page(said[1])
    assert page.tags.count("svg") == page.tags.count("figcaption") == page.tags.count("figure") == 7
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_page_is_small(said):
    assert len(said[1].encode()) < LIMIT_BYTES


def test_marked_people_are_linked_and_nothing_of_them_is_on_the_page_or_in_the_figures(sides, said, tmp_path):
    assert main(["evaluate", *map(str, sides[:2]), "--links", str(tmp_path / "links.csv")]) == 0
    assert "Qzxrid0,Qzxrid0" in (tmp_path / "links.csv").read_text(encoding="utf-8")
    assert "qzx" not in said[1].lower()
    assert "qzx" not in json.dumps(said[0]).lower()


def test_no_id_date_postcode_address_or_full_name_of_any_record_is_on_the_page(sides, said):
    values = {record[name] for record in sides[2] for name in ("rid", "postcode", "address", "dob")}
    values |= {f"{record['given']} {record['surname']}" for record in sides[2]}
    assert len(values) > 1_000
    assert [value for value in values if len(value) > 4 and value in said[1]] == []


def test_the_page_says_the_figures_of_both_rules(said):
    figures, page = said
    for value in (figures["precision"], figures["recall"], figures["release"]["precision"], figures["release"]["recall"]):
        assert f"{value:.2%}" in page
    assert "not enough evidence" in page
    assert f"n = {figures['release']['pairs']:,}" in page


def test_json_has_groups_misidentification_and_every_key_from_before(said):
    figures = said[0]
    assert set(figures) == {
        "pairs", "precision", "recall", "f1", "recall_at_p99", "recall_at_p999", "release", "review_share", "thresholds",
        "groups", "misidentification", "f1_best", "f1_best_bits", "search_cut",
    }  # fmt: skip
    assert set(figures["groups"]) == set(KIND_WORDS)
    assert set(figures["misidentification"]) == {"released", "wrong", "share", "upper_95", "target", "verdict"}
    assert figures["misidentification"]["released"] == figures["release"]["pairs"]
    assert figures["groups"]["postcode"]["same"]["link"] > figures["groups"]["postcode"]["another, moved"]["link"]
    assert sum(group["true_pairs"] or 0 for group in figures["groups"]["sex"].values()) > 100


def test_groups_that_divide_all_true_pairs_have_the_recall_of_all(said):
    figures = said[0]
    for kind in ("sex", "born", "postcode", "surname"):
        groups = [group for group in figures["groups"][kind].values() if group["true_pairs"]]
        mean = sum(group["link"] * group["true_pairs"] for group in groups) / sum(group["true_pairs"] for group in groups)
        assert mean == pytest.approx(figures["recall"], abs=0.03)


def test_what_a_rule_found_the_search_found_and_a_slot_looked_at(said):
    counted = [group for groups in said[0]["groups"].values() for group in groups.values() if group["true_pairs"]]
    assert all(group["release"] <= group["link"] <= 1 - group["search_missed"] - group["no_slot"] + 1e-3 for group in counted)
    assert any(group["search_missed"] for group in counted)


def test_small_groups_are_named_and_not_counted(said):
    figures, page = said
    few = [name for groups in figures["groups"].values() for name, group in groups.items() if group["true_pairs"] is None]
    assert few
    assert all(group["link"] is None for groups in figures["groups"].values() for group in groups.values() if group["true_pairs"] is None)
    assert page.count('class="few"') == len(few)


def test_without_truth_the_page_has_weights_and_pairs_and_says_what_is_missing(sides, tmp_path):
    without = []
    for path in sides[:2]:
        with path.open(encoding="utf-8", newline="") as file:
            side = [{name: value for name, value in row.items() if name != "ent"} for row in csv.DictReader(file)]
        without.append(write(tmp_path / path.name, side))
    figures, page = run(without, tmp_path / "quality.html")
    assert "groups" not in figures
    assert page.count("<svg") == 5
    assert "who is who" in page
    assert "qzx" not in page.lower()


def test_files_without_a_candidate_have_a_report_too(tmp_path):
    sides = [write(tmp_path / f"{name}.csv", [{"rid": "1", "ent": name, "given": given, "surname": given, "dob": dob}])
             for name, given, dob in (("a", "Ada", "19850203"), ("b", "Zacharias", "19510912"))]  # fmt: skip
    figures, page = run(sides, tmp_path / "quality.html")
    assert (figures["pairs"], figures["misidentification"]["verdict"]) == (0, "not enough evidence")
    assert "0 candidate pairs" in page


def test_file_names_are_escaped(sides, tmp_path):
    left = sides[0].rename(sides[0].with_name("a<b>&.csv"))
    try:
        _, page = run((left, sides[1]), tmp_path / "quality.html")
    finally:
        left.rename(sides[0])
    assert "a&lt;b&gt;&amp;.csv" in page
    assert "<b>&" not in page


@pytest.mark.parametrize(("name", "why"), [("quality.pdf", "written as .html"), ("none/quality.html", "no such directory")])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path, capsys, name, why):
    assert main(["evaluate", "none.csv", "none.csv", "--report", str(tmp_path / name)]) == 11
    assert why in capsys.readouterr().err


def test_labels_that_are_not_of_persons_are_refused():
    rows = TRUE_PAIRS_A_ROW + 1
    same = {"rid": ["1"] * rows, "ent": ["Qzxlabel"] * rows}
    with pytest.raises(ExtractError, match="one label") as raised:
        has_truth(same, same)
    assert "Qzxlabel" not in str(raised.value)
    assert has_truth({"rid": ["1"], "ent": ["e"]}, {"rid": ["1"], "ent": ["e"]})
    assert not has_truth({"rid": ["1"]}, {"rid": ["1"], "ent": ["e"]})


def test_every_level_group_and_figure_has_words():
    assert set(FIELD_WORDS) == set(LEVEL_WORDS) == set(FIELDS)
    assert {field: set(words) for field, words in LEVEL_WORDS.items()} == {field: set(levels) for field, levels in FIELDS.items()}
    chosen = representatives(np.array([9.0, 4.0]), np.zeros((2, 7), dtype=np.uint8), link=0.0, theta=5.0)
    assert set(chosen) == set(REPRESENTATIVE_WORDS)
    assert set(FIGURE_WORDS) == {"pairs", "precision", "recall", "f1", "recall_at_p99", "recall_at_p999"}


def test_a_waterfall_says_each_step_and_ends_at_the_total():
    svg = waterfall_svg("one", [Step("before", "", -10.0), Step("forename", "equal", 12.5), Step("sex", "different", -1.0)], 5.0)
    for text in (signed(-10.0), "+12.5", signed(-1.0), "+1.5", "forename: equal"):
        assert text in svg


def test_the_same_chart_is_drawn_the_same_each_time():
    steps = [Step("before", "", -1.0), Step("sex", "equal", 1.0)]
    assert waterfall_svg("one", steps, 5.0) == waterfall_svg("one", steps, 5.0)
