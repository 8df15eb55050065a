"""A publication: the same numbers in every file, the same bytes when made again, pages that load nothing, and rules that stop what does not hold."""

import csv
import io
import json
import re
import zipfile
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parties.publication.bulletin import FILES, bulletin
from parties.publication.charts import intervals_svg, most_first, tiles_svg
from parties.publication.places import LANGUAGES, Level, of_all_ages, of_level
from parties.publication.plain import COLUMNS, SDMX, SDMX_AGES, plain_files
from parties.publication.released import Released
from parties.publication.sheets import NO_MARK, ods, xlsx
from parties.publication.wording import WORDS
from parties.publication.writing import SUMS, publish
from schemas.aggregate import AGES, NATION
from schemas.errors import ConfigurationError, ServiceError
from schemas.geography import authorities, current
from tests.noised_tables import AREAS, ENGLAND, cell, released_of, table_of

DASH = "\N{EN DASH}"


@pytest.fixture
def released():
    return released_of()


def csv_rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_places_stand_from_the_nation_down_and_regions_are_sums_of_their_authorities(released):
    assert [(row.level, row.place.name, row.value) for row in released.rows] == [
        ("nation", "England and Wales", 130),
        ("country", "England", 90),
        ("country", "Wales", 40),
        ("region", "North East", 3),
        ("region", "Yorkshire and The Humber", 80),
        ("authority", "Barnsley", 80),
        ("authority", "Cardiff", 40),
        ("authority", "Hartlepool", 3),
        ("authority", 'North & "South" <shire>', 7),
    ]
    assert [row.mark for row in released.rows[1:5]] == ["", "", "u", ""]
    assert {row.age for row in released.rows} == {""}


def test_every_place_stands_by_age_as_well(released):
    assert {row.place for row in released.by_age} == {row.place for row in released.rows}
    assert [(row.age, row.value) for row in released.by_age if row.place.code == NATION] == [
        ("unknown", 0), ("0-4", 0), ("5-9", 0), ("10-14", 130), ("15+", 0),
    ]  # fmt: skip


def test_what_was_measured_is_published_as_it_is(released):
    found = [(row.place.code, row.value) for row in of_all_ages(of_level(released.measured, Level.AUTHORITY))]
    assert found == [(current(code), value - 5) for code, value in AREAS.items()]
    assert [row.place.name for row in of_all_ages(of_level(released.measured, Level.REGION))] == ["North East", "Yorkshire and The Humber"]


def values_of_page(text):
    cells = re.findall(
        r"<tr class=\"\w+\"><td>(\w+)</td>.*?<td class=\"n\">(\d+)</td><td class=\"n\">(\d+)</td><td class=\"n\">(\d+)</td><td>(u?)</td>",
        text,
    )
    return [(code, int(value), int(lower), int(upper), mark) for code, value, lower, upper, mark in cells]


def raw_of_ods(content, name):
    names = {"table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0", "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0"}
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.namelist()[0] == "mimetype"
        assert file.getinfo("mimetype").compress_type == zipfile.ZIP_STORED
        root = ET.fromstring(file.read("content.xml"))
    sheet = next(item for item in root.iter(f"{{{names['table']}}}table") if item.get(f"{{{names['table']}}}name") == name)
    return [
        ["".join(one.itertext()) for one in row.iter(f"{{{names['table']}}}table-cell")]
        for row in sheet.iter(f"{{{names['table']}}}table-row")
    ]


def values_of_ods(content, name):
    return typed(raw_of_ods(content, name)[1:])


def rows_of_xlsx(content, number, first):
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        texts = ["".join(item.itertext()) for item in ET.fromstring(file.read("xl/sharedStrings.xml"))]
        sheet = ET.fromstring(file.read(f"xl/worksheets/sheet{number}.xml"))
    rows = []
    for row in sheet.iter(f"{space}row"):
        rows.append([texts[int(one.findtext(f"{space}v"))] if one.get("t") == "s" else one.findtext(f"{space}v") for one in row])
    header = next(place for place, row in enumerate(rows) if row[0] == first)
    return rows[header + 1 :]


