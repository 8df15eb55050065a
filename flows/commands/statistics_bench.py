"""`kinlink statistics bench`: how far published counts are off, beside plainer ways to publish them."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from flows.commands.console import Flag, Json, emit, progress_to_stderr

if TYPE_CHECKING:
    from flows.bench.publishing import Publishing

MISSED = 1
PAGE_COLUMNS = 120

Repetitions = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_000))]
Draws = Annotated[int, Parameter(validator=validators.Number(gte=20_000, lte=10_000_000))]


def bench(*, check: Flag = False, repetitions: Repetitions = 100, draws: Draws = 500_000, seed: int = 7, as_json: Json = False) -> int:
    """Publish two invented nations again and again: errors, intervals, noise, cost and an attack, beside plainer methods.

    Example: kinlink statistics bench --check

    Args:
        check: exit with 1 where a target is missed.
        repetitions: releases of each nation by each method; below 20, targets that could be missed by chance are not asserted.
        draws: how many draws of each scale the noise is tested on.
        seed: fixes the invented nations; noise is the system's own.
        as_json: print one JSON object.
    """
    from flows.bench.publishing import run
    from flows.bench.targets import missed

    found = run(repetitions=repetitions, draws=draws, seed=seed, tell=progress_to_stderr)
    if as_json:
        emit(found.as_dict(), "", as_json=True)
    else:
        _show(found)
    return MISSED if check and missed(found.figures) else 0


def _show(found: "Publishing") -> None:
    from rich.console import Console
    from rich.table import Table

    from flows.bench.counts import TABLES
    from flows.bench.targets import verdict

    console = Console(width=None if sys.stdout.isatty() else PAGE_COLUMNS)
    for outcome in found.outcomes:
        table = Table(title=f"{outcome.places} authorities: root of the mean squared error, in children", title_justify="left")
        for heading in ("table", *outcome.methods, "least squares, exact"):
            table.add_column(heading, justify="left" if heading == "table" else "right")
        for name in TABLES:
            errors = (f"{errors.rmse(name):.1f}" for errors in outcome.methods.values())
            table.add_row(name, *errors, f"{outcome.exact_deviation[name]:.1f}")
        console.print(table)
    for figure in found.figures:
        held = figure.not_asserted or (figure.target and ("missed" if figure.missed else "holds")) or "no target"
        console.print(f"{figure.name}: {figure.value:.4g} ({figure.target or 'measured'}: {held})", highlight=False, soft_wrap=True)
    console.print(verdict(found.figures), highlight=False, soft_wrap=True)
