"""`kinlink evaluate`: how well the shipped linkage does on two files."""

from pathlib import Path

from flows.commands.console import Json, emit, progress_to_stderr, say
from flows.compiling import announced
from flows.evaluate import Profile, decide, figures, look, read_file, write_links
from flows.report.page import Evaluated, write_report
from flows.report.rendering import check_page
from flows.report.truth import has_truth, truth_figures


def evaluate(
    left: Path,
    right: Path,
    *,
    links: Path | None = None,
    report: Path | None = None,
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
        report: write a page with figures and charts here, as HTML; it holds no record's values.
        profile: default; small-scope for pools of at most 50,000 records (fewer bits a filter and a lower search cut); or undiffused, to see what
            diffusion costs (no agreement allows it).
        as_json: print one JSON object.
    """
    check_page(report)
    columns = read_file(left), read_file(right)
    truth = has_truth(*columns)
    with announced(say):
        candidates = look(*columns, profile=profile, progress=progress_to_stderr)
    decisions = decide(candidates)
    if links is not None:
        write_links(links, decisions, columns[0]["rid"], columns[1]["rid"])
    result = figures(decisions, *columns) | (truth_figures(candidates, decisions, *columns) if truth else {})
    result["search_cut"] = {projection: round(cut, 3) for projection, cut in candidates.cuts.items()}
    if report is not None:
        write_report(report, Evaluated((left.name, right.name), columns, candidates, decisions, result))
    emit(result, "\n".join(_lines(result)), as_json=as_json)


def _lines(result: dict[str, object], indent: str = "") -> list[str]:
    lines: list[str] = []
    for key, value in result.items():
        lines += [f"{indent}{key}", *_lines(value, indent + "  ")] if isinstance(value, dict) else [f"{indent}{key:<16}{value}"]
    return lines
