"""The bench of published counts: its controls are found out, its figures are those of the tables, its verdict its exit code."""

import json
from functools import partial

import numpy as np
import pytest

from flows.bench import counts, publishing
from flows.bench.counts import CAP, MICRO_RHO, TABLES, compare, invented
from flows.bench.noise import empirical_epsilon, fit, rounded_normal, sampled
from flows.bench.targets import COUNT_TARGETS, Figure
from flows.commands import statistics_bench
from validation.synthetic.nation import CHILDREN


@pytest.fixture(scope="module")
def outcome():
    return compare(30, seed=7, repetitions=2, tell=lambda _: None)


def test_an_invented_nation_is_the_same_each_time_and_has_empty_cells():
    made = [invented(330, 7) for _ in range(2)]
    assert np.array_equal(made[0][1], made[1][1])
    assert made[0][1].shape == (330, 4, 2)
    assert abs(int(made[0][1].sum()) - CHILDREN) < 5_000
    assert (made[0][1] < 10).mean() > 0.2


def test_every_method_has_an_error_for_every_table(outcome):
    assert set(outcome.methods) == {"kinlink", "independent noise", "plain top-down", "authority-side"}
    assert all(errors.rmse(table) > 0 for errors in outcome.methods.values() for table in TABLES)
    assert outcome.held == [True, True]


def test_noise_at_the_authorities_alone_is_worse_for_their_totals(outcome):
    assert outcome.methods["authority-side"].rmse("authority") > outcome.methods["kinlink"].rmse("authority")


def test_tables_that_do_not_add_up_are_seen(monkeypatch):
    monkeypatch.setattr(counts, "whole_tables", lambda estimates, _: [np.rint(table).astype(np.int64) for table in estimates])
    assert compare(30, seed=7, repetitions=1, tell=lambda _: None).held == [False]


def test_intervals_that_miss_are_seen():
    ones = np.ones((5, 1, 1), dtype=np.int64)
    assert counts._covered(ones * 100, ones * np.array([100, 119, 121, 79, 500]).reshape(-1, 1, 1), ones * 10.0) == pytest.approx(2 / 5)


def test_the_sampler_fits_its_distribution_and_the_control_does_not():
    assert fit(sampled, 0.7, 20_000) > 1e-9
    assert fit(rounded_normal, 0.7, 20_000) < 1e-9


def test_an_attack_proves_less_than_the_claim_and_more_where_noise_is_too_little():
    assert empirical_epsilon(CAP, MICRO_RHO, 20_000) < 1.001
    assert empirical_epsilon(CAP, MICRO_RHO, 20_000, weaker=8) > 1.001


@pytest.mark.slow
def test_every_target_of_published_counts_is_measured(monkeypatch):
    monkeypatch.setattr(publishing, "compare", partial(small, compare))
    found = publishing.run(repetitions=1, draws=20_000, seed=7, tell=lambda *_: None)
    names = {figure.name for figure in found.figures}
    assert set(COUNT_TARGETS) <= names
    by_chance = {figure.name for figure in found.figures if figure.not_asserted}
    assert "330: error of detail" in by_chance
    assert "330: error of nation" not in by_chance
    json.dumps(found.as_dict())


def small(compared, places, **terms):
    outcome = compared(20, **terms)
    outcome.places = places
    return outcome


@pytest.mark.parametrize(("value", "check", "code"), [(70.0, True, 1), (70.0, False, 0), (60.0, True, 0)])
def test_a_missed_target_is_the_exit_code_where_that_is_asked(monkeypatch, capsys, value, check, code):
    found = publishing.Publishing(figures=[Figure("330: error of nation", value)])
    monkeypatch.setattr(publishing, "run", lambda **_: found)
    assert statistics_bench.bench(check=check) == code
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == ("1 of 1 targets hold; missed: none" if value == 60 else "0 of 1 targets hold; missed: 330: error of nation")