def values_of_xlsx(content, number):
    return typed(rows_of_xlsx(content, number, "Code"))


def typed(rows):
    return [
        (code, age, int(value), int(lower), int(upper), "" if mark == NO_MARK else mark)
        for code, _, _, age, value, lower, upper, mark in rows
    ]


def numbers(rows, ages):
    return [(row.place.code, ages[row.age], row.value, row.lower, row.upper, row.mark) for row in rows]


def test_every_file_has_the_same_numbers(released):
    plain = plain_files(released)
    in_csv = {age: age or "all" for age in ("", *AGES)}
    for name, rows in (("counts.csv", released.everything), ("measurements.csv", released.measured)):
        found = csv_rows(plain[name])
        assert [
            (row["area"], row["age"], int(row["value"]), int(row["lower"]), int(row["upper"]), row["mark"]) for row in found
        ] == numbers(rows, in_csv)
    for language in LANGUAGES:
        page = bulletin(released, language)
        assert values_of_page(page) == [(code, *rest) for code, _, *rest in numbers(released.rows, in_csv)]
        assert ages_of_page(page) == {
            (row.place.named(language), f"{row.value}{row.mark} ({row.lower}{DASH}{row.upper})")
            for row in released.by_age
            if row.level is not Level.AUTHORITY
        }
    in_words = {age: WORDS["en"][age or "all ages"] for age in ("", *AGES)}
    wanted = [numbers(rows, in_words) for rows in (released.rows, released.by_age, released.measured)]
    assert [values_of_ods(ods(released), name) for name in ("Counts", "Ages", "Measurements")] == wanted
    workbook = xlsx(released)
    assert [rows for number in range(1, 7) if (rows := rows_or_none(workbook, number))] == wanted
    assert [(row["REF_AREA"], row["AGE"], int(row["OBS_VALUE"]), row["OBS_STATUS"]) for row in csv_rows(plain["counts-sdmx.csv"])] == [
        (row.place.code, SDMX_AGES[row.age], row.value, "U" if row.mark else "A") for row in released.everything
    ]


def test_every_file_has_the_same_ledger_and_says_what_was_lost(released):
    plain = plain_files(released)
    wanted = [
        ("1", "2026-08-03", "round-0", "24356", "24356", "1001"),
        ("2", "2026-08-09", "", "24356", "48712", "1444"),
        ("3", "2026-11-24", "round-1", "24356", "73068", "1790"),
    ]
    assert [tuple(row.values()) for row in csv_rows(plain["privacy-ledger.csv"])] == wanted
    in_sheets = [[cell or "[lost]" for cell in row] for row in wanted]
    assert raw_of_ods(ods(released), "Privacy")[1:] == in_sheets
    assert rows_of_xlsx(xlsx(released), 7, "Number") == in_sheets
    for language in LANGUAGES:
        page = bulletin(released, language)
        rows = re.findall(r'<tr><td class="n">(\d+)</td>((?:<td[^>]*>[^<]*</td>){5})</tr>', page)
        lost = WORDS[language]["ledger lost"]
        assert [(number, *re.findall(r">([^<]*)</td>", cells)) for number, cells in rows] == [
            tuple(cell or lost for cell in row) for row in wanted
        ]
    said = json.loads(plain["privacy-ledger.csv-metadata.json"])["tableSchema"]
    assert ([column["name"] for column in said["columns"]], said["primaryKey"]) == (
        plain["privacy-ledger.csv"].splitlines()[0].split(","),
        ["number"],
    )
    assert {key: value for key, value in released.metadata().items() if "so_far" in key} == {
        "drawn_so_far": 3, "rho_so_far": 0.073068, "epsilon_so_far_at": {"1e-6": 1.79, "1e-10": 2.163},
    }  # fmt: skip


