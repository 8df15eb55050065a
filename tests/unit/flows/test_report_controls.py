"""Figures on controls as lines and as a page: what cannot be shown is said, and nothing is loaded from anywhere."""

import re

import pytest

from flows.report.controls import lines, write_page
from flows.report.rendering import check_page
from schemas.controls import ControlClass
from schemas.errors import ConfigurationError
from validation.quality.controls import Tally, figures, tally_key

EXACT, TWIN = tally_key(ControlClass.EXACT, "welsh"), tally_key(ControlClass.TWIN, "welsh")


def said(right=15, wrong=0, rounds=1, **thresholds):
    found = figures({EXACT: Tally(20, 18, right, 2, 0), TWIN: Tally(5, 1, 0, 0, wrong)}, misidentified_per_million=500)
    chosen = {"step": 0, "reason": "not enough evidence", "released": right, "wrong": wrong, "upper_limit": 0.2}
    return {
        "round_id": "r-1",
        "label": "on controls",
        "thresholds": {**chosen, "theta_centibits": 850, "delta_centibits": 300, **thresholds},
        "this_round": found,
        "pooled": {"rounds": rounds, **found},
        "warnings": ["exact: recall <low>"],
    }


def test_what_one_round_cannot_show_is_called_not_enough_evidence():
    text = "\n".join(lines(said()))
    assert "this round, on controls: 25 families, 20 of them matches" in text
    assert "recall: 75.0% (15 of 20; 50.9% to 91.3%)" in text
    assert "misidentification: not enough evidence (n = 15, upper bound 18.10%, target 0.050%)" in text
    assert "thresholds: theta 8.5 bits, delta 3 bits, as agreed; not enough evidence on controls to choose others" in text
    assert "warning: exact: recall <low>" in text


def test_what_many_rounds_show_is_said_with_its_limit():
    text = "\n".join(lines(said(right=9_500, rounds=60, reason="raised to meet the target", upper_limit=0.0004)))
    assert "60 rounds with these parameters, on controls" in text
    assert "misidentification: 0 of 9,500 released, at most 0.03% with 95 % confidence: the target of 0.050% is supported" in text
    assert "thresholds: theta 8.5 bits, delta 3 bits; raised to meet the target (at most 0.040% of 9,500 released)" in text


def test_the_page_says_on_controls_escapes_what_it_shows_and_loads_nothing(tmp_path):
    write_page(tmp_path / "page.html", said())
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "exact: recall &lt;low&gt;" in page
    assert "on controls" in page
    assert "75.0% (15 of 20" in page
    assert "no match" in page
    assert not re.search(r"(?:src|href)=|url\(|<script", page)


def test_a_page_is_html_in_a_directory_that_is_there(tmp_path):
    check_page(None)
    check_page(tmp_path / "page.html")
    for path in (tmp_path / "page.txt", tmp_path / "none" / "page.html"):
        with pytest.raises(ConfigurationError):
            check_page(path)
