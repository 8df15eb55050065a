"""The files for machines: CSV with its description (CSVW), SDMX-CSV, metadata, release notes. Pure.

Source: W3C, Model for Tabular Data and Metadata on the Web; SDMX-CSV 2.0, the header's names.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from parties.publication.places import Row
from parties.publication.released import Released
from parties.publication.wording import ENGLISH

COLUMNS: Final = ("area", "name", "level", "value", "lower", "upper", "mark")
DESCRIBED: Final[Mapping[str, tuple[str, str]]] = {
    "area": ("string", "code of the Office for National Statistics, April 2025"),
    "name": ("string", "name of the place"),
    "level": ("string", "nation, country, region or authority"),
    "value": ("integer", "linked children, noised"),
    "lower": ("integer", "lower limit of the 95 % interval, for the noise alone"),
    "upper": ("integer", "upper limit of the 95 % interval, for the noise alone"),
    "mark": ("string", "u: the interval reaches further than half of the value"),
}
SDMX: Final = ("DATAFLOW", "REF_AREA", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "LOWER", "UPPER")
FLOW: Final = "KINLINK:LINKED_CHILDREN(1.0)"
NORMAL, LOW_RELIABILITY, PUBLIC = "A", "U", "F"  # of SDMX's lists of codes for observations and confidentiality


def plain_files(released: Released) -> dict[str, str]:
    """Return the text of each file by its name."""
    files = {
        "counts.csv": _csv(COLUMNS, map(_cells, released.rows)),
        "counts-sdmx.csv": _csv(SDMX, (_observation(row, released) for row in released.rows)),
        "measurements.csv": _csv(COLUMNS, map(_cells, released.measured)),
        "counts.csv-metadata.json": _described("counts.csv", "Linked children by place", released, least=0),
        "measurements.csv-metadata.json": _described("measurements.csv", "Linked children by place, as measured", released),
        "metadata.json": json.dumps(released.metadata(), indent=2) + "\n",
    }
    return {**files, "release-notes.txt": _notes(released)}


def _cells(row: Row) -> tuple[str | int, ...]:
    return row.place.code, row.place.name, row.level, row.value, row.lower, row.upper, row.mark


def _observation(row: Row, released: Released) -> tuple[str | int, ...]:
    return FLOW, row.place.code, released.opens, row.value, LOW_RELIABILITY if row.mark else NORMAL, PUBLIC, row.lower, row.upper


def _csv(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return sheet.getvalue()


def _described(name: str, title: str, released: Released, *, least: int | None = None) -> str:
    columns: list[dict[str, Any]] = []
    for column, (kind, meaning) in DESCRIBED.items():
        bounded = {"base": kind, "minimum": least} if kind == "integer" and least is not None else kind
        columns.append({"name": column, "titles": column, "datatype": bounded, "dc:description": meaning})
    said = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "dc:title": title,
        "dc:description": f"{ENGLISH['subtitle']}; round {released.table.round_id}",
        "tableSchema": {"columns": columns, "primaryKey": "area", "aboutUrl": "#{area}"},
    }
    return json.dumps(said, indent=2) + "\n"


def _notes(released: Released) -> str:
    lines = [
        f"{ENGLISH['title']}: {released.table.round_id}",
        ENGLISH["period"].format(opens=released.opens, closes=released.closes),
        "",
        *(f"{ENGLISH[item.name]}: {ENGLISH['holds' if item.holds else 'fails']}" for item in released.criteria),
        "",
        f"{ENGLISH['revisions']}: {ENGLISH['revisions_text']}",
    ]
    return "\n".join(lines) + "\n"
