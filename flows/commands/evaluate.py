"""`kinlink evaluate`: how well the shipped linkage does on two files."""

from pathlib import Path

from flows.commands.console import Json, emit, progress_to_stderr, say
from flows.compiling import announced
from flows.evaluate import Profile, figures, read_file, write_links
from flows.evaluate import evaluate as link_files


def evaluate(
    left: Path,
    right: Path,
    *,
    links: Path | None = None,
    profile: Profile = "default",
    as_json: Json = False,
) -> None:
    """Link two files through the real encoders and the real service code, and report quality where they carry the truth.

    Columns, CSV or Parquet: rid, ent (the truth; optional, never used for linking), given, middle, surname, sex, dob (YYYYMMDD), postcode, address,
    town, and optionally alias_given, alias_surname, alias_dob, previous_postcode. Example: kinlink evaluate a.csv b.csv --links links.csv

    Args:
        left: one party's file.
        right: the other's.
        links: write every link and every pair for review here, as CSV.
        profile: default, or small-scope for pools of a few ten thousand records (a lower search cut).
        as_json: print one JSON object.
    """
    columns = read_file(left), read_file(right)
    with announced(say):
        decisions = link_files(*columns, profile=profile, progress=progress_to_stderr)
    if links is not None:
        write_links(links, decisions, columns[0]["rid"], columns[1]["rid"])
    result = figures(decisions, *columns)
    emit(result, "\n".join(_lines(result)), as_json=as_json)


def _lines(result: dict[str, object], indent: str = "") -> list[str]:
    lines: list[str] = []
    for key, value in result.items():
        lines += [f"{indent}{key}", *_lines(value, indent + "  ")] if isinstance(value, dict) else [f"{indent}{key:<16}{value}"]
    return lines
