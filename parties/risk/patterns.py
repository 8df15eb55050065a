"""Pattern mining: bits that are set together are one token's, and the records that have them are those with the token. Pure.

Source: Christen, Vidanage, Ranbaduge & Schnell (2018), PAKDD, Pattern-mining based cryptanalysis of Bloom filters.
"""

import numpy as np
from numpy.typing import NDArray

from parties.risk.attacked import Signs

BITS = 5  # of a group; a token of a frequent field has at least as many
OVERLAP = 0.8  # of the records found and those with the token, of all that are either

Marks = NDArray[np.bool_]


def patterns(seen: Signs) -> Marks:
    """Return which records have each bit together with the bits that are set with it most often, shape (bits, n)."""
    centred = seen - seen.mean(axis=0)
    centred /= np.maximum(np.linalg.norm(centred, axis=0), np.finfo(np.float32).tiny)
    groups = np.argpartition(centred.T @ centred, -BITS, axis=1)[:, -BITS:]
    together = np.zeros((len(groups), seen.shape[1]), dtype=np.float32)
    np.put_along_axis(together, groups, 1.0, axis=1)
    marks: Marks = together @ (seen > 0).T.astype(np.float32) >= BITS - 1  # another token's bit may hide one, or add one
    return marks


def share_of_tokens_found(found: Marks, tokens: Marks) -> float:
    """Return the share of tokens whose records some pattern marks.

    Args:
        found: which records have each pattern, shape (patterns, n).
        tokens: which records have each token, shape (tokens, n).
    """
    both = tokens.astype(np.float32) @ found.T.astype(np.float32)
    either = tokens.sum(axis=1)[:, None] + found.sum(axis=1) - both
    return float(((both / np.maximum(either, 1)).max(axis=1) >= OVERLAP).mean())
