"""The statistician's page: released numbers alone, only as they were released, under one name, with nothing loaded or run."""

import asyncio
import csv
import html
import io
import re
from dataclasses import replace

import httpx
import pytest

from parties.explorer.app import make_app
from parties.explorer.pages import COLUMNS
from parties.explorer.publications import read_publications
from parties.explorer.wording import WORDS
from parties.publication.writing import SUMS, publish
from schemas.errors import ConfigurationError
from tests.noised_tables import AREAS, released_of

HOST = "127.0.0.1:5000"
LATER = {**AREAS, "W06000015": 61}


@pytest.fixture
def tables(tmp_path):
    """Two rounds' publications in one directory."""
    publish(released_of(), tmp_path / "november")
    later = released_of(areas=LATER)
    table = later.table.model_copy(update={"round_id": "round-2"})
    publish(replace(later, table=table, opens="2026-12-01", closes="2026-12-08"), tmp_path / "december")
    return tmp_path


@pytest.fixture
def ask(tables):
    """Ask the page as a browser does."""
    app = make_app(read_publications([tables]), host=HOST)

    async def get(path, host):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}") as client:
            return await client.get(path)

    return lambda path="/", host=HOST: asyncio.run(get(path, host))


def numbers(page):
    return re.findall(
        r'<th scope="row">([^<]+)</th><td class="n">(\d+)</td><td class="n">(\d+)</td><td class="n">(\d+)</td><td>(u?)</td>', page
    )


def test_the_newest_round_s_nation_is_shown_first_with_ages_regions_and_every_round(ask):
    page = html.unescape(ask().text)
    assert "England and Wales, All ages: 151 (139 to 163 at 95 % confidence)" in page
    assert [(name, value) for name, value, *_ in numbers(page)] == [
        ("0 to 4", "0"), ("5 to 9", "0"), ("10 to 14", "151"), ("15 and over", "0"), ("Not known", "0"),
        ("Yorkshire and The Humber", "80"), ("North East", "3"),
        ("2026-12-01", "151"), ("2026-11-01", "130"),
    ]  # fmt: skip


def test_a_place_an_age_and_a_round_can_be_chosen(ask):
    page = ask("/?place=W92000004&age=10-14&round=round-1").text
    assert "Wales, 10 to 14: 40 (28 to 52" in page
    assert ("Cardiff", "40", "28", "52", "") in numbers(page)
    assert [(name, value) for name, value, *_ in numbers(page)][-2:] == [("2026-12-01", "61"), ("2026-11-01", "40")]
    assert '<option value="W92000004" selected>' in page
    assert WORDS["en"]["marked"] not in page
    assert WORDS["en"]["marked"] in ask("/?place=E06000001").text


def test_the_page_is_there_in_welsh(ask):
    page = html.unescape(ask("/?language=cy&place=W06000015").text)
    assert '<html lang="cy">' in page
    assert "Caerdydd, Pob oed: 61" in page
    assert WORDS["en"].keys() == WORDS["cy"].keys()
    for key, text in WORDS["en"].items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", WORDS["cy"][key])), key


def test_a_place_s_numbers_can_be_taken_along(ask):
    answer = ask("/numbers.csv?place=W06000015")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(rows[0]) == list(COLUMNS)
    assert {row["area"] for row in rows} == {"W06000015"}
    assert [(row["round"], row["age"], row["value"]) for row in rows if row["age"] in {"all", "10-14"}] == [
        ("round-2", "all", "61"), ("round-2", "10-14", "61"), ("round-1", "all", "40"), ("round-1", "10-14", "40"),
    ]  # fmt: skip
    assert answer.headers["content-disposition"] == 'attachment; filename="W06000015.csv"'


@pytest.mark.parametrize(
    "query", ["place=<script>", "place=E99999999", "age=7", "round=round-9", "language=xx", "place=&place=K04000001&x=1"]
)
def test_what_is_not_there_to_choose_shows_what_is_and_is_not_said_again(ask, query):
    page = ask(f"/?{query}")
    assert page.status_code == 200
    assert "England and Wales, All ages: 151" in page.text
    assert "<script" not in page.text
    assert "E99999999" not in page.text


def test_it_answers_under_its_own_name_alone_loads_nothing_and_is_kept_nowhere(ask):
    assert ask(host="evil.example").status_code == 400
    answer = ask()
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert answer.headers["cache-control"] == "no-store"
    assert not re.findall(r"<(script|link|img|iframe)|https?://(?!www\.w3\.org/2000/svg)", answer.text)
    assert ask("/../etc/passwd").status_code == 404


def test_a_round_that_lacks_a_place_says_so(tables):
    publish(
        replace(released_of(areas={"E06000001": 9}), opens="2026-12-24", table=released_of(areas={"E06000001": 9}).table.model_copy(update={"round_id": "round-3"})),
        tables / "january",
    )  # fmt: skip
    app = make_app(read_publications([tables]), host=HOST)

    async def get():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}") as client:
            return (await client.get("/?place=W06000015")).text

    page = asyncio.run(get())
    assert WORDS["en"]["not_here"] in html.unescape(page)
    assert [name for name, *_ in numbers(page)] == ["2026-12-01", "2026-11-01"]


def test_only_what_was_released_and_only_as_it_was_released_is_read(tables, tmp_path):
    assert [item.round_id for item in read_publications([tables])] == ["round-2", "round-1"]
    assert read_publications([tables, tables / "november"]) == read_publications([tables])
    counts = tables / "november" / "counts.csv"
    as_it_was = counts.read_bytes()
    counts.write_bytes(as_it_was.replace(b"130", b"131", 1))
    with pytest.raises(ConfigurationError, match=r"counts\.csv: is not as it was published"):
        read_publications([tables])
    counts.unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_publications([tables])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="no publication here"):
        read_publications([tmp_path / "empty"])


def test_a_round_that_was_published_twice_with_other_numbers_is_refused(tables):
    publish(released_of(areas={**AREAS, "W06000015": 41}), tables / "again")
    with pytest.raises(ConfigurationError, match="published with other numbers elsewhere"):
        read_publications([tables])


def test_a_publication_of_another_version_is_named(tables):
    (tables / "november" / "metadata.json").write_text("{}", encoding="utf-8")
    sums = tables / "november" / SUMS
    lines = [line for line in sums.read_text(encoding="utf-8").splitlines() if not line.endswith("metadata.json")]
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    sums.write_text("\n".join([*lines, f"{digest}  metadata.json"]) + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="another version of Kinlink"):
        read_publications([tables])
