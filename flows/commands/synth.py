"""`kinlink synth`: an invented population, written as the extracts that custodians would have."""

from dataclasses import asdict
from pathlib import Path

from flows.commands.console import Json, emit, progress_to_stderr
from validation.synthetic.population import write_population

DEMO = "demo"
DEMO_PREVALENCE = 0.18  # raised about tenfold, so that a small population shows something


def synth(
    *,
    out: Path,
    people: int = 20_000,
    seed: int = 7,
    prevalence: str | None = None,
    as_json: Json = False,
) -> None:
    """Write an invented population as custodians' extracts, with the truth in a folder of its own.

    Example: kinlink synth --out population --people 20000 --seed 7

    Args:
        out: directory to write; one folder for each custodian, and `truth`.
        people: how many people.
        seed: the same seed gives the same files.
        prevalence: share of children with a parent received in the year; as in England and Wales where not given, raised for "demo".
        as_json: print one JSON object.
    """
    share = DEMO_PREVALENCE if prevalence == DEMO else float(prevalence) if prevalence else None
    summary = write_population(
        out, people=people, seed=seed, prevalence=share, progress=lambda done: progress_to_stderr("people", done, people)
    )
    emit(
        asdict(summary),
        f"{summary.people:,} people, {summary.children:,} children, {summary.children_true:,} with a parent in prison: {out}",
        as_json=as_json,
    )
