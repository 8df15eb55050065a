"""`kinlink statistics`: the statistician's side."""

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows.commands.console import Json, Port, emit, say
from schemas.aggregate import NATION

FIRST = "bulletin.html"
MILLION, THOUSAND = 1_000_000, 1_000


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


def ledger(*, dir: Path = Path(), as_json: Json = False) -> None:
    """Say what was spent of privacy: every table that was drawn, under any agreement, their sum, and what is left.

    The sum bounds what all tables together tell of a family that is in every round.
    Example: kinlink statistics ledger --dir office

    Args:
        dir: the statistics office's directory.
        as_json: print one JSON object.
    """
    from parties.settings import load_settings
    from parties.statistics import fetch_ledger

    statement = fetch_ledger(load_settings(dir))
    lines = ["drawn on    rho       rho so far  epsilon so far, by delta                    round"]
    for item in statement.drawn:
        epsilon = ", ".join(f"{value / THOUSAND:.3f} at {delta}" for delta, value in item.epsilon_per_mille_at.items())
        rho, total = item.micro_rho / MILLION, item.total_micro_rho / MILLION
        lines.append(f"{item.drawn_on}  {rho:.6f}  {total:<10.6f}  {epsilon:<42}  {item.round_id or 'lost with a database'}")
    left, granted = statement.left_micro_rho / MILLION, statement.budget_micro_rho / MILLION
    said = f"rho {left:.6f} of {granted:.6f} left under the present agreement; refused for want of it: {statement.refused}"
    emit(statement.model_dump(), "\n".join([*(lines if statement.drawn else ["no table was drawn yet"]), said]), as_json=as_json)


def outcomes(*tallies: Path, out: Path | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Add up what authorities' desks returned of a quarter's referrals: outcomes by grade, with intervals, and who returned nothing.

    Example: kinlink statistics outcomes --dir office --out outcomes tally-*.json

    Args:
        tallies: files of `kinlink party tally`, of any quarters.
        out: directory for outcomes.csv, every authority's counts among them, and a drawing of each quarter.
        dir: the statistics office's directory.
        as_json: print one JSON object.
    """
    from parties.settings import load_settings
    from parties.tallies.summing import coverage, read_tallies, rows
    from parties.tallies.writing import write_rows
    from schemas.errors import ConfigurationError

    if not tallies:
        raise ConfigurationError("outcomes: want files of `kinlink party tally`; name them after the options")
    settings = load_settings(dir)
    returned = read_tallies(settings, tallies)
    found, there = rows(returned), coverage(settings, returned)
    written = write_rows(found, out) if out else []
    lines = []
    for quarter, (count, of, missing) in there.items():
        lines.append(f"{quarter}: {count} of {of} authorities returned counts{': not ' if missing else ''}{', '.join(missing)}")
        summed = [row for row in found if (row.quarter, row.area) == (quarter, "")]
        lines += [f"  {row.outcome:<14} {row.grade:<3} {row.value:>9,}  ({row.lower:,} to {row.upper:,})" for row in summed]
    lines += [f"{name}: {out}" for name in written]
    answer = {
        "coverage": {quarter: item._asdict() for quarter, item in there.items()},
        "rows": [asdict(row) for row in found],
        "files": written,
    }
    emit(answer, "\n".join(lines), as_json=as_json)


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