def ages_of_page(text):
    rows = re.findall(r"<tr><th scope=\"row\">([^<]+)</th>((?:<td class=\"n\">[^<]+</td>)+)</tr>", text)
    return {(unescape(name), value) for name, cells in rows for value in re.findall(r">([^<]+)</td>", cells) if "(" in value}


def rows_or_none(workbook, number):
    try:
        return values_of_xlsx(workbook, number)
    except StopIteration:
        return None


def test_descriptions_name_the_columns_that_are_there_and_bound_counts_at_0(released):
    plain = plain_files(released)
    assert plain["counts-sdmx.csv"].splitlines()[0].split(",") == list(SDMX)
    for name in ("counts.csv", "measurements.csv"):
        said = json.loads(plain[f"{name}-metadata.json"])
        assert said["url"] == name
        assert [column["name"] for column in said["tableSchema"]["columns"]] == plain[name].splitlines()[0].split(",") == list(COLUMNS)
    counts, measured = (json.loads(plain[f"{name}.csv-metadata.json"])["tableSchema"]["columns"] for name in ("counts", "measurements"))
    assert {column["name"] for column in counts if isinstance(column["datatype"], dict)} == {"value", "lower", "upper"}
    assert not [column for column in measured if isinstance(column["datatype"], dict)]


