"""The two pages for people in a real browser: worked by keyboard alone, with everything named for a screen reader, and nothing refused or loaded."""

import contextlib
import csv
import signal
import subprocess
import sys

import pytest
from test_explorer import tables  # noqa: F401 - a fixture
from test_referrals_collect import ROUND, envelope, node, run  # noqa: F401 - node is a fixture

from parties.referrals.cases import CaseState
from parties.referrals.looking import looks
from parties.referrals.outcomes import cases
from tests.chromium import PROGRAM, Chromium, downloaded

pytestmark = pytest.mark.slow


@pytest.fixture
def chromium(tmp_path):
    if PROGRAM is None:
        pytest.skip("no chromium: install it to work the pages in a browser")
    (tmp_path / "downloads").mkdir()
    browser = Chromium(tmp_path / "downloads")
    yield browser
    browser.close()


@contextlib.contextmanager
def serving(*command):
    """Run a command that serves a page, and give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.command", *map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        process.stdout.close()


def test_a_case_is_worked_by_keyboard_alone(node, chromium):  # noqa: F811
    settings = node[0]
    document = f"referral-{envelope(node, 'C-1')[:12]}"
    run(node)
    with serving("party", "worklist", "--dir", settings.directory) as address:
        chromium.go(address)
        chromium.tab_to("textbox: ")
        chromium.type("Sam Point")
        chromium.press("Enter")
        assert document in chromium.text()
        assert "Siân" not in chromium.text()
        assert chromium.unnamed() == []
        assert chromium.ask("document.documentElement.lang") == "en"
        chromium.press("Tab")
        assert chromium.focused().startswith("link: Skip")
        chromium.tab_to(f"link: {document}")
        chromium.press("Enter")
        assert chromium.ask("document.querySelector('h1').innerText") == document
        assert chromium.unnamed() == []
        assert chromium.is_as_wide_as_the_window()
        chromium.tab_to("radio: ")
        chromium.press("Space")
        chromium.tab_to("button: ")
        chromium.press("Enter")
        assert "Siân Example" in chromium.text()
        ((who, *_),) = looks(settings, document)
        assert who == "Sam Point"
        chromium.go(f"{address.partition('/enter')[0]}/case/{ROUND}/{document}")
        chromium.tab_to("radio: acknowledged")
        chromium.press("Space")
        chromium.tab_to("button: Record")
        chromium.press("Enter")
        assert cases(settings, ROUND)[0].state is CaseState.ACKNOWLEDGED
    assert chromium.problems == []


def test_released_counts_are_chosen_by_keyboard_and_downloaded(tables, chromium):  # noqa: F811
    with serving("statistics", "explore", tables) as address:
        chromium.go(address)
        assert "England and Wales, All ages: 151 (139 to 163 at 95 % confidence)" in chromium.text()
        assert chromium.unnamed() == []
        assert chromium.is_as_wide_as_the_window()
        assert chromium.ask("document.querySelectorAll('svg circle').length") > 0
        chromium.tab_to("combobox: Place")
        chromium.press("ArrowDown")
        chromium.tab_to("button: Show")
        chromium.press("Enter")
        assert "All ages: 90 (78 to 102" in chromium.ask("document.querySelector('.headline').innerText")
        chromium.tab_to("link: Download these numbers (CSV)")
        chromium.press("Enter")
        with downloaded(chromium.downloads).open(encoding="utf-8", newline="") as file:
            assert next(csv.DictReader(file))["value"] == "90"
        chromium.go(f"{address}?language=cy")
        assert chromium.ask("document.documentElement.lang") == "cy"
        assert chromium.unnamed() == []
    assert chromium.problems == []
