"""`kinlink bench attacks`: what attacks read of filters, and what hiding them costs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from flows.commands.console import Flag, Json, emit, progress_to_stderr, say
from flows.compiling import announced

if TYPE_CHECKING:
    from flows.bench.attacks import Attacks

PAGE_COLUMNS = 120


def attacks(*, data: Path | None = None, all_projections: Flag = False, as_json: Json = False) -> None:
    """Attack filters of invented people, undiffused and as shipped; with labelled files, say what diffusion costs in quality.

    Example: kinlink bench attacks --data folder

    Args:
        data: folder of labelled files, NAME_a.parquet with NAME_b.parquet each: linked at both strengths.
        all_projections: attack all four projections, and show the one of which most is read; else that of names and date of birth.
        as_json: print one JSON object.
    """
    with announced(say):
        from flows.bench.attacks import run
        from schemas.agreement import PROJECTIONS

        found = run(PROJECTIONS if all_projections else PROJECTIONS[:1], data, progress_to_stderr)
    if as_json:
        emit(found.as_dict(), "", as_json=True)
    else:
        _show(found)


def _show(found: "Attacks") -> None:
    from rich.console import Console
    from rich.table import Table

    from flows.bench.attacks import STRENGTHS

    console = Console(width=None if sys.stdout.isatty() else PAGE_COLUMNS)
    table = Table(title="share of people read (95 % limits)", title_justify="left")
    for heading in ("attack", *STRENGTHS, "goal, at most"):
        table.add_column(heading, justify="left" if heading == "attack" else "right")
    for one in found.read:
        shares = (f"{item.share:.3f} ({item.lower_95:.3f} to {item.upper_95:.3f})" for item in one.outcomes.values())
        table.add_row(one.attack.replace("_", " "), *shares, f"{one.goal:.2f}")
    console.print(table)
    if found.quality:
        costs = Table(title="what it costs: F1, recall at precision .99", title_justify="left")
        costs.add_column("file")
        for heading in next(iter(found.quality.values())):
            costs.add_column(heading, justify="right")
        for name, by_strength in found.quality.items():
            costs.add_row(name, *(f"{said['f1']:.3f}, {said['recall_at_p99']:.3f}" for said in by_strength.values()))
        console.print(costs)
