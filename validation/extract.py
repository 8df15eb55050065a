"""Check a custodian's extract against its rules before anything is encoded.

Frames in, findings out; reads no file. What comes out is counts, row numbers, columns and rule names: never a value.
"""

import dataclasses
import warnings
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Final

from schemas.errors import ExtractError
from schemas.extracts import QUARANTINE, ExtractRules, FileRules, Rule, load_rules

if TYPE_CHECKING:
    import pandas as pd

FIRST_DATA_ROW: Final = 2  # as a spreadsheet counts: row 1 is the header

Keys = dict[tuple[str, str], set[str]]


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Failure:
    """A row that breaks a rule: where and which, never what."""

    row: int
    column: str
    rule: str
    severity: str = QUARANTINE


@dataclasses.dataclass(frozen=True, slots=True)
class CheckResult:
    """What the check of one file, or of one chunk of it, found."""

    rows: int
    failures: list[Failure]

    @property
    def quarantined_rows(self) -> frozenset[int]:
        """The row numbers that do not leave."""
        return frozenset(failure.row for failure in self.failures if failure.severity == QUARANTINE)


def check_file(
    kind: str,
    file: str,
    frame: "pd.DataFrame",
    *,
    first_row: int = FIRST_DATA_ROW,
    rules: ExtractRules | None = None,
    keys: Keys | None = None,
) -> CheckResult:
    """Check one file, or one chunk of it, and return the rows that break a rule.

    Args:
        kind: the kind of custodian.
        file: the file's name without its ending, as in the rules.
        frame: text columns, missing values as the empty string.
        first_row: the row number of the frame's first row, as people count: 2 below a header.
        rules: other rules than the published ones.
        keys: keys of the rows that leave, by file and column; read for uniqueness across chunks and references between files, and
            added to. Without it, uniqueness is that of the frame and references are not checked.

    Raises:
        ExtractError: the file is not one of the kind's, or lacks a required column.
    """
    rules = rules or load_rules(kind)
    file_rules = _file_rules(rules, file)
    _check_columns(file_rules, frame.columns)
    if frame.empty:
        return CheckResult(0, [])
    failures = _failures(frame.reset_index(drop=True), file_rules, first_row, keys)
    result = CheckResult(len(frame), sorted(failures))
    if keys is not None:
        kept_back = result.quarantined_rows
        leaving = frame[[row not in kept_back for row in range(first_row, first_row + len(frame))]]
        _remember(leaving, file_rules, _referred_to(rules), keys)
    return result


def _check_columns(file_rules: FileRules, columns: Iterable[str]) -> None:
    """Check that a file has every required column.

    Raises:
        ExtractError: a required column is missing.
    """
    present = set(columns)
    for column in file_rules.columns:
        if column.required and column.name not in present:
            where = f"{file_rules.name}: column {column.name} is missing"
            raise ExtractError(f"{where}; export it under that name; docs/reference/extracts.md lists the columns")


def _file_rules(rules: ExtractRules, file: str) -> FileRules:
    if file not in rules.files:
        raise ExtractError(f"{file}: not a file of a {rules.kind} extract; its files are {', '.join(rules.files)}")
    return rules.files[file]


def _failures(frame: "pd.DataFrame", rules: FileRules, first_row: int, keys: Keys | None) -> Iterator[Failure]:
    expectations = _expectations()
    table = frame[[name for name in rules.header if name in frame]]
    helpers = {
        expectations.helper_column(column.name, rule): _holds(frame, rules.name, column.name, rule, keys)
        for column in rules.columns
        for rule in column.rules
        if column.name in frame and rule.name in {"unique", "refers_to"}
    }
    table = table.astype(object).where(table != "", None).assign(**helpers)
    for column, rule, positions in expectations.failing_positions(table, rules):
        yield from (Failure(first_row + position, column, rule.name, rule.severity) for position in positions)


def _expectations() -> ModuleType:
    with warnings.catch_warnings():  # Great Expectations imports modules that Python 3.11 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        from validation import expectations
    return expectations


def _holds(frame: "pd.DataFrame", file: str, column: str, rule: Rule, keys: Keys | None) -> "pd.Series[bool]":
    values = _key_values(frame, column, rule)
    blank = frame[column] == ""
    if rule.name == "refers_to":
        known = values.isin(keys.get((rule.arguments["file"], rule.arguments["column"]), set())) if keys is not None else ~blank
        return blank | known
    return blank | ~(values.duplicated(keep=False) | values.isin((keys or {}).get((file, column), set())))


def _key_values(frame: "pd.DataFrame", column: str, rule: Rule) -> "pd.Series[str]":
    values = frame[column]
    for within in rule.arguments.get("within", ()):
        values = frame[within].str.cat(values, sep="\x1f")
    return values


def _referred_to(rules: ExtractRules) -> frozenset[tuple[str, str]]:
    every = (rule for file in rules.files.values() for column in file.columns for rule in column.rules)
    return frozenset((rule.arguments["file"], rule.arguments["column"]) for rule in every if rule.name == "refers_to")


def _remember(leaving: "pd.DataFrame", rules: FileRules, referred_to: frozenset[tuple[str, str]], keys: Keys) -> None:
    for column in rules.columns:
        unique = next((rule for rule in column.rules if rule.name == "unique"), None)
        if column.name not in leaving or not (unique or (rules.name, column.name) in referred_to):
            continue
        values = _key_values(leaving, column.name, unique) if unique else leaving[column.name]
        keys.setdefault((rules.name, column.name), set()).update(values)
