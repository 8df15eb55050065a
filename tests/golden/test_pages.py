"""Reference pages that are made from tables say what the tables say."""

import pytest

from tests.golden.pages import PAGES, REFERENCE


@pytest.mark.parametrize("name", PAGES)
def test_a_page_made_from_tables_says_what_they_say(name):
    assert (REFERENCE / name).read_text(encoding="utf-8") == PAGES[name](), "run `python -m tests.golden.pages`"
