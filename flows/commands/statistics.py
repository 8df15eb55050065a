"""`kinlink statistics`: the statistician's side."""

import csv
import json
from pathlib import Path
from typing import Any

from flows.commands.console import Json, emit
from schemas.aggregate import NATION

FIRST = "bulletin.html"


def publish(*, round: str, out: Path, dir: Path = Path(), as_json: Json = False) -> None:
    """Fetch a round's noised counts and publish them: a bulletin in English and in Welsh, workbooks, CSV, metadata, checksums. The same bytes when run again.

    Start with bulletin.html: it needs no network and runs no script.

    Example: kinlink statistics publish --dir . --round r-2026-11 --out tables

    Args:
        round: the round's id.
        out: directory to write.
        dir: the statistics office's directory.
        as_json: print one JSON object.
    """
    from flows.stages import run_stages
    from flows.statistics import NAME, publish_stages
    from parties.settings import load_settings

    settings = load_settings(dir)
    run_stages(NAME, publish_stages(out.resolve()), prefect_api=settings.prefect_api, directory=settings.directory, round_id=round)
    answer = _read(out)
    text = f"{answer['value']:,} children ({answer['lower']:,} to {answer['upper']:,}), epsilon {answer['epsilon']} at delta {answer['delta']}: {out / FIRST}"
    emit(answer, text, as_json=as_json)


def _read(out: Path) -> dict[str, Any]:
    metadata = json.loads((out / "metadata.json").read_text(encoding="utf-8"))
    with (out / "counts.csv").open(encoding="utf-8", newline="") as file:
        nation = next(row for row in csv.DictReader(file) if row["area"] == NATION)
    counts = {name: int(nation[name]) for name in ("value", "lower", "upper")}
    return {**counts, **{name: metadata[name] for name in ("rho", "epsilon", "delta", "cap")}}
