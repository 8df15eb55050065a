"""Link two files through the real encoders, search, weights and rules; with truth, measure. The truth goes nowhere else."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from flows.linking import Linking, Rows, cuts
from linkage.findings.links import Link, Person, with_margins
from linkage.findings.solving import one_to_one
from linkage.second_look.levels import FIELDS, Levels, field_levels
from linkage.second_look.scoring import CENTIBITS, LINK_BITS, Bits, load_model
from parties.encoding.rows import PersonRows
from schemas.agreement import Projection, Release, Search
from schemas.encoding_set import POPULATIONS
from schemas.errors import ExtractError
from schemas.linkage import evidence_model
from validation.progress import Progress
from validation.quality.pairs import ScoredPairs, measure

Profile = Literal["default", "small-scope", "undiffused"]


class Terms(NamedTuple):
    """How one profile links: the search, how many candidates of a filter are looked at, and what its encoding says otherwise than the shipped one."""

    search: Search = Search()
    slots: int = 4
    encoding: Mapping[str, Any] = MappingProxyType({})


PROFILES: Mapping[Profile, Terms] = {
    "default": Terms(),
    "small-scope": Terms(Search(cut_per_mille=500), slots=20, encoding={"profile": "small-scope"}),
    "undiffused": Terms(encoding={"profile": "development", "diffusion": 1}),  # to see what diffusion costs; attacks read it
}
POLICY = Release(link_centibits=round(CENTIBITS * LINK_BITS))
MAX_ROWS = 5_000_000
LEFT, RIGHT = "left", "right"

# Columns of the input, and what the encoder calls them.
COLUMNS = {
    "given": "forename", "middle": "middle_names", "surname": "surname", "dob": "date_of_birth", "sex": "sex",
    "postcode": "postcode", "address": "address", "town": "town",
}  # fmt: skip
ALIASES = {"alias_given": "forename", "alias_surname": "surname", "alias_dob": "date_of_birth", "previous_postcode": "postcode"}


@dataclass(frozen=True)
class Candidates:
    """Every pair of rows that was looked at: how far each field agrees, shape (pairs, fields), and the weight in bits.

    `weigh` gives the weight of any levels, as it did of these; `cuts` says how alike filters had to be, by projection;
    `were_near` whether filters of pairs of rows were as alike, also where no slot was left to look at them.
    """

    left: Rows
    right: Rows
    levels: Levels
    weight: Bits
    weigh: Callable[[Levels], Bits]
    cuts: Mapping[Projection, float]
    were_near: Callable[[tuple[Rows, Rows]], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class Decisions:
    """One-to-one pairs of rows with their weight, and what the two rules say of each."""

    pairs: ScoredPairs
    linked: npt.NDArray[np.bool_]
    released: npt.NDArray[np.bool_]


def read_file(path: Path) -> dict[str, list[str]]:
    """Read a CSV or Parquet file as columns of text; missing is "".

    Raises:
        ExtractError: it cannot be read, has no `rid`, or is too long.
    """
    try:
        table = pyarrow.parquet.read_table(path) if path.suffix == ".parquet" else _read_csv(path)
    except FileNotFoundError:
        raise ExtractError(f"{path}: no such file") from None
    except (pa.ArrowException, UnicodeDecodeError, OSError):
        raise ExtractError(f"{path}: not a readable CSV or Parquet file; want UTF-8 with one header row") from None
    if "rid" not in table.column_names:
        raise ExtractError(f"{path}: no column rid; see `kinlink evaluate --help` for the columns")
    if table.num_rows > MAX_ROWS:
        raise ExtractError(f"{path}: over {MAX_ROWS:,} rows; evaluate a sample")
    return {name: ["" if value is None else str(value) for value in table[name].to_pylist()] for name in table.column_names}


def person_rows(columns: Mapping[str, Sequence[str]]) -> PersonRows:
    """Return the file's records as rows to encode: a main row each, and one for aliases or a previous postcode."""
    rows = PersonRows()
    size = len(columns["rid"])
    main = {target: columns.get(source, [""] * size) for source, target in COLUMNS.items()}
    other = {target: columns[source] for source, target in ALIASES.items() if source in columns}
    for number in range(size):
        record = {target: values[number] for target, values in main.items()}
        person = rows.add_person(str(number))
        rows.add_rows(person, record)
        changed = {target: values[number] for target, values in other.items() if values[number]}
        if changed:
            rows.add_rows(person, {**record, **changed})
    return rows


