"""`kinlink statistics`: the statistician's side."""

import csv
import json
from pathlib import Path
from typing import Any

from flows.commands.console import Json, Port, emit, say
from schemas.aggregate import NATION

FIRST = "bulletin.html"


def publish(*, round: str, out: Path, evidence: Path | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Fetch a round's noised counts and publish them: a bulletin in English and in Welsh, workbooks, CSV, metadata, checksums. The same bytes when run again.

    Start with bulletin.html: it needs no network and runs no script.

    Example: kinlink statistics publish --dir . --round r-2026-11 --out tables

    Args:
        round: the round's id.
        out: directory to write.
        evidence: JSON file that says how many links are right and how many are missing, from a sample; adds corrected counts.
        dir: the statistics office's directory.
        as_json: print one JSON object.
    """
    from flows.stages import run_stages
    from flows.statistics import NAME, publish_stages
    from parties.settings import load_settings

    settings = load_settings(dir)
    run_stages(
        NAME,
        publish_stages(out.resolve(), evidence.resolve() if evidence else None),
        prefect_api=settings.prefect_api,
        directory=settings.directory,
        round_id=round,
    )
    answer = _read(out)
    text = f"{answer['value']:,} children ({answer['lower']:,} to {answer['upper']:,}), epsilon {answer['epsilon']} at delta {answer['delta']}: {out / FIRST}"
    emit(answer, text, as_json=as_json)


def explore(*tables: Path, port: Port = 0) -> None:
    """Look at publications in a browser on this machine: choose a place, an age and a round; intervals, history, download. Stop with Ctrl-C.

    Only files that `kinlink statistics publish` wrote are read, and only where their checksums hold.
    Example: kinlink statistics explore tables

    Args:
        tables: directories of publications, or a directory that holds several.
        port: where to listen on 127.0.0.1; 0 takes any that is free.
    """
    from parties.explorer.app import explore as serve

    def tell(address: str) -> None:
        print(address, flush=True)
        say("Open this address in a browser on this machine. Stop with Ctrl-C.")

    serve(tables or (Path("tables"),), port, tell)


def _read(out: Path) -> dict[str, Any]:
    metadata = json.loads((out / "metadata.json").read_text(encoding="utf-8"))
    with (out / "counts.csv").open(encoding="utf-8", newline="") as file:
        nation = next(row for row in csv.DictReader(file) if row["area"] == NATION)
    counts = {name: int(nation[name]) for name in ("value", "lower", "upper")}
    return {**counts, **{name: metadata[name] for name in ("rho", "epsilon", "delta", "cap")}}
