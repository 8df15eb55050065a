"""The list of planted controls: of one size whatever it holds, and shut to all but the round's opener."""

from collections import Counter

import pytest

from schemas.controls import (
    NAME_LISTS,
    NON_MATCHES,
    SCHEDULE,
    ControlClass,
    Planted,
    class_of,
    is_match,
    list_context,
    names_of,
    open_list,
    persons,
    seal_list,
    sealed_list_bytes,
)
from schemas.errors import SealError

OPENER, CONTEXT, FAMILIES = bytes(range(32)), list_context("0" * 64, "north"), 40
ONE, OTHER = bytes(range(1, 17)), bytes(range(2, 18))
LIST = {0: Planted(ONE, OTHER), 7: Planted(None, ONE), 39: Planted(OTHER, None)}


def test_a_list_opens_as_it_was_sealed():
    assert open_list(seal_list(LIST, FAMILIES, OPENER, CONTEXT), FAMILIES, OPENER, CONTEXT) == LIST
    assert persons(LIST[0]) == {"adults": ONE, "children": OTHER}
    assert persons(LIST[7]) == {"children": ONE}


@pytest.mark.parametrize("planted", [{}, LIST, dict.fromkeys(range(FAMILIES), LIST[0])], ids=["none", "some", "all"])
def test_a_list_has_one_size_whatever_was_planted(planted):
    assert len(seal_list(planted, FAMILIES, OPENER, CONTEXT)) == sealed_list_bytes(FAMILIES)


@pytest.mark.parametrize(
    ("opener", "families", "context"),
    [
        (bytes(32), FAMILIES, CONTEXT),
        (OPENER, FAMILIES + 1, CONTEXT),
        (OPENER, FAMILIES, list_context("0" * 64, "south")),
        (OPENER, FAMILIES, list_context("1" * 64, "north")),
    ],
    ids=["opener", "size", "custodian", "round"],
)
def test_a_list_stays_shut_to_another_opener_size_custodian_or_round(opener, families, context):
    with pytest.raises(SealError, match="controls: the list"):
        open_list(seal_list(LIST, FAMILIES, OPENER, CONTEXT), families, opener, context)


def test_the_same_ids_look_different_in_the_lists_of_two_custodians():
    assert seal_list(LIST, FAMILIES, OPENER, CONTEXT) != seal_list(LIST, FAMILIES, OPENER, list_context("0" * 64, "south"))


def test_every_class_comes_and_meets_every_list_of_names():
    assert set(SCHEDULE) == set(ControlClass)
    every = Counter((class_of(number), names_of(number)) for number in range(len(SCHEDULE) * len(NAME_LISTS)))
    assert {(kind, name) for kind in ControlClass for name in NAME_LISTS} == set(every)
    assert Counter(map(is_match, range(len(SCHEDULE)))) == {True: 11, False: 5}
    assert all(is_match(number) != (class_of(number) in NON_MATCHES) for number in range(len(SCHEDULE)))


def test_what_was_planted_hides_itself():
    assert repr(LIST[0]) == "Planted(…)"
