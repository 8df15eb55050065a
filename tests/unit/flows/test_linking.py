"""The second look in one process: candidates of filters in, pairs of input rows with both sides' tags out."""

import numpy as np
import pytest

from flows.evaluate import person_rows
from flows.linking import Linking
from schemas.agreement import PROJECTIONS, Search
from schemas.second_look import N_TAGS
from tests.acceptance.second_look import invented

SHARED, ALONE = 30, 20
TERMS = Search(cut_per_mille=600, strangers=0, top_k=10)
RECORDS = invented(SHARED + 2 * ALONE, 31)


def columns(records):
    names = {
        "given": "forename",
        "surname": "surname",
        "dob": "date_of_birth",
        "postcode": "postcode",
        "address": "address",
        "town": "town",
        "sex": "sex",
    }
    made = {name: [record[column] for record in records] for name, column in names.items()}
    return {"rid": [str(number) for number in range(len(records))], **made, "dob": [value.replace("-", "") for value in made["dob"]]}


@pytest.fixture(scope="module")
def linked():
    linking = Linking("adults")
    right = columns(RECORDS[:SHARED] + RECORDS[SHARED + ALONE :])
    right["postcode"] = ["" if row % 3 == 0 else code for row, code in enumerate(right["postcode"])]
    sides = linking.encode(person_rows(columns(RECORDS[: SHARED + ALONE]))), linking.encode(person_rows(right))
    return linking, *sides, linking.candidates(*sides, TERMS)


def looked(linked, **options):
    linking, left, right, candidates = linked
    return list(linking.second_look(left, right, candidates, **options))


def pairs(blocks):
    return [pair for block in blocks for pair in zip(block.left.tolist(), block.right.tolist(), strict=True)]


def test_candidates_of_every_projection_open_once_as_rows_of_the_input(linked):
    found = pairs(looked(linked))
    assert {(row, row) for row in range(SHARED)} <= set(found)
    assert len(set(found)) == len(found)
    assert set(linked[3]) == set(PROJECTIONS)


def test_pairs_are_among_those_that_the_search_finds(linked):
    _, left, right, candidates = linked
    searched = {
        (int(left.behind[projection].record[one]), int(right.behind[projection].record[other]))
        for projection, found in candidates.items()
        for one, other in zip(found.left, found.right, strict=True)
    }
    assert set(pairs(looked(linked))) <= searched


def test_candidates_are_what_the_search_found_also_without_a_slot(linked):
    linking, left, right, candidates = linked
    every = np.repeat(np.arange(SHARED + ALONE), SHARED + ALONE), np.tile(np.arange(SHARED + ALONE), SHARED + ALONE)
    were = linking.are_candidates(left, right, candidates, every)
    near = set(zip(every[0][were].tolist(), every[1][were].tolist(), strict=True))
    assert {(row, row) for row in range(SHARED)} | set(pairs(looked(linked))) <= near
    assert len(near) < len(every[0]) / 4


def test_one_person_agrees_in_most_tags_but_for_blanks(linked):
    for block in looked(linked):
        assert block.left_tags.shape == block.right_tags.shape == (len(block.left), N_TAGS)
        equal = (block.left_tags == block.right_tags).sum(axis=1)
        assert (equal[(block.left == block.right) & (block.left < SHARED)] > 30).all()
        assert np.lexsort((block.right, block.left)).tolist() == list(range(len(block.left)))


def test_a_filter_has_no_more_looks_than_slots(linked):
    few = pairs(looked(linked, slots=1))
    assert {(row, row) for row in range(SHARED)} <= set(few)
    assert max(sum(one == row for one, _ in few) for row in range(SHARED + ALONE)) <= len(PROJECTIONS)
    assert looked(linked, slots=0) == []
