"""`kinlink bench`: speed beside the peers, as ratios in one run, on equal results."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter, validators

from flows.commands.console import Flag, Json, emit, say, time_left_to_stderr
from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from flows.bench.report import Report
    from flows.bench.run import Command

MISSED = 1
ROWS = 20_000_000
PAGE_COLUMNS = 120

Repetitions = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=99))]
Share = Annotated[float, Parameter(validator=validators.Number(gt=0, lte=1))]
Seconds = Annotated[float, Parameter(validator=validators.Number(gte=1, lte=3_600))]
Mebibytes = Annotated[int, Parameter(validator=validators.Number(gte=32, lte=10_000))]
Authorities = Annotated[int, Parameter(validator=validators.Number(gte=10, lte=175))]
Rows = Annotated[int, Parameter(validator=validators.Number(gte=1_000, lte=100_000_000))]


def encode(
    *,
    check: Flag = False,
    scale: Flag = False,
    plot: Path | None = None,
    repetitions: Repetitions = 3,
    seed: int = 7,
    share: Share = 1.0,
    as_json: Json = False,
) -> int:
    """Encode invented people beside clkhash, one worker each, with cold and with warm token tables.

    Example: kinlink bench encode --check

    Args:
        check: exit with 1 where a target is missed.
        scale: measure time against records, too.
        plot: write the series of --scale here, as .svg or .png.
        repetitions: how often each side runs, by turns; medians are printed.
        seed: fixes people and errors.
        share: this share of every size, to try it out; targets are for the full sizes.
        as_json: print one JSON object.
    """
    return _bench("encode", check=check, scale=scale, plot=plot, repetitions=repetitions, seed=seed, share=share, as_json=as_json)


def diffuse(
    *,
    check: Flag = False,
    scale: Flag = False,
    plot: Path | None = None,
    repetitions: Repetitions = 3,
    seed: int = 7,
    share: Share = 1.0,
    as_json: Json = False,
) -> int:
    """Diffuse filters beside NumPy.

    Example: kinlink bench diffuse --check

    Args:
        check: exit with 1 where a target is missed.
        scale: measure time against records, too.
        plot: write the series of --scale here, as .svg or .png.
        repetitions: how often each side runs, by turns; medians are printed.
        seed: fixes people and errors.
        share: this share of every size, to try it out; targets are for the full sizes.
        as_json: print one JSON object.
    """
    return _bench("diffuse", check=check, scale=scale, plot=plot, repetitions=repetitions, seed=seed, share=share, as_json=as_json)


def match(
    *,
    check: Flag = False,
    scale: Flag = False,
    plot: Path | None = None,
    scratch: Path | None = None,
    rows: Rows = ROWS,
    repetitions: Repetitions = 3,
    seed: int = 7,
    share: Share = 1.0,
    as_json: Json = False,
) -> int:
    """Search filters beside anonlink, one thread each; with --scale also with more workers, and 300 x 20,000,000 from a mapped file.

    Example: kinlink bench match --check

    Args:
        check: exit with 1 where a target is missed.
        scale: measure time against records and workers, too, and search a large file.
        plot: write the series of --scale here, as .svg or .png.
        scratch: directory for the large file of --scale, 128 bytes a row; removed afterwards. Where not given, the system's for temporary files.
        rows: rows of that file.
        repetitions: how often each side runs, by turns; medians are printed.
        seed: fixes people and errors.
        share: this share of every other size, to try it out; targets are for the full sizes.
        as_json: print one JSON object.
    """
    return _bench(
        "match",
        check=check,
        scale=scale,
        plot=plot,
        scratch=scratch,
        rows=rows,
        repetitions=repetitions,
        seed=seed,
        share=share,
        as_json=as_json,
    )


def service(
    *,
    check: Flag = False,
    seconds: Seconds = 20.0,
    mebibytes: Mebibytes = 200,
    repetitions: Repetitions = 3,
    authorities: Authorities = 175,
    as_json: Json = False,
) -> int:
    """Load a linkage service of its own, over TLS on loopback: small requests at a steady rate, a large upload, every authority at once.

    Example: kinlink bench service --check

    Args:
        check: exit with 1 where a target is missed.
        seconds: how long small requests go on.
        mebibytes: size of the large upload.
        repetitions: how often that goes up, beside plain TLS; the median is held to the target.
        authorities: how many submit at once.
        as_json: print one JSON object.
    """
    from flows.bench.service import Terms, run

    report = run(Terms(seconds, mebibytes, repetitions, authorities), time_left_to_stderr())
    if as_json:
        emit(report.as_dict(), "", as_json=True)
    else:
        _show(report, check=check)
    return MISSED if report.failed(check=check) else 0


def _bench(
    command: "Command",
    *,
    check: bool,
    scale: bool,
    plot: Path | None,
    repetitions: int,
    seed: int,
    share: float,
    as_json: bool,
    scratch: Path | None = None,
    rows: int = ROWS,
) -> int:
    from flows.bench.series import check_plot, write_plot
    from flows.compiling import announced

    if plot is not None and not scale:
        raise ConfigurationError("--plot draws the series of --scale; give both")
    check_plot(plot)
    with announced(say):
        from flows.bench.run import Terms, run
        from flows.warm import warm

        warm()
        report = run(command, Terms(repetitions, seed, share, time_left_to_stderr(), scale, scratch, rows))
    if plot is not None:
        write_plot(plot, report.series)
    if as_json:
        emit(report.as_dict(), "", as_json=True)
    else:
        _show(report, check=check)
    return MISSED if report.failed(check=check) else 0


def _show(report: "Report", *, check: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    from flows.bench.report import HEADINGS
    from flows.bench.targets import verdict

    table = Table(title=f"kinlink bench {report.command}: median work per CPU-second", title_justify="left")
    for heading, justify in HEADINGS.items():
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in report.rows():
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else PAGE_COLUMNS)
    if report.races:
        console.print(table)
    for line in (*report.lines(), *([verdict(report.figures())] if check else ())):
        console.print(line, highlight=False, soft_wrap=True)
