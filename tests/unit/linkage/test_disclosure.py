"""Noise and counting: what they must be on fixed, large samples, and what they must refuse."""

import math
import statistics

import pyarrow as pa
import pytest
from pydantic import ValidationError

from linkage.disclosure.counting import Counts, count_children
from linkage.disclosure.measuring import half_width, scales_of, total_cost
from linkage.disclosure.places import SIX_QUERIES
from linkage.disclosure.strategy import EIGHT_QUERIES
from schemas.agreement import Statistics
from schemas.joins import AgeBand
from validation.disclosure.noise import NORMAL_95, cost, draw, epsilons, epsilons_of, scale_for

AGES = {"baby": AgeBand.UNDER_5, "teenager": AgeBand.FROM_15}
LARGE = 20_000
SD_TOLERANCE = 0.03  # the sd of 20,000 draws is within .5 % of its scale, one standard error


def links(*rows):
    columns = list(zip(*rows, strict=True)) if rows else [[], [], []]
    ids = pa.binary(16)
    return pa.table(
        {
            "prisoner": pa.array([f"{value:16}".encode() for value in columns[0]], ids),
            "child": pa.array([f"{value:16}".encode() for value in columns[1]], ids),
            "authority": pa.array(columns[2], pa.string()),
            "age": pa.array([AGES.get(child, 0) for child in columns[1]], pa.int8()),
        }
    )


def children(*of_areas):
    """Counts with nobody's age known."""
    return Counts([[number, 0, 0, 0, 0] for number in of_areas])


def total(counts):
    return sum(sum(ages) for ages in counts.cells)


def count(table, *, cap=4, key=b"k" * 32):
    return count_children(table, ["north", "south", "empty"], cap=cap, key=key)


def test_a_child_of_two_imprisoned_parents_counts_once():
    assert count(links(("p", "c", "north"), ("q", "c", "north"))) == children(1, 0, 0)


def test_every_published_area_counts_with_or_without_a_link():
    assert count(links()) == children(0, 0, 0)
    assert count(links(("p", "c", "south"), ("q", "d", "north"))) == children(1, 1, 0)


def test_a_family_over_two_authorities_is_capped_as_one():
    rows = [("p", f"n{number}", "north") for number in range(5)] + [("p", f"s{number}", "south") for number in range(5)]
    assert total(count(links(*rows))) == 4


def test_families_joined_by_a_shared_child_are_one():
    rows = [("p", "a", "north"), ("p", "b", "north"), ("q", "b", "north"), ("q", "c", "north")]
    assert total(count(links(*rows), cap=2)) == 2
    assert count(links(*rows, ("r", "d", "south")), cap=2) == children(2, 1, 0)


def test_the_capped_children_are_the_same_whatever_the_order_of_links():
    rows = [("p", f"n{number}", "north" if number % 2 else "south") for number in range(9)]
    assert count(links(*rows)) == count(links(*reversed(rows))) == count(links(*rows, *rows))


def test_another_key_keeps_other_children():
    rows = [("p", f"n{number}", "north" if number % 2 else "south") for number in range(9)]
    assert len({str(count(links(*rows), cap=1, key=bytes([key]) * 32).cells) for key in range(20)}) == 2


def test_a_link_outside_the_published_areas_is_refused():
    with pytest.raises(ValueError, match="published areas"):
        count(links(("p", "c", "elsewhere")))


def test_exact_counts_show_nothing_of_themselves():
    assert "41" not in repr(Counts([[41]]))


def test_a_child_counts_in_its_age_and_a_family_is_capped_over_all_ages():
    rows = [("p", "baby", "north"), ("p", "teenager", "north"), ("p", "somebody", "south")]
    assert count(links(*rows)) == Counts([[0, 1, 0, 0, 1], [1, 0, 0, 0, 0], [0] * 5])
    assert total(count(links(*rows), cap=2)) == 2


def test_noise_has_the_sd_that_theory_gives_it_and_a_wrong_scale_does_not():
    scale = scale_for(24_356, 4)
    measured = statistics.pstdev(draw([0] * LARGE, scale))
    assert measured == pytest.approx(scale, rel=SD_TOLERANCE)
    assert measured != pytest.approx(1.1 * scale, rel=SD_TOLERANCE)


def test_noise_is_centred_and_fresh():
    first, second = draw([1_000] * LARGE, 20.0), draw([1_000] * LARGE, 20.0)
    assert first != second
    assert statistics.fmean(first) == pytest.approx(1_000, abs=6 * 20 / math.sqrt(LARGE))


def test_intervals_cover_the_exact_count_19_times_in_20():
    scale = scale_for(24_356, 4)
    covered = statistics.fmean(abs(value - 7) <= half_width(scale) for value in draw([7] * LARGE, scale))
    assert 0.94 < covered < 0.97
    assert half_width(scale) == math.ceil(NORMAL_95 * scale)


@pytest.mark.parametrize("queries", [SIX_QUERIES, EIGHT_QUERIES])
@pytest.mark.parametrize("micro_rho", [100, 999, 24_356, 24_357, 88_000, 777_777])
@pytest.mark.parametrize("cap", [1, 4, 16])
def test_a_release_costs_exactly_what_was_granted(micro_rho, cap, queries):
    assert total_cost(scales_of(queries, cap=cap, micro_rho=micro_rho), cap) == micro_rho


def test_epsilon_follows_from_rho_and_is_rounded_up():
    assert epsilons(scales_of(SIX_QUERIES, cap=4, micro_rho=24_356), 4)["1e-6"] == 1_001
    assert epsilons(scales_of(SIX_QUERIES, cap=4, micro_rho=88_153), 4)["1e-6"] == pytest.approx(2_000, abs=2)


def test_the_epsilon_of_a_sum_of_rho_is_that_of_one_release_at_that_price():
    for micro_rho in (1_000, 24_356, 88_153, 10**6):
        assert epsilons_of(micro_rho) == epsilons(scales_of(SIX_QUERIES, cap=4, micro_rho=micro_rho), 4)
    with pytest.raises(ValueError, match="positive"):
        epsilons_of(0)


def test_cost_is_cap_squared_over_twice_the_scale_squared_rounded_up():
    assert cost(10.0, 4) == 80_000
    assert cost(10.1, 4) == math.ceil(16 / (2 * 10.1**2) * 1e6)


@pytest.mark.parametrize("scale", [0, -1.0, math.inf, math.nan])
def test_a_scale_that_is_not_positive_is_refused_because_it_would_give_the_exact_counts(scale):
    with pytest.raises(ValueError, match="scale"):
        draw([5], scale)


@pytest.mark.parametrize("micro_rho", [0, 1, 999, 1_000_001, 10**9])
def test_noise_of_next_to_nothing_or_without_end_cannot_be_agreed_on(micro_rho):
    with pytest.raises(ValidationError, match="release_micro_rho"):
        Statistics(release_micro_rho=micro_rho)


@pytest.mark.parametrize("micro_rho", [1_000, 1_000_000])
def test_what_can_be_agreed_on_can_be_shared_out(micro_rho):
    assert all(1 <= scale <= 500 for scale in scales_of(SIX_QUERIES, cap=4, micro_rho=micro_rho))


@pytest.mark.parametrize(("micro_rho", "cap"), [(0, 4), (-1, 4), (10, 0), (3, 4)])
def test_a_budget_too_small_to_share_is_refused(micro_rho, cap):
    with pytest.raises(ValueError):
        scales_of(SIX_QUERIES, cap=cap, micro_rho=micro_rho)


def test_large_counts_do_not_saturate():
    assert abs(draw([2**40], 20.0)[0] - 2**40) < 1_000
