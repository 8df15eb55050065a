"""Papers for families: both languages say the same things, in neutral words; a page can be read by anybody; no dead number is printed."""

import builtins
import json
import re
from dataclasses import asdict, replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest
from test_referrals_collect import node  # noqa: F401 - a fixture
from test_referrals_documents import CHILD, ENVELOPE, LOADED_WORDS, SPOC, referral

from flows.command import main
from parties.extracts.check import Checked
from parties.referrals.directory import RecipientRole
from parties.referrals.documents import as_html, as_json
from parties.referrals.pages import INK, PAPER, STYLE, in_language
from parties.referrals.paper_texts import ENGLISH_TEXTS, WELSH_TEXTS, Paper
from parties.referrals.papers import WITH_HELP, paper
from parties.referrals.payloads import make_referral
from parties.referrals.pdf import as_pdf
from parties.referrals.routing import Route
from parties.referrals.signposts import SIGNPOSTS, is_telephone, valid_signposts
from parties.referrals.wording import ENGLISH, WELSH
from schemas.errors import ConfigurationError

TODAY = date(2026, 11, 23)
BOTH = ("cy", "en")
HELPLINE = "0808 808 2003"


@pytest.mark.parametrize("which", Paper)
def test_both_languages_of_a_paper_say_the_same_things(which):
    english, welsh = ENGLISH_TEXTS[which], WELSH_TEXTS[which]
    assert [len(sentences) for _, sentences in english.sections] == [len(sentences) for _, sentences in welsh.sections]
    assert len(english.blanks) == len(welsh.blanks)
    assert bool(english.help_heading) == bool(welsh.help_heading) == (which in WITH_HELP)
    assert english.title != welsh.title


@pytest.mark.parametrize("which", Paper)
def test_no_paper_uses_a_loaded_word_or_names_a_prison(which):
    for text in (ENGLISH_TEXTS[which], WELSH_TEXTS[which]):
        assert not re.findall(LOADED_WORDS, str(tuple(text)), flags=re.IGNORECASE)
        assert not re.findall(r"\bHMP\b|intervention|\bwill (get|arrange|help)\b", str(tuple(text)), flags=re.IGNORECASE)


def test_the_leaflet_says_what_was_shared_with_whom_why_and_how_to_object_and_promises_nothing():
    text = paper(Paper.LEAFLET, ("en",), TODAY)
    for said in (
        "was told the child&#x27;s name",
        "One named person",
        "so that they can offer support",
        "may object",
        "may be able to",
        "not a child protection report",
        HELPLINE,
    ):
        assert said in text


@pytest.mark.parametrize("which", [Paper.CONSENT, Paper.ASSESSMENT])
def test_a_form_asks_the_family_first_and_has_room_to_write(which):
    text = paper(which, BOTH, TODAY)
    assert text.count('<div class="blank"></div>') == 2 * len(ENGLISH_TEXTS[which].blanks)
    assert HELPLINE not in text


def test_easy_read_has_short_sentences_in_large_type():
    for texts in (ENGLISH_TEXTS, WELSH_TEXTS):
        sentences = [sentence for _, found in texts[Paper.EASY_READ].sections for sentence in found]
        assert max(len(sentence.split()) for sentence in sentences) <= 10
    assert '<section lang="en" class="easy">' in paper(Paper.EASY_READ, ("en",), TODAY)
    assert ".easy{font-size:16pt" in STYLE


def test_a_service_is_named_on_its_days_alone():
    for item in SIGNPOSTS:
        for day, named in ((item.valid_from, True), (item.valid_to, True), (item.valid_to + timedelta(days=1), False)):
            assert (item in valid_signposts(day, item.nations)) is named
    assert HELPLINE not in paper(Paper.LEAFLET, BOTH, date(2030, 1, 1))
    assert ENGLISH_TEXTS[Paper.LEAFLET].help_heading not in paper(Paper.LEAFLET, BOTH, date(2030, 1, 1))


def test_families_in_another_nation_have_their_own_service():
    assert [item.name for item in valid_signposts(TODAY, ("scotland",))] == ["Families Outside"]


@pytest.mark.parametrize("item", SIGNPOSTS, ids=lambda item: item.name)
def test_every_number_that_is_printed_is_whole(item):
    assert is_telephone(item.telephone)


