"""The files for machines: CSV with its description (CSVW), SDMX-CSV, metadata, release notes. Pure.

Source: W3C, Model for Tabular Data and Metadata on the Web; SDMX-CSV 2.0, the header's names.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from parties.publication.corrected import Corrected
from parties.publication.evidence import Quality, qualities
from parties.publication.places import Row
from parties.publication.released import Released
from parties.publication.wording import ENGLISH

COLUMNS: Final = ("area", "name", "level", "age", "value", "lower", "upper", "mark")
DESCRIBED: Final[Mapping[str, tuple[str, str]]] = {
    "area": ("string", "code of the Office for National Statistics, April 2025"),
    "name": ("string", "name of the place"),
    "level": ("string", "nation, country, region or authority"),
    "age": ("string", "all, or completed years on the day that the round opened; unknown: the authority's record does not say"),
    "value": ("integer", "linked children, noised"),
    "lower": ("integer", "lower limit of the 95 % interval, for the noise alone"),
    "upper": ("integer", "upper limit of the 95 % interval, for the noise alone"),
    "mark": ("string", "u: the interval reaches further than half of the value"),
}
CORRECTED: Final[Mapping[str, tuple[str, str]]] = {
    "area": DESCRIBED["area"],
    "name": DESCRIBED["name"],
    "level": ("string", "nation, country or region"),
    "age": DESCRIBED["age"],
    "linked": ("integer", "linked children, noised"),
    "value": ("integer", "corrected for false and missing links"),
    "lower": ("integer", "lower limit of the 95 % interval, for noise, false and missing links together"),
    "upper": ("integer", "upper limit of the 95 % interval, for noise, false and missing links together"),
    "noise": ("integer", "per cent of the variance that noise brings"),
    "false_links": ("integer", "per cent of the variance that not knowing the false links brings"),
    "missed_links": ("integer", "per cent of the variance that not knowing the missing links brings"),
}
LINKS: Final[Mapping[str, tuple[str, str]]] = {
    "area": ("string", "code of the place that the group is of, or any"),
    "name": ("string", "name of the place"),
    "age": DESCRIBED["age"],
    "reviewed": ("integer", "links looked at"),
    "precision": ("integer", "of them right, per thousand"),
    "precision_lower": ("integer", "lower limit of the 95 % interval, per thousand"),
    "precision_upper": ("integer", "upper limit of the 95 % interval, per thousand"),
    "known": ("integer", "children known who are to be linked"),
    "recall": ("integer", "of them linked, per thousand"),
    "recall_lower": ("integer", "lower limit of the 95 % interval, per thousand"),
    "recall_upper": ("integer", "upper limit of the 95 % interval, per thousand"),
}
LEDGER: Final[Mapping[str, tuple[str, str]]] = {
    "number": ("integer", "of the table in the ledger, from 1"),
    "drawn": ("string", "day on which it was drawn, ISO 8601"),
    "round": ("string", "its round; empty: the table was lost with a database, and its price stays spent"),
    "micro_rho": ("integer", "what it cost, in millionths of rho"),
    "total_micro_rho": ("integer", "what all tables up to it cost, in millionths of rho"),
    "total_epsilon_per_mille": ("integer", "the same as epsilon in thousandths, at the delta of metadata.json"),
}
SDMX: Final = ("DATAFLOW", "REF_AREA", "AGE", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "LOWER", "UPPER")
SDMX_AGES: Final[Mapping[str, str]] = {"": "_T", "0-4": "Y0T4", "5-9": "Y5T9", "10-14": "Y10T14", "15+": "Y_GE15", "unknown": "_U"}
FLOW: Final = "KINLINK:LINKED_CHILDREN(2.0)"
EVERY_AGE, ANY_PLACE = "all", "any"
NORMAL, LOW_RELIABILITY, PUBLIC = "A", "U", "F"  # of SDMX's lists of codes for observations and confidentiality


def plain_files(released: Released) -> dict[str, str]:
    """Return the text of each file by its name."""
    files = {
        "counts.csv": _csv(COLUMNS, map(_cells, released.everything)),
        "counts-sdmx.csv": _csv(SDMX, (_observation(row, released) for row in released.everything)),
        "measurements.csv": _csv(COLUMNS, map(_cells, released.measured)),
        "counts.csv-metadata.json": _described("counts.csv", "Linked children by place and age", released, DESCRIBED, least=0),
        "measurements.csv-metadata.json": _described(
            "measurements.csv", "Linked children by place and age, as measured", released, DESCRIBED
        ),
        "metadata.json": json.dumps(released.metadata(), indent=2) + "\n",
    }
    if released.published_evidence:
        files["links.csv"] = _csv(tuple(LINKS), map(links_cells, qualities(released.published_evidence)))
        files["links.csv-metadata.json"] = _described("links.csv", "How many links are right, and how many are missing", released, LINKS)
        files["corrected.csv"] = _csv(tuple(CORRECTED), map(corrected_cells, released.corrected))
        files["corrected.csv-metadata.json"] = _described(
            "corrected.csv", "Children by place, corrected for false and missing links", released, CORRECTED, least=0
        )
    if released.drawn:
        files["privacy-ledger.csv"] = _csv(tuple(LEDGER), ledger_cells(released))
        files["privacy-ledger.csv-metadata.json"] = _described(
            "privacy-ledger.csv", "What was spent of privacy up to this table", released, LEDGER, least=0
        )
    return {**files, "release-notes.txt": _notes(released)}


def corrected_cells(item: Corrected) -> tuple[str | int, ...]:
    """Return a corrected count in the order of `CORRECTED`."""
    place = item.row.place
    shares = (item.noise, item.false_links, item.missed_links)
    age = item.row.age or EVERY_AGE
    return place.code, place.name, item.row.level, age, item.row.value, item.value, item.lower, item.upper, *shares


def links_cells(item: Quality) -> tuple[str | int, ...]:
    """Return how good the links of a group are, in the order of `LINKS`."""
    code, name = (item.place.code, item.place.name) if item.place else (ANY_PLACE, ENGLISH["any place"])
    return code, name, item.age or EVERY_AGE, item.reviewed, *item.precision, item.known, *item.recall


def ledger_cells(released: Released) -> list[tuple[str | int, ...]]:
    """Return the privacy ledger up to this table, each row in the order of `LEDGER`."""
    return [
        (number, item.drawn_on, item.round_id, item.micro_rho, item.total_micro_rho, item.epsilon_per_mille_at[released.table.delta])
        for number, item in enumerate(released.drawn, 1)
    ]


def _cells(row: Row) -> tuple[str | int, ...]:
    return row.place.code, row.place.name, row.level, row.age or EVERY_AGE, row.value, row.lower, row.upper, row.mark


def _observation(row: Row, released: Released) -> tuple[str | int, ...]:
    status = LOW_RELIABILITY if row.mark else NORMAL
    return FLOW, row.place.code, SDMX_AGES[row.age], released.opens, row.value, status, PUBLIC, row.lower, row.upper


def _csv(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return sheet.getvalue()


def _described(name: str, title: str, released: Released, described: Mapping[str, tuple[str, str]], *, least: int | None = None) -> str:
    columns: list[dict[str, Any]] = []
    for column, (kind, meaning) in described.items():
        bounded = {"base": kind, "minimum": least} if kind == "integer" and least is not None else kind
        columns.append({"name": column, "titles": column, "datatype": bounded, "dc:description": meaning})
    keys = [key for key in ("number", "area", "age") if key in described]
    said = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "dc:title": title,
        "dc:description": f"{ENGLISH['subtitle']}; round {released.table.round_id}",
        "tableSchema": {"columns": columns, "primaryKey": keys, "aboutUrl": "#" + "-".join(f"{{{key}}}" for key in keys)},
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