def look(left: Mapping[str, Sequence[str]], right: Mapping[str, Sequence[str]], *, profile: Profile, progress: Progress) -> Candidates:
    """Search two files' records and look at the candidates, under the shipped weights."""
    terms = PROFILES[profile]
    linking = Linking("adults", terms=terms.encoding, progress=progress)
    sides = linking.encode(person_rows(left)), linking.encode(person_rows(right))
    candidates = linking.candidates(*sides, terms.search)
    progress("search", 1, 1)
    model, size = load_model(evidence_model(), *POPULATIONS), max(len(left["rid"]), len(right["rid"]))
    looked = [
        (pairs.left, pairs.right, field_levels(pairs.left_tags, pairs.right_tags))
        for pairs in linking.second_look(*sides, candidates, slots=terms.slots)
    ]
    progress("second look", 1, 1)
    none = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros((0, len(FIELDS)), dtype=np.uint8)
    ones, others, levels = (np.concatenate(parts) for parts in zip(none, *looked, strict=True))
    weigh = partial(model.weights, pool_size=size)
    were_near = partial(linking.are_candidates, *sides, candidates)
    return Candidates(ones, others, levels, weigh(levels), weigh, cuts(*sides, terms.search), were_near)


def decide(candidates: Candidates) -> Decisions:
    """Return what the shipped rules say of the candidates."""
    floor = (POLICY.link_centibits - POLICY.review_band_centibits) / CENTIBITS
    columns = candidates.left.tolist(), candidates.right.tolist(), candidates.weight.tolist()
    rows = ((Person(LEFT, one), Person(RIGHT, other), weight) for one, other, weight in zip(*columns, strict=True))
    return _decide(one_to_one(with_margins(rows, lambda _one, _other: False, floor=floor)), POLICY)


def thresholds() -> dict[str, float]:
    """Return the rules' thresholds, in bits."""
    return {
        "link_bits": POLICY.link_centibits / CENTIBITS,
        "theta_bits": POLICY.theta_centibits / CENTIBITS,
        "delta_bits": POLICY.delta_centibits / CENTIBITS,
    }


def figures(decisions: Decisions, left: Mapping[str, Sequence[str]], right: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return what there is to say: counts and thresholds always, quality where both files carry `ent`."""
    review = ~decisions.linked
    share = float(review.mean()) if len(review) else 0.0
    common = {"review_share": round(share, 4), "thresholds": thresholds()}
    if "ent" not in left or "ent" not in right:
        return {"pairs": int(decisions.linked.sum()), "release": {"pairs": int(decisions.released.sum())}, **common}
    quality = measure(decisions.pairs, decisions.linked, left["ent"], right["ent"])
    return {**quality, **common, "release": measure(decisions.pairs, decisions.released, left["ent"], right["ent"])}


def write_links(path: Path, decisions: Decisions, left: Sequence[str], right: Sequence[str]) -> None:
    """Write `rid_a,rid_b,score,decision,release`, surest first."""
    order = np.argsort(-decisions.pairs.score, kind="stable")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("rid_a", "rid_b", "score", "decision", "release"))
        for row in order.tolist():
            decision = "link" if decisions.linked[row] else "review"
            release = "yes" if decisions.released[row] else "no"
            writer.writerow(
                (left[decisions.pairs.left[row]], right[decisions.pairs.right[row]], f"{decisions.pairs.score[row]:.2f}", decision, release)
            )


def _decide(links: Sequence[Link], policy: Release) -> Decisions:
    weight, margin = np.array([link.weight for link in links]), np.array([link.margin for link in links])
    pairs = ScoredPairs(
        np.array([link.left.number for link in links], dtype=np.int64),
        np.array([link.right.number for link in links], dtype=np.int64),
        weight,
    )
    linked = weight * CENTIBITS >= policy.link_centibits
    released = linked & (weight * CENTIBITS >= policy.theta_centibits) & (margin * CENTIBITS >= policy.delta_centibits)
    return Decisions(pairs, linked, released)


def _read_csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    text = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
    return pyarrow.csv.read_csv(path, convert_options=text)
