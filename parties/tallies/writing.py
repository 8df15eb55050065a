"""Writing what was returned: one CSV of every count, and a drawing of each quarter's sums."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

from parties.publication.charts import intervals_svg
from parties.tallies.summing import ALL, Row
from parties.whole_files import whole_file

CSV: Final = "outcomes.csv"


@dataclass(frozen=True)
class _Drawn:
    """A count as it is drawn: nothing is below 0."""

    value: int
    lower: int
    upper: int
    mark: str


def write_rows(rows: Sequence[Row], out: Path) -> list[str]:
    """Write `outcomes.csv` and a drawing for each quarter into `out`; return their names.

    Args:
        rows: as `parties.tallies.summing.rows` gave them.
        out: made if it is missing; files of the same names are replaced.
    """
    out.mkdir(parents=True, exist_ok=True)
    content = {CSV: _csv(rows), **{f"outcomes-{quarter}.svg": _drawing(rows, quarter) for quarter in {row.quarter: None for row in rows}}}
    for name, text in content.items():
        with whole_file(out / name) as file:
            file.write(text.encode())
    return list(content)


def _csv(rows: Sequence[Row]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return written.getvalue()


def _drawing(rows: Sequence[Row], quarter: str) -> str:
    summed = [row for row in rows if (row.quarter, row.area, row.grade) == (quarter, "", ALL) and row.outcome != ALL]
    drawn = [(row.outcome, _Drawn(max(0, row.value), max(0, row.lower), max(0, row.upper), _mark(row))) for row in summed]
    return intervals_svg(drawn, f"Referrals of {quarter} by outcome, with 95 per cent intervals for the noise") + "\n"


def _mark(row: Row) -> str:
    return "u" if 2 * (row.upper - row.value) > row.value else ""
