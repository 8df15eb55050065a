"""The desk in a browser: who gets in, what a page shows and does not, and that a form does what the commands do."""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser

import httpx
import pytest
from test_referrals_collect import ROUND, documents, envelope, node, run  # noqa: F401 - node is a fixture

from parties.referrals.calendar import LONDON
from parties.referrals.cases import CaseState
from parties.referrals.looking import Why, look_at, looks
from parties.referrals.outcomes import cases, record_outcome, stopped_children
from parties.referrals.wording import ENGLISH, WELSH
from parties.store.engine import open_node_store
from parties.worklist.app import COOKIE, make_app
from parties.worklist.sessions import IDLE_SECONDS, Sessions
from parties.worklist.wording import WORDS
from schemas.errors import TokenError
from tests.integration.service_world import InProcess

HOST = "127.0.0.1:5000"
NAME = "Sam Point"


class Desk:
    """A desk's page with one referral, and a browser that goes where it is sent."""

    def __init__(self, settings, document, languages=(ENGLISH,)):
        self.settings, self.document, self.now = settings, document, 0.0
        self.sessions = Sessions(lambda: self.now)
        self.app = make_app(settings, languages, self.sessions, host=HOST)
        self.browser = self.new_browser()
        self.case = f"/case/{ROUND}/{document}"

    def new_browser(self):
        return httpx.Client(transport=InProcess(self.app), base_url=f"http://{HOST}", follow_redirects=True)

    def enter(self, name=NAME):
        self.browser.get(f"/enter?key={self.sessions.entrance}")
        return self.post("/who", who=name) if name else None

    def form_key(self):
        return re.search(r'name="form" value="([^"]+)"', self.browser.get("/").text)[1]

    def post(self, path, **given):
        return self.browser.post(path, data={"form": self.form_key(), **given})

    def state(self):
        return cases(self.settings, ROUND)[0].state


@pytest.fixture
def desk(node):  # noqa: F811
    envelope_id = envelope(node, "C-1")
    run(node)
    return Desk(node[0], f"referral-{envelope_id[:12]}")


@pytest.fixture
def entered(desk):
    desk.enter()
    return desk


def test_nobody_gets_in_without_the_address_and_it_is_good_once(desk):
    for path in ("/", desk.case, f"{desk.case}/sheet", "/enter", "/enter?key=guess"):
        assert desk.browser.get(path).status_code == 403
    address = f"/enter?key={desk.sessions.entrance}"
    assert desk.browser.get(address).status_code == 200
    assert desk.sessions.entrance == ""
    assert desk.new_browser().get(address).status_code == 403


def test_the_cookie_is_out_of_reach_of_other_pages(desk):
    answer = desk.browser.get(f"/enter?key={desk.sessions.entrance}", follow_redirects=False)
    said = answer.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    assert "key=" not in answer.headers["location"]


@pytest.mark.parametrize("host", ["kinlink.example", "127.0.0.1", "127.0.0.1:5001", "localhost:5000"])
def test_another_name_that_leads_here_gets_no_answer(entered, host):
    assert entered.browser.get("/", headers={"host": host}).status_code == 400


def test_a_form_without_the_session_s_key_changes_nothing(entered):
    for given in ({}, {"form": "guess"}):
        assert entered.browser.post(f"{entered.case}/record", data={"what": "acknowledged", **given}).status_code == 403
    assert entered.state() is CaseState.WRITTEN


def test_a_session_ends_when_nobody_has_clicked_for_a_while_and_when_somebody_says_so(entered):
    entered.now += IDLE_SECONDS - 1
    assert entered.browser.get("/").status_code == 200
    entered.now += IDLE_SECONDS + 1
    assert entered.browser.get("/").status_code == 403


def test_who_finishes_is_out(entered):
    cookie = entered.browser.cookies[COOKIE]
    assert WORDS["en"]["left"] in entered.post("/leave").text
    again = entered.new_browser()
    again.cookies.set(COOKIE, cookie)
    assert again.get("/").status_code == 403


