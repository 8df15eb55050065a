"""The table of places: whole, each place in one above it, and codes from before April 2025 still understood."""

from collections import Counter

from schemas.aggregate import NATION
from schemas.geography import WALES, authorities, authority, countries, current, forces, nation, regions


def test_there_are_175_authorities_22_of_them_in_wales():
    found = authorities()
    assert len(found) == 175
    assert Counter(code[:3] for code in found) == {"E06": 63, "E08": 36, "E09": 33, "E10": 21, "W06": 22}
    assert {code for code, place in found.items() if place.within == WALES} == {code for code in found if code[0] == "W"}
    assert len({place.name for place in found.values()}) == 175


def test_every_place_lies_in_one_above_it_and_none_above_is_empty():
    assert nation().code == NATION
    assert {place.within for place in countries().values()} == {NATION}
    assert {place.within for place in regions().values()} == set(countries())
    assert {place.within for place in authorities().values()} == set(regions())
    assert {place.force for place in authorities().values()} == set(forces())
    assert (len(regions()), len(forces())) == (10, 43)


def test_codes_that_changed_in_april_2025_are_still_understood():
    assert authority("E08000016") == authority("E08000038")
    assert authority("E08000038").name == "Barnsley"
    assert authority("E08000019").code == "E08000039"
    assert current("E08000017") == "E08000017"
    assert authority("E08000016").code == "E08000038"
    assert authority("E10000001") is None


def test_places_have_welsh_names_where_there_are_any():
    assert authority("W06000015").named("cy") == "Caerdydd"
    assert authority("W06000015").named("en") == "Cardiff"
    assert authority("E06000001").named("cy") == "Hartlepool"
    assert regions()["E12000007"].named("cy") == "Llundain"
