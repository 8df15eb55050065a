"""What holds of normalisation for every text: it settles, keeps to its letters, raises nothing and takes bounded time."""

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parties.encoding import normalise
from parties.encoding.normalise import facts

WORDS = sorted(
    {word for row in facts.rows("name_words") for word in re.split(r"[; ]", row["forms"])} | {"mac", "dy", "me", "n", "macn", "k", "1"}
)
PLACES = sorted(
    {word for row in facts.rows("no_home") for word in re.findall("[a-z]+", row["pattern"])} | {"no", "12", "a", "st", "prison"}
)
DATES = st.from_regex(r"[0-9a-zA-Z]{1,4}[-/. ][0-9a-zA-Z]{1,3}([-/. ][0-9]{1,4})?", fullmatch=True)


def told(words):
    """Return texts of the words that rules speak of, with the marks that people put between them."""
    pair = st.tuples(st.sampled_from(words), st.sampled_from([" ", "-", " (", ") ", '"', "'", ". ", ", ", "/"]))
    return st.lists(pair, max_size=8).map(lambda pairs: "".join(word + mark for word, mark in pairs))


TEXTS = st.one_of(st.text(max_size=40), told(WORDS), told(PLACES), DATES)
RULES = {
    "name": (normalise.name, r"([a-z]+( [a-z]+)*)?"),
    "date": (normalise.date_of_birth, r"([0-9]{8})?"),
    "postcode": (normalise.postcode, r"([A-Z0-9]{5,8})?"),
    "address": (normalise.address, r"([a-z0-9]+( [a-z0-9]+)*)?"),
    "sex": (normalise.sex, r"[MF]?"),
    "phone": (normalise.phone, r"(\+44[0-9]{9,10})?"),
}
LONGEST = 10_000
HARD = ("a", "(", '"', "'a ", "“", "o ", "de n ", "mac", "known as ", "mr ", "1 ", "no ", "prison ", "0", "-", "é", "ǆ", "dame ", "da me ")
SECONDS = 1.0  # a rule that is quadratic in the worst way takes minutes


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
@example(text="da me smith")
@example(text="kn1own as bill")
@example(text="swansea prison;")
@example(text="no no 5 a b")
def test_normalising_twice_is_normalising_once_and_keeps_to_its_letters(rule, text):
    normalised, letters = RULES[rule][0](text), RULES[rule][1]
    assert re.fullmatch(letters, normalised)
    assert RULES[rule][0](normalised) == normalised


@settings(max_examples=100, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_every_name_of_a_record_is_normalised_and_a_forename_never_stands_alone(forename, middle, surname):
    found = normalise.full_names(forename, middle, surname)
    assert len(set(found)) == len(found) >= 1
    for full in found:
        assert all(re.fullmatch(RULES["name"][1], part) for part in full)
        assert full.surname or not full.forename


@given(st.text(max_size=40))
def test_an_address_is_dropped_together_with_its_postcode_or_the_postcode_stays(text):
    assert normalise.home(text, "CF24 0UG")[1] in {"", "CF240UG"}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("piece", HARD)
def test_a_text_of_ten_thousand_characters_takes_no_time_to_speak_of(rule, piece):
    text = (piece * LONGEST)[:LONGEST]
    before = time.process_time()
    normalised = RULES[rule][0](text)
    assert time.process_time() - before < SECONDS
    assert re.fullmatch(RULES[rule][1], normalised)