def test_nothing_is_shown_before_a_name_is_said(desk):
    desk.enter(name="")
    for path in ("/", desk.case):
        assert WORDS["en"]["who_heading"] in desk.browser.get(path).text
        assert desk.document not in desk.browser.get(path).text
    refused = desk.post("/who", who=" S ")
    assert refused.status_code == 422
    assert 'href="#who"' in refused.text
    assert desk.document in desk.post("/who", who=NAME).text


def test_the_list_and_the_case_name_no_child(entered, node):  # noqa: F811
    names = [text for text in children_of(node) if len(text) > 2]
    assert names
    for path in ("/", entered.case):
        page = entered.browser.get(path)
        assert entered.document in page.text
        assert not [name for name in names if name in page.text]
        assert not [name for name in names if name in page.headers.get("location", "") + str(page.url)]


def children_of(node):  # noqa: F811
    lines = (node[0].path("extract") / "children.csv").read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    wanted = [header.index(name) for name in header if name in {"forename", "surname", "forename_1", "date_of_birth", "given_name"}]
    return [line.split(",")[place] for line in lines[1:] for place in wanted]


def test_a_sheet_is_shown_once_a_reason_is_written_down_and_not_before(entered):
    assert WORDS["en"]["open_heading"] in entered.browser.get(f"{entered.case}/sheet").text  # sent back to the case
    missing = entered.post(f"{entered.case}/open")
    assert missing.status_code == 422
    assert 'href="#why"' in missing.text
    assert looks(entered.settings, entered.document) == []
    shown = entered.post(f"{entered.case}/open", why="hand-over")
    assert shown.text == entered.settings.path("referrals", f"{entered.document}.html").read_text(encoding="utf-8")
    ((who, why, at),) = looks(entered.settings, entered.document)
    assert (who, why) == (NAME, "hand-over")
    assert f"{at}: {NAME}" in entered.browser.get(entered.case).text


def test_a_sheet_is_there_as_pdf_once_it_was_opened_and_not_before(entered):
    assert "sheet.pdf" not in entered.browser.get(entered.case).text
    refused = entered.browser.get(f"{entered.case}/sheet.pdf")
    assert refused.headers["content-type"].startswith("text/html")
    entered.post(f"{entered.case}/open", why="hand-over")
    assert f"{entered.case}/sheet.pdf" in entered.browser.get(entered.case).text
    given = entered.browser.get(f"{entered.case}/sheet.pdf")
    assert given.headers["content-type"] == "application/pdf"
    assert given.headers["cache-control"] == "no-store"
    assert given.content.startswith(b"%PDF-")


def test_what_is_recorded_is_what_the_command_records(entered):
    for state in ("acknowledged", "offered", "taken-up"):
        assert entered.post(f"{entered.case}/record", what=state).status_code == 200
        assert entered.state() == state
    entered.post(f"{entered.case}/correct")
    assert entered.state() is CaseState.OFFERED


def test_only_what_may_follow_is_offered_and_anything_else_is_refused_in_words(entered):
    page = entered.browser.get(entered.case).text
    assert set(re.findall(r'name="what" value="([^"]+)"', page)) == {"acknowledged", "already-known", "wrong-child", "withdrawn", "moved"}
    refused = entered.post(f"{entered.case}/record", what="taken-up")
    assert refused.status_code == 422
    assert "after written comes acknowledged" in refused.text
    assert 'role="alert"' in refused.text
    assert entered.post(f"{entered.case}/record", what="nonsense").status_code == 422
    assert entered.state() is CaseState.WRITTEN


