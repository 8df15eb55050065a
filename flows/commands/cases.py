"""`kinlink party cases`: cases out to a case-management system, and back."""

from pathlib import Path

from flows.commands.console import Json, emit
from schemas.errors import ConfigurationError


def cases(*, round: str, out: Path | None = None, take: Path | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Write a round's cases for a case-management system, or record what comes back from one: rows of CSV or JSON.

    A row names the sheet and your own record, and no child. Do not let it become a mark on the child in that system.
    Example: kinlink party cases --dir council --round r-2026-11 --out cases.csv

    Args:
        round: the round's id.
        out: the file to write, .csv or .json.
        take: a file that came back, with the states that were reached; all of it is recorded, or nothing. Safe to repeat.
        dir: the authority's directory, or its desk's.
        as_json: print one JSON object.
    """
    from parties.referrals.exchanging import take_cases, write_cases
    from parties.settings import load_settings

    if (out is None) == (take is None):
        raise ConfigurationError("cases: want either --out, to write them, or --take, to record what came back")
    settings = load_settings(dir)
    if out is not None:
        written = write_cases(settings, round, out)
        emit({"written": written, "out": str(out)}, f"{written:,} cases written to {out}", as_json=as_json)
    if take is not None:
        changed = take_cases(settings, round, take)
        emit({"changed": changed}, f"{changed:,} changes recorded; the rest was recorded before", as_json=as_json)
