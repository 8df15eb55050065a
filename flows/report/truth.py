"""What the truth adds to the figures: recall by group, and how sure misidentification is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from flows.evaluate import Candidates, Decisions, person_rows
from parties.encoding.normalise import name
from schemas.errors import ExtractError
from validation.quality.charts import best_f1, threshold_curve
from validation.quality.groups import WATCHED, Fields, recall_by_group
from validation.quality.limits import misidentification
from validation.quality.pairs import Mask, Rows, same_label, true_pair_count, true_pairs
from validation.synthetic.names import read_table

Columns = Mapping[str, Sequence[str]]

TRUE_PAIRS_A_ROW: Final = 20  # at most, on average: labels that more rows share tell nobody apart


def has_truth(left: Columns, right: Columns) -> bool:
    """Return whether both files say who is who.

    Raises:
        ExtractError: they do, and the labels cannot be those of persons.
    """
    if "ent" not in left or "ent" not in right:
        return False
    if true_pair_count(left["ent"], right["ent"]) > TRUE_PAIRS_A_ROW * max(len(left["rid"]), len(right["rid"])):
        raise ExtractError(f"ent: over {TRUE_PAIRS_A_ROW} pairs of rows for each row have one label; a label is of one person, or empty")
    return True


def truth_figures(candidates: Candidates, decisions: Decisions, left: Columns, right: Columns) -> dict[str, Any]:
    """Return `groups`, `misidentification`, and the best F1 in hindsight, of files that both carry `ent`."""
    labels = left["ent"], right["ent"]
    rules = {"link": decisions.linked, "release": decisions.released}
    chosen = {rule: (decisions.pairs.left[mask], decisions.pairs.right[mask]) for rule, mask in rules.items()}
    correct = same_label(*chosen["release"], *labels)
    pairs, width = true_pairs(*labels), len(right["rid"])
    looked_at = {"looked_at": (candidates.left, candidates.right), **chosen}
    found = {"near": candidates.were_near(pairs), **{stage: _among(pairs, rows, width) for stage, rows in looked_at.items()}}
    return {
        **best_f1(threshold_curve(decisions.pairs, *labels)),
        "misidentification": misidentification(len(correct), int((~correct).sum())),
        "groups": recall_by_group(_fields(left), _fields(right), pairs, found, _surname_lists()),
    }


def _among(pairs: tuple[Rows, Rows], others: tuple[Rows, Rows], width: int) -> Mask:
    """Return whether each pair of rows is one of the others; right rows are below `width`."""
    return np.isin(pairs[0] * width + pairs[1], others[0] * width + others[1])


def _fields(columns: Columns) -> Fields:
    """Return each record's fields as the encoder reads them; of several names the first."""
    rows = person_rows(columns)
    first: dict[int, int] = {}
    for row, person in enumerate(rows.person):
        first.setdefault(person, row)
    return {
        field: [getattr(rows, field)[first[person]] if person in first else "" for person in range(len(columns["rid"]))]
        for field in WATCHED
    }


def _surname_lists() -> dict[str, str]:
    """Return which of the public lists of names a surname is on, by its normalised form."""
    lists: dict[str, set[str]] = defaultdict(set)
    for row in read_table("surnames.csv"):
        lists[name(row["surname"])].add(row["origin"].capitalize())
    return {surname: " or ".join(sorted(origins)) for surname, origins in lists.items()}