class Page(HTMLParser):
    """What a page would load, run, or leave unsaid."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.language, self.policy, self.open = [], [], None, None, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given_ = dict(attrs)
        self.tags.append((tag, given_))
        self.addresses += [value for name, value in attrs if name in {"src", "href", "srcset", "data", "action", "xlink:href"}]
        self.language = given_.get("lang") if tag == "html" else self.language
        if given_.get("http-equiv") == "Content-Security-Policy":
            self.policy = given_["content"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_loads_and_runs_nothing_and_says_its_language(released, language):
    text = bulletin(released, language)
    page = Page(text)
    assert page.language == language
    assert page.policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    assert not [name for _, given_ in page.tags for name in given_ if name.startswith("on")]
    assert set(page.addresses) == {"#numbers", FILES["cy" if language == "en" else "en"]}
    assert "http" not in re.sub(r'http-equiv|xmlns="http://www.w3.org/2000/svg"', "", text)
    assert "url(" not in text.replace("url(#wide)", "")
    assert 'North &amp; "South" &lt;shire&gt;' in text or "North &amp; &#34;South&#34; &lt;shire&gt;" in text
    assert "<shire>" not in text


def test_headings_tables_and_drawings_are_named_for_those_who_hear_a_page(released):
    page = Page(bulletin(released, "en"))
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1
    assert [given_["scope"] for tag, given_ in page.tags if tag == "th"]
    drawings = [given_ for tag, given_ in page.tags if tag == "svg"]
    assert len(drawings) == 1 + 4  # the tiles; Yorkshire, Wales, the North East, and what lies nowhere
    assert all(item["role"] == "img" and len(item["aria-label"]) > 40 for item in drawings)


def test_both_languages_say_the_same_things_and_leave_the_same_places_open():
    english, welsh = WORDS["en"], WORDS["cy"]
    assert english.keys() == welsh.keys()
    for key, text in english.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", welsh[key])), key
        assert re.findall(r"192,912|2021|2022|2024", text) == re.findall(r"192,912|2021|2022|2024", welsh[key])
    assert {key for key in english if english[key] == welsh[key]} <= {"delta", "epsilon"}


def test_welsh_pages_have_welsh_names(released):
    text = bulletin(released, "cy")
    for name in ("Caerdydd", "Cymru a Lloegr", "Cymru"):
        assert name in text
    assert "Cardiff" not in text


def test_there_is_a_tile_for_every_authority_and_a_number_on_those_that_took_part(released):
    drawing = ET.fromstring(tiles_svg(of_level(released.rows, Level.AUTHORITY), "en", "tiles"))
    titles = [item.text for item in drawing.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == len(authorities()) == 175
    assert sorted(text for text in titles if ":" in text) == [
        f"Barnsley: 80 (68{DASH}92)",
        f"Cardiff: 40 (28{DASH}52)",
        f"Hartlepool: 3 (0{DASH}15)",
    ]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**4)), min_size=1, max_size=40))
def test_dots_and_lines_lie_within_the_drawing_whatever_the_numbers(drawn):
    codes = list(authorities())
    areas = {code: value for code, (value, _) in zip(codes, drawn, strict=False)}
    rows = of_level(Released(table_of(areas), {}, "2026-11-01", "2026-11-08", "1").rows, Level.AUTHORITY)
    drawing = ET.fromstring(intervals_svg(most_first(rows, "en"), "caption"))
    for item in drawing.iter("{http://www.w3.org/2000/svg}circle"):
        assert 250 <= float(item.get("cx")) <= 720
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}circle"))) == len(areas)


def test_a_publication_has_its_checksums_and_is_the_same_bytes_again(released, tmp_path):
    files = publish(released, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in files}
    assert list(before) == [
        "bulletin.html", "bwletin.html", "tables.xlsx", "tables.ods", "counts.csv", "counts-sdmx.csv", "measurements.csv",
        "counts.csv-metadata.json", "measurements.csv-metadata.json", "metadata.json", "privacy-ledger.csv",
        "privacy-ledger.csv-metadata.json", "release-notes.txt", SUMS,
    ]  # fmt: skip
    for line in before[SUMS].decode().splitlines():
        checksum, name = line.split("  ")
        assert sha256(before[name]).hexdigest() == checksum
    assert {path.name: path.read_bytes() for path in publish(released_of(), tmp_path / "out")} == before
    assert {path.name: path.read_bytes() for path in publish(released_of(), tmp_path / "another")} == before
    with pytest.raises(ConfigurationError, match="another publication"):
        publish(released_of(areas={**AREAS, "E10000001": 8}), tmp_path / "out")
    assert {path.name: path.read_bytes() for path in files} == before


def test_metadata_state_what_the_table_cost(released):
    said = released.metadata()
    assert (said["rho"], said["epsilon"], said["delta"], said["cap"]) == (0.024356, 1.001, "1e-6", 4)
    assert said["epsilon_at"] == {"1e-6": 1.001, "1e-10": 1.374}
    assert set(said["criteria"].values()) == {True}
    assert re.fullmatch("[0-9a-f]{64}", said["table_sha256"])


def but(code, age="", **changes):
    """Return what is published with one cell changed."""
    whole = table_of().adjusted
    return {"adjusted": [item.model_copy(update=changes) if (item.area, item.age) == (code, age) else item for item in whole]}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (but(NATION, value=131), "areas add up"),
        (but(NATION, "0-4", value=1), "areas add up"),
        (but(ENGLAND, value=84), "regions add up"),
        (but("E12000001", "10-14", value=84), "regions add up"),
        (but("E08000016", "10-14", value=79), "ages add up"),
        ({"adjusted": [item for item in table_of().adjusted if item.area != "W06000015"]}, "same places as measured"),
        ({"adjusted": [item for item in table_of().adjusted if item.age != "15+"]}, "ages add up"),
        ({"adjusted": [*table_of().adjusted, cell("E08000016", 80)]}, "every place once"),
        (but("E06000001", value=-3, lower=-5), "none below zero"),
        (but("E08000016", lower=81), "intervals hold their counts"),
        (but("E06000001", mark=""), "wide intervals are marked"),
        ({"micro_rho": 0}, "privacy is stated"),
    ],
)  # fmt: skip
def test_a_table_that_breaks_a_rule_is_not_published_and_the_rule_is_named(tmp_path, changes, rule):
    table = table_of().model_copy(update=changes)
    broken = Released(table, {}, "2026-11-01", "2026-11-08", "1")
    assert rule in {item.name for item in broken.criteria if not item.holds}
    with pytest.raises(ServiceError, match=rule):
        publish(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert WORDS["en"]["fails"] in bulletin(broken, "en")