@pytest.mark.parametrize("text", ["0808 808 203", "0808 808 20033", "808 808 2003", "0901 234 5678", "07700 900123", "", "0808 80x 2003"])
def test_a_number_with_a_digit_too_few_or_that_costs_is_refused(text):
    assert not is_telephone(text)


class Outline(HTMLParser):
    """What somebody who hears a page is told of its shape."""

    def __init__(self):
        super().__init__()
        self.headings, self.languages, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.languages += [value for name, value in attrs if name == "lang"]
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))


PAGES = {
    **{which.value: paper(which, BOTH, TODAY) for which in Paper},
    "sheet": as_html(referral(), (WELSH, ENGLISH)),
    "sheet for the untrained": as_html(referral(), (WELSH, ENGLISH), is_trained=False),
    "restricted sheet": as_html(referral(restricted=True), (WELSH, ENGLISH)),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_somebody_who_hears_it(name):
    outline = Outline()
    outline.feed(PAGES[name])
    assert outline.languages == ["cy", "cy", "en"]
    assert outline.headings.count(1) == 2  # one for each language's sheet
    assert all(after - before <= 1 for before, after in zip(outline.headings, outline.headings[1:], strict=False))
    assert {"main", "title", "h1", "h2"} <= set(outline.tags)
    assert not {"script", "img", "table", "link", "font"} & set(outline.tags)


@pytest.fixture(scope="module")
def pango():
    try:
        import weasyprint  # noqa: F401
    except OSError:
        pytest.skip("no Pango: install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0")


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_as_pdf_is_tagged_as_of_its_language_and_says_nothing_in_its_head(pango, name, language, monkeypatch):
    from weasyprint import HTML

    plain = HTML.write_pdf
    monkeypatch.setattr(HTML, "write_pdf", lambda self, **options: plain(self, uncompressed_pdf=True, **options))
    read = as_pdf(PAGES[name], language)
    assert read.startswith(b"%PDF-1.7")
    assert [word for word in (b"/StructTreeRoot", b"pdfuaid", f"/Lang ({language})".encode()) if word not in read] == []
    assert not [word for word in (b"Example", b"Sam Point", b"Author", b"CreationDate", b"/JavaScript", b"/URI") if word in read]


@pytest.mark.parametrize("which", Paper)
def test_each_language_of_a_paper_is_one_page(pango, which):
    from weasyprint import HTML

    assert len(HTML(string=paper(which, BOTH, TODAY)).render().pages) == len(BOTH)


def test_of_a_page_in_two_languages_one_is_whole_and_the_other_gone():
    page = PAGES["sheet"]
    welsh, english = in_language(page, "cy"), in_language(page, "en")
    assert (welsh.count("<section"), english.count("<section")) == (1, 1)
    assert '<html lang="en">' in english
    assert set(page.splitlines()) | {'<html lang="en">'} == set(welsh.splitlines()) | set(english.splitlines())
    assert in_language(page, "fr") == page
    assert in_language(english, "en") == english


def test_a_page_that_would_load_something_loads_nothing(pango, tmp_path):
    (tmp_path / "style.css").write_text("section{display:none}", encoding="utf-8")
    with_link = PAGES["sheet"].replace("</head>", f'<link rel="stylesheet" href="{(tmp_path / "style.css").as_uri()}"></head>')
    from weasyprint import HTML

    whole, emptied = len(as_pdf(PAGES["sheet"], "en")), len(HTML(string=with_link).write_pdf())
    assert emptied < whole / 2  # so it would show
    assert len(as_pdf(with_link, "en")) > 0.9 * whole


def test_where_pango_is_missing_it_is_said_what_to_install(monkeypatch):
    def refuse(name, *rest):
        if name == "weasyprint":
            raise OSError("libpango-1.0.so.0: cannot open")
        return imported(name, *rest)

    imported = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigurationError, match="install Pango"):
        as_pdf("<p>", "en")


def luminance(colour):
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_ink_stands_out_from_paper_as_wcag_asks_at_its_strictest():
    assert set(re.findall(r"#[0-9a-f]{6}", STYLE)) == {INK, PAPER}
    assert (luminance(PAPER) + 0.05) / (luminance(INK) + 0.05) >= 7


