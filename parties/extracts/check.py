"""Check a node's extract before anything is encoded, and quarantine the rows that break a rule.

Writes `quarantine/<file>.csv`: row, column, rule, severity; never a value. Above the agreement's bar nothing leaves.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parties.extracts.read import read_extract
from parties.settings import NodeSettings
from schemas.errors import ExtractError
from schemas.extracts import load_rules
from validation.extract import CheckResult, Failure, Keys, check_file
from validation.progress import Progress, silent

EXTRACT_DIRECTORY, QUARANTINE_DIRECTORY = "extract", "quarantine"
_HEADER = ("row", "column", "rule", "severity")
_PER_MILLE = 1_000


@dataclass(frozen=True)
class Checked:
    """What the check of a whole extract found: rows and quarantined row numbers by file."""

    rows: Mapping[str, int]
    quarantined: Mapping[str, frozenset[int]] = field(repr=False)

    @property
    def quarantined_per_mille(self) -> int:
        """Quarantined rows out of a thousand, rounded up."""
        rows, out = sum(self.rows.values()), sum(map(len, self.quarantined.values()))
        return -(-out * _PER_MILLE // rows) if rows else 0


def check_extract(settings: NodeSettings, progress: Progress = silent) -> Checked:
    """Check every file of the node's extract; write the quarantine lists and return what was found.

    Raises:
        ExtractError: a file is missing, unreadable, or lacks a required column.
    """
    rules, keys = load_rules(settings.kind), Keys()
    rows, quarantined = dict[str, int](), dict[str, frozenset[int]]()
    for position, file in enumerate(rules.files):
        progress("check", position, len(rules.files))
        results = [
            check_file(settings.kind, file, chunk.frame, first_row=chunk.first_row, rules=rules, keys=keys)
            for chunk in read_extract(settings.path(EXTRACT_DIRECTORY), file)
        ]
        rows[file] = sum(result.rows for result in results)
        quarantined[file] = frozenset[int]().union(*(result.quarantined_rows for result in results))
        _write_quarantine(settings.path(QUARANTINE_DIRECTORY, f"{file}.csv"), results)
    progress("check", len(rules.files), len(rules.files))
    return Checked(rows, quarantined)


def check_bar(checked: Checked, bar_per_mille: int) -> None:
    """Check that few enough rows are quarantined.

    Raises:
        ExtractError: more are than the agreement allows; nothing leaves.
    """
    if checked.quarantined_per_mille > bar_per_mille:
        raise ExtractError(
            f"extract: {checked.quarantined_per_mille} of 1000 rows break a rule where the agreement allows {bar_per_mille}; nothing was sent: mend the rows listed in {QUARANTINE_DIRECTORY}/"
        )


def _write_quarantine(path: Path, results: list[CheckResult]) -> None:
    failures: list[Failure] = [failure for result in results for failure in result.failures]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_HEADER)
        writer.writerows((failure.row, failure.column, failure.rule, failure.severity) for failure in failures)
