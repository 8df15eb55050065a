"""What each field adds to a pair's weight, in parts that add up to the whole. Pure.

The weight of a mixture is no sum over fields: an equal surname says less where the address is equal, too, for then a sibling
would explain both. So a field's part is what it adds on average over every order in which the fields could be read.

Source: Shapley (1953), Contributions to the Theory of Games II.
"""

from collections.abc import Callable
from itertools import product
from math import factorial
from typing import NamedTuple

import numpy as np

from linkage.second_look.levels import NONE, Levels
from linkage.second_look.scoring import Bits


class Parts(NamedTuple):
    """Of each pair: the weight before any field is read, shape (pairs,), and what each adds, shape (pairs, fields)."""

    prior: Bits
    fields: Bits


def contributions(weigh: Callable[[Levels], Bits], levels: Levels) -> Parts:
    """Return the parts of each pair's weight; a field without evidence adds nothing. For a few pairs: 2 ** fields weights each.

    Args:
        weigh: returns the weight of pairs, bits, given levels of shape (pairs, fields).
        levels: of the pairs to explain.
    """
    fields = levels.shape[1]
    subsets = np.array(list(product((False, True), repeat=fields)), dtype=np.bool_)
    read = np.where(subsets, levels[:, None, :], NONE).astype(levels.dtype)
    weight = weigh(read.reshape(-1, fields)).reshape(len(levels), len(subsets))
    parts = np.zeros(levels.shape)
    for field in range(fields):
        without = np.flatnonzero(~subsets[:, field])
        added = weight[:, without | 1 << (fields - 1 - field)] - weight[:, without]
        parts[:, field] = added @ [_share_of_orders(int(size), fields) for size in subsets[without].sum(axis=1)]
    return Parts(weight[:, 0], parts)


def _share_of_orders(before: int, fields: int) -> float:
    """Return the share of orders in which just these `before` fields come before one more."""
    return factorial(before) * factorial(fields - before - 1) / factorial(fields)
