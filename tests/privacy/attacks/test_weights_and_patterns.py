"""What single filters show: missing fields and fills by their weight, and frequent tokens by bits that are set together."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from parties.encoding.clk import linkage_schema
from parties.encoding.encode import invented
from parties.encoding.rows import PersonRows, fields
from parties.encoding.tokens import cut_value
from parties.risk.attacked import PLAIN, signs
from parties.risk.patterns import patterns, share_of_tokens_found
from parties.risk.separation import auc
from parties.risk.traits import weights
from schemas.agreement import PROJECTIONS
from tests.privacy.attacks.people import SHIPPED, UNDIFFUSED, key, rows, target, values

PEOPLE = 3_000
ALMOST_CHANCE = 0.60
PLACES = {"B": "postcode", "C": "address", "D": "postcode"}


def told_apart(left, right):
    """Return how well the weights of two groups of filters tell them apart, in either direction."""
    return max(auc(weights(left), weights(right)), auc(weights(right), weights(left)))


def without(column):
    """Return people of whom every other one's record lacks `column`, and whether it does."""
    made = rows(PEOPLE)
    at = [number for number, text in enumerate(made.postcode) if text and made.address[number]]
    columns = {name: [texts[row] for row in at] for name, texts in vars(made).items() if name != "record_keys"}
    lacking = np.arange(len(at)) % 2 == 1
    columns[column] = ["" if lacks else text for text, lacks in zip(columns[column], lacking, strict=True)]
    return PersonRows(**{**columns, "person": list(range(len(at)))}), lacking


@pytest.mark.parametrize("projection", PLACES)
def test_a_record_without_a_field_cannot_be_told_by_its_filters_weight(projection, figure):
    made, lacking = without(PLACES[projection])
    read = fields(made, projection)
    kept = np.array([one is not None for one in read])
    seen = signs(target(projection, SHIPPED).filters([one for one in read if one is not None]))
    found = told_apart(seen[lacking[kept]], seen[~lacking[kept]])
    figure(f"AUC of a missing {PLACES[projection]} from weight, projection {projection}", f"at most {ALMOST_CHANCE}", f"{found:.3f}")
    assert found <= ALMOST_CHANCE


@pytest.mark.parametrize("strength", [UNDIFFUSED, SHIPPED])
def test_a_blank_that_nothing_stood_for_would_show_even_through_diffusion(strength):
    whole = list(values("B", PEOPLE).values())
    blank = [(*one[:-1], "") for one in whole]
    made = target("B", strength)
    assert told_apart(signs(made.filters(blank)), signs(made.filters(whole))) > 0.9


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_a_fill_cannot_be_told_by_its_filters_weight(projection, figure):
    made = target(projection, SHIPPED)
    fills = signs(made.filters(invented(rows(PEOPLE), projection, 1_000, key("fills"))))
    found = told_apart(fills, signs(made.filters(list(values(projection, PEOPLE).values()))))
    figure(f"AUC of fills from weight, projection {projection}", f"at most {ALMOST_CHANCE}", f"{found:.3f}")
    assert found <= ALMOST_CHANCE


def tokens_of(projection, chosen):
    """Return which records have each frequent token of dates of birth, shape (tokens, n)."""
    schema = linkage_schema(projection)
    at = [field.identifier for field in schema.fields].index("dob")
    cut = [set(cut_value(schema.fields[at], one[at])) for one in chosen]
    counts = Counter(token for tokens in cut for token in tokens)
    frequent = [token for token, count in counts.items() if 0.05 <= count / len(chosen) <= 0.9]
    return np.array([[token in tokens for tokens in cut] for token in frequent])


def test_bits_that_are_set_together_mark_tokens_in_plain_filters_alone(figure):
    chosen = list(values("A", PEOPLE).values())
    tokens = tokens_of("A", chosen)
    shares = [share_of_tokens_found(patterns(signs(target("A", strength).filters(chosen))), tokens) for strength in (UNDIFFUSED, SHIPPED)]
    figure("frequent tokens found by pattern mining", "0", f"{shares[1]:.3f}")
    assert len(tokens) > 20
    assert shares[0] >= 0.95
    assert shares[1] == 0


def test_the_undiffused_strength_is_clkhashs_filter():
    assert replace(SHIPPED, diffusion=PLAIN) == UNDIFFUSED