def test_a_wrong_child_s_sheet_is_gone_at_once_also_for_who_has_it_open(entered):
    entered.post(f"{entered.case}/open", why="check-record")
    entered.post(f"{entered.case}/record", what="wrong-child")
    assert WORDS["en"]["gone"] in entered.browser.get(f"{entered.case}/sheet").text
    assert not list(entered.settings.path("referrals").glob(f"{entered.document}*"))
    store = open_node_store(entered.settings)
    assert stopped_children(store) == {"C-1"}
    store.dispose()


def test_that_the_child_was_heard_is_recorded_with_its_day(entered):
    today = datetime.now(LONDON).date()
    assert entered.post(f"{entered.case}/heard", on=today.isoformat()).status_code == 422
    for wrong in ("", "20/11/2026", (today + timedelta(days=1)).isoformat()):
        refused = entered.post(f"{entered.case}/heard", heard="yes", on=wrong)
        assert refused.status_code == 422
        assert 'href="#on"' in refused.text
    assert entered.post(f"{entered.case}/heard", heard="no", on=today.isoformat()).status_code == 200
    assert cases(entered.settings, ROUND)[0].heard == (False, today)


def test_a_case_that_is_not_here_is_not_found(entered):
    assert entered.browser.get(f"/case/{ROUND}/referral-000000000000").status_code == 404
    assert entered.post(f"/case/{ROUND}/../../keys/open", why="audit").status_code == 404
    with pytest.raises(TokenError, match="none of that name"):
        look_at(entered.settings, ROUND, "../settings", who=NAME, why=Why.AUDIT)


def test_what_is_too_large_is_not_read(entered):
    assert entered.post(f"{entered.case}/record", what="x" * 10_000).status_code == 413


def test_browsers_keep_and_load_nothing(entered):
    for path in ("/", entered.case, "/enter", "/nowhere"):
        answer = entered.browser.get(path)
        if path != "/nowhere":
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "<script" not in answer.text
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_in_wales_pages_are_in_welsh_and_in_english_by_a_click(node):  # noqa: F811
    envelope_id = envelope(node, "C-1")
    run(node)
    desk = Desk(node[0], f"referral-{envelope_id[:12]}", (WELSH, ENGLISH))
    assert 'lang="cy"' in desk.enter().text
    assert WORDS["cy"]["title"] in desk.browser.get("/").text
    there = desk.post("/language", here=desk.case)
    assert str(there.url).endswith(desk.case)
    assert 'html lang="en"' in there.text
    assert str(desk.post("/language", here="//elsewhere.example/").url).endswith("/")
    assert 'html lang="cy"' in desk.browser.get("/").text


def test_both_languages_have_the_same_words():
    assert WORDS["en"].keys() == WORDS["cy"].keys()
    assert all(re.findall(r"{(\w+)}", text) == re.findall(r"{(\w+)}", WORDS["cy"][key]) for key, text in WORDS["en"].items())
    assert {*CaseState, *Why} <= WORDS["en"].keys()


class Outline(HTMLParser):
    """What somebody who hears a page relies on."""

    def __init__(self, text):
        super().__init__()
        self.labels, self.fields, self.ids, self.described, self.levels = set(), [], set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids.add(given.get("id"))
        self.described |= set((given.get("aria-describedby", "") + " " + given.get("aria-labelledby", "")).split())
        if tag == "label" and given.get("for"):
            self.labels.add(given["for"])
        if tag in {"input", "select"} and given.get("type") not in {"hidden", "radio"}:
            self.fields.append(given["id"])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))


def test_every_field_has_a_label_and_headings_go_down_step_by_step(entered):
    record_outcome(entered.settings, ROUND, entered.document, CaseState.ACKNOWLEDGED)
    for answer in (entered.browser.get("/"), entered.browser.get(entered.case), entered.post(f"{entered.case}/record")):
        outline = Outline(answer.text)
        assert set(outline.fields) <= outline.labels
        assert outline.described <= outline.ids
        assert outline.levels.count(1) == 1
        assert max(outline.levels) <= 2
        assert 'href="#content"' in answer.text
