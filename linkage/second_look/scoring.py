"""From levels to bits: log2 of the odds that two records are one person, given how far their fields agree. Pure.

Two mixtures are compared (Fellegi & Sunter 1969, with classes). Pairs that are one person come in classes: by who recorded
them. Pairs that are not come in classes too: unrelated people, namesakes, neighbours, siblings, twins, partners. Within a class
fields are independent, so a class is one table of probabilities per field, and

    odds = 1/2 sum_k share_k prod_f m_kf(level) / sum_c count_c prod_f u_cf(level)

where count_c is how many records of class c a pool holds for one record of the other side: unrelated people as many as the pool
is large, siblings a constant. Fields of a household are not independent, and the classes say how: a twin explains an equal date
of birth, surname and address as well as the same person does, so only the forename decides. A field without evidence has the
factor 1 in every class. Nothing is estimated from the data that is being linked.

Source: Fellegi & Sunter (1969), JASA 64(328); classes after Larsen & Rubin (2001), JASA 96(453).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from linkage.second_look.levels import FIELDS, NONE, Levels, all_the_same
from schemas.encoding_set import Population

Bits = npt.NDArray[np.float64]

AGAINST_BITS: Final = 5.0  # a field may be wrong with anybody: none speaks against a match by more than this, beside strangers,
AGAINST_BITS_OF: Final = {  # but for names and dates, which people keep and siblings do not share; and an address, which says again what a postcode said
    "forename": 7.0,
    "birth": 8.0,
    "address": 2.0,
}
FOR_BITS: Final = 14.0  # no field speaks for a match by more than this, beside any class of others
# Linked one to one, measured on invented populations that the model was not counted on (docs/explanation/quality.md): as many pairs
# are wrong as right at -6 where most records have a partner, as in files that are linked for an estimate; at -3 where half of carelessly kept ones have.
LINK_BITS: Final = -6.0
MATCH_PRIOR_BITS: Final = -1.0  # every second record sought is in the pool
UNRELATED: Final = "unrelated"
CENTIBITS: Final = 100
BLOCK_PAIRS: Final = 1 << 16
WIDTH: Final = max(len(levels) for levels in FIELDS.values())


@dataclass(frozen=True)
class Model:
    """The classes of one population: log2 probabilities, shape (classes, fields, levels), and how common each class is."""

    match: Bits
    match_share: npt.NDArray[np.float64]
    other: Bits
    per_pair: npt.NDArray[np.float64]
    per_record: npt.NDArray[np.float64]

    def weights(self, levels: Levels, pool_size: int) -> Bits:
        """Return log2 of the posterior odds of each pair, at most those of a pair that agrees in all it has evidence of.

        Relatives are a better explanation of "all the same" than of a slip that they would not make, so without that limit a slip
        could count for a match.

        Args:
            levels: shape (pairs, fields).
            pool_size: how many records the right pool holds.
        """
        counts = np.log2(self.per_pair * max(pool_size, 1) + self.per_record)
        blocks = [levels[start : start + BLOCK_PAIRS] for start in range(0, len(levels), BLOCK_PAIRS)]
        capped = (np.minimum(self._bits(block, counts), self._bits(all_the_same(block), counts)) for block in blocks)
        return np.concatenate([np.zeros(0), *capped]) + MATCH_PRIOR_BITS

    def _bits(self, levels: Levels, counts: Bits) -> Bits:
        return _mixed(self.match, np.log2(self.match_share), levels) - _mixed(self.other, counts, levels)


def _mixed(tables: Bits, log_shares: Bits, levels: Levels) -> Bits:
    """Return log2 of the sum over classes of share times the product over fields."""
    total = np.tile(log_shares[:, None], len(levels))
    for field in range(levels.shape[1]):
        total += tables[:, field, levels[:, field]]
    mixed: Bits = np.logaddexp2.reduce(total, axis=0)
    return mixed


def load_model(table: Mapping[str, Any], *populations: Population) -> Model:
    """Return the model of one population, or of several in equal parts, out of the shipped table; floors applied.

    Args:
        table: log2 probabilities in hundredths of a bit, by population, class, field and level.
        populations: which the pools hold.
    """
    matches, others = ([item for name in populations for item in table[name][side].items()] for side in ("matches", "others"))
    unrelated = np.mean([_tables(item["levels"]) for name, item in others if name == UNRELATED], axis=0)
    least = unrelated - np.array([AGAINST_BITS_OF.get(field, AGAINST_BITS) for field in FIELDS])[:, None]
    match, other = (np.stack([np.maximum(_tables(item["levels"]), least) for _, item in classes]) for classes in (matches, others))
    shares = np.array([item["share"] for _, item in matches]) / len(populations)
    typical = np.logaddexp2.reduce(match + np.log2(shares)[:, None, None], axis=0)
    return Model(
        match=match,
        match_share=shares,
        other=np.maximum(other, typical - FOR_BITS),
        per_pair=np.array([item["per_pair"] for _, item in others]) / len(populations),
        per_record=np.array([item["per_record"] for _, item in others]) / len(populations),
    )


def _tables(levels: Mapping[str, Sequence[int]]) -> Bits:
    """Return one class's log2 probabilities, shape (fields, levels); no evidence is 0, for a factor of 1."""
    bits = np.zeros((len(FIELDS), WIDTH))
    for number, field in enumerate(FIELDS):
        values = levels[field]
        bits[number, NONE + 1 : NONE + 1 + len(values)] = np.array(values) / CENTIBITS
    return bits
