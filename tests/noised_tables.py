"""Noised tables as a service signs them, of a few places and one age."""

from parties.publication.released import Released
from schemas.aggregate import AGES, NATION, Cell, NoisedTable
from schemas.geography import authority, countries, regions
from schemas.privacy_ledger import Drawn

AREAS = {
    "E08000016": 80,
    "W06000015": 40,
    "E06000001": 3,
    "E10000001": 7,
}  # Barnsley, Cardiff, Hartlepool, and one that no public table has
HALF = 12
DRAWN = tuple(
    Drawn(round_id=name, drawn_on=day, micro_rho=24_356, total_micro_rho=total, epsilon_per_mille_at={"1e-6": epsilon, "1e-10": epsilon + 373})
    for name, day, total, epsilon in (("round-0", "2026-08-03", 24_356, 1_001), ("", "2026-08-09", 48_712, 1_444), ("round-1", "2026-11-24", 73_068, 1_790))
)  # fmt: skip
ENGLAND, WALES = "E92000001", "W92000004"


def cell(area, value, half=HALF, *, mark=None, age=""):
    wide = 2 * half > value if mark is None else mark
    return Cell(area=area, age=age, value=value, lower=max(0, value - half), upper=value + half, mark="u" if wide else "")


def places_of(areas):
    """Return how many children there are in every place that is published."""
    wholes = {NATION: sum(areas.values())}
    for code, value in areas.items():
        known = authority(code)
        for whole in dict.fromkeys([WALES if code[0] == "W" else ENGLAND, *([known.within] if known else [])]):
            wholes[whole] = wholes.get(whole, 0) + value
    order = {code: place for place, code in enumerate(dict.fromkeys([NATION, *countries(), *regions()]))}
    return {**{code: wholes[code] for code in sorted(wholes, key=order.__getitem__)}, **areas}


def aged(code, value, **more):
    """Return the cells of a place, all of whose children are of one age."""
    return [cell(code, value, **more), *(cell(code, value if age == "10-14" else 0, age=age, **more) for age in AGES)]


def table_of(areas=AREAS, **changes):
    measured = [item for code, value in places_of(areas).items() if code not in (ENGLAND, WALES) for item in aged(code, value)]
    adjusted = [item for code, value in places_of(areas).items() for item in aged(code, value)]
    given_ = {
        "cells": [item.model_copy(update={"value": item.value - 5, "lower": item.lower - 9}) for item in measured],
        "adjusted": adjusted,
        **changes,
    }
    return NoisedTable(
        round_id="round-1", cap=4, micro_rho=24_356, epsilon_per_mille=1_001, delta="1e-6", epsilon_per_mille_at={"1e-6": 1_001, "1e-10": 1_374}, **given_
    )  # fmt: skip


def released_of(**changes):
    return Released(table_of(**changes), {"E10000001": 'North & "South" <shire>'}, "2026-11-01", "2026-11-08", "1.2.3", drawn=DRAWN)
