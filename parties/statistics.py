"""The statistics office's side: fetch a round's noised table, and publish it as files that anyone can check.

Only noised integers pass through here. Publishing the same table again writes the same bytes.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from parties.client import ServiceClient
from parties.initialise import load_agreed
from parties.settings import NodeSettings
from schemas.aggregate import CONTEXT, NATION, Cell, NoisedTable
from schemas.errors import ConfigurationError, ServiceError
from schemas.geography import authority, nation
from schemas.roster import Role, keys_of
from schemas.signature import SignedDocument, check_signed

MILLION, THOUSAND = 1_000_000, 1_000
NOTE = (
    "Intervals cover the noise alone, not linkage error. counts.csv: whole numbers, none below 0, areas add up to the nation; "
    "cells near 0 come out a little high, large ones a little low; u marks an interval that reaches further than half of the value. "
    "measurements.csv: the same as measured, unbiased, maybe negative and not adding up."
)
COLUMNS = ("area", "name", "value", "lower", "upper", "mark")


def fetch_table(settings: NodeSettings, round_id: str, *, client: ServiceClient | None = None) -> NoisedTable:
    """Return the round's noised table, signed by the linkage service; asking again gives the same one.

    Raises:
        RoundError: the round has no findings yet.
        BudgetError: the privacy budget does not cover the table.
        AuthenticationError: the answer is not signed by the service in the roster.
        ServiceError: it is signed, but is not this round's table, or does not add up.
    """
    service = keys_of(load_agreed(settings).roster.service(), Role.SERVICE)
    with client or ServiceClient(settings, Role.STATISTICIAN) as statistician:
        answer = statistician.post(f"/v1/rounds/{round_id}/tables", json={}).json()
    try:
        document = SignedDocument.model_validate(answer)
        check_signed(document, CONTEXT, service)
        table = NoisedTable.model_validate(document.body)
    except ValidationError:
        raise ServiceError("table: the service's answer is malformed; report it to the linkage operator") from None
    if table.round_id != round_id:
        raise ServiceError("table: the service answered with another round's; report it to the linkage operator")
    if not adds_up(table):
        raise ServiceError("table: its areas do not add up to the nation; nothing was written, report it to the linkage operator")
    return table


def adds_up(table: NoisedTable) -> bool:
    """Say whether the adjusted counts are what was promised: the measured areas, none below 0, coming to the nation's."""
    if not table.adjusted or [cell.area for cell in table.adjusted] != [cell.area for cell in table.cells]:
        return False
    nation, *areas = (cell.value for cell in table.adjusted)
    return min([nation, *areas]) >= 0 and nation == sum(areas)


def area_names(settings: NodeSettings) -> dict[str, str]:
    """Return the name of every rostered area, by its code, and of the nation: the published name, the roster's where there is none."""
    codes = {item.gss_code: item.name for item in load_agreed(settings).roster.organisations if item.gss_code}
    published = {code: place.name for code in codes if (place := authority(code))}
    return {NATION: nation().name, **codes, **published}


def publish(table: NoisedTable, out: Path, names: Mapping[str, str]) -> list[Path]:
    """Write counts, what was measured, metadata and checksums into `out`; return the files.

    Args:
        table: what `fetch_table` gave.
        out: made if it is missing.
        names: area code → name.

    Raises:
        ConfigurationError: `out` holds another publication.
    """
    content = {
        "counts.csv": _counts(table.adjusted, names),
        "measurements.csv": _counts(table.cells, names),
        "metadata.json": _metadata(table),
    }
    content["SHA256SUMS"] = "".join(f"{sha256(text.encode()).hexdigest()}  {name}\n" for name, text in content.items())
    files = {out / name: text.encode() for name, text in content.items()}
    if any(path.exists() and path.read_bytes() != text for path, text in files.items()):
        raise ConfigurationError(f"{out}: holds another publication; choose another directory")
    out.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_bytes(text)
    return list(files)


def _counts(cells: Sequence[Cell], names: Mapping[str, str]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((cell.area, names.get(cell.area, ""), cell.value, cell.lower, cell.upper, cell.mark) for cell in cells)
    return sheet.getvalue()


def _metadata(table: NoisedTable) -> str:
    said = {
        "round": table.round_id,
        "measure": "distinct linked children",
        "unit": table.unit,
        "cap": table.cap,
        "mechanism": table.mechanism,
        "rho": table.micro_rho / MILLION,
        "epsilon": table.epsilon_per_mille / THOUSAND,
        "delta": table.delta,
        "epsilon_at": {delta: epsilon / THOUSAND for delta, epsilon in table.epsilon_per_mille_at.items()},
        "confidence_per_cent": table.confidence_per_cent,
        "note": NOTE,
    }
    return json.dumps(said, indent=2) + "\n"