@pytest.mark.parametrize("name", PAGES)
def test_titles_say_nothing_of_a_prison_or_a_person(name):
    title = re.search("<title>(.*?)</title>", PAGES[name])[1]
    assert not re.search("prison|carchar|Example|Siân|Lead", title)


def test_whoever_was_not_trained_reads_a_briefing_with_the_sheet():
    for write in (as_html, as_json):
        assert ENGLISH.briefing[2] in write(referral(), (ENGLISH,), is_trained=False)
        assert ENGLISH.briefing[2] not in write(referral(), (ENGLISH,), is_trained=True)
    assert not re.findall(LOADED_WORDS, str(asdict(ENGLISH)) + str(asdict(WELSH)), flags=re.IGNORECASE)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, True),
        ({"parent_on_record": False}, False),
        ({"standing": "looked_after"}, False),
        ({"legal_status": "section_31"}, False),
        ({"responsible_authority": "W06000015"}, False),
    ],
)
def test_the_leaflet_waits_until_the_carer_is_known(changes, allowed):
    sheet = make_referral(
        ENVELOPE,
        "A",
        replace(CHILD, **changes),
        to=Route(SPOC, None, "any"),
        contact=SPOC,
        authority="Exampleshire",
        due="2026-11-24 08:30",
    )
    assert sheet.leaflet is allowed
    assert (ENGLISH.leaflet in as_json(sheet, (ENGLISH,))) is allowed
    assert (ENGLISH.no_leaflet in as_json(sheet, (ENGLISH,))) is not allowed


def test_a_restricted_sheet_never_allows_the_leaflet():
    assert not referral(RecipientRole.CHILDRENS_SOCIAL_CARE, restricted=True).leaflet


def test_the_command_writes_every_paper_in_the_authority_s_languages(node, tmp_path, capsys):  # noqa: F811
    out = tmp_path / "papers"
    assert main(["party", "papers", "--dir", str(node[0].directory), "--out", str(out)]) == 0
    assert "4 papers" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == {f"{which}.html" for which in Paper}
    text = (out / "leaflet.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    assert 'lang="cy"' not in text


def test_papers_as_pdf_are_one_file_for_each_language(pango, node, tmp_path):  # noqa: F811
    out = tmp_path / "papers"
    assert main(["party", "papers", "--dir", str(node[0].directory), "--out", str(out), "--pdf"]) == 0
    assert {path.name for path in out.glob("*.pdf")} == {f"{which}.en.pdf" for which in Paper}
    assert all(path.read_bytes().startswith(b"%PDF-") for path in out.glob("*.pdf"))


def test_the_check_says_how_many_posts_are_held_by_the_trained_and_how_many_by_nobody(node, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setattr("parties.extracts.check.check_extract", lambda *_: Checked({"children": 3}, {"children": frozenset()}))
    rows = ["role,area_or_school,name,telephone,trained_on,valid_to", "single_point_of_contact,,Sam Point,01632 960001,2026-01-15,"]
    rows += ["dsl,123456,Dee Lead,01632 960002,,", "dsl,222222,Del Gone,01632 960003,,2026-01-01"]
    node[0].path("extract", "directory.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    assert main(["party", "check", "--dir", str(node[0].directory)]) == 0
    told = capsys.readouterr()
    assert "1 of 2 posts are held by somebody who was trained" in told.out
    assert "posts that nobody holds today: 1;" in told.err
    assert main(["party", "check", "--dir", str(node[0].directory), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["directory"] == {"posts": 2, "trained": 1}


def test_the_command_approves_a_document_and_says_how_many_have(node, monkeypatch, capsys):  # noqa: F811
    monkeypatch.setattr("parties.referrals.collect.approve", lambda settings, round_id, document, name: {"Ann": 1, "Bo": 2}[name])
    arguments = ["party", "approve", "--dir", str(node[0].directory), "--round", "r", "--document", "referral-0"]
    assert main([*arguments, "--name", "Ann"]) == 0
    assert "1 of 2 people have approved" in capsys.readouterr().out
    assert main([*arguments, "--name", "Bo"]) == 0
    assert "written to" in capsys.readouterr().out
