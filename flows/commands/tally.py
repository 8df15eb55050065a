"""`kinlink party tally`: what became of a quarter's referrals, as noised counts that may leave the authority."""

from pathlib import Path

from flows.commands.console import Json, emit

MILLION, THOUSAND = 1_000_000, 1_000


def tally(*, quarter: str, out: Path | None = None, dir: Path = Path(), as_json: Json = False) -> None:
    """Count what became of a quarter's referrals, by outcome and grade, with noise; write the counts for the statistics office.

    Drawn once, from four weeks after the quarter; run again, it gives the same counts. No row leaves, and no exact count.
    Example: kinlink party tally --dir council-desk --quarter 2026-Q3

    Args:
        quarter: the quarter in which referrals were written, such as 2026-Q3.
        out: the file to write, tally-AUTHORITY-QUARTER.json where not given; send it to the statistics office.
        dir: the authority's directory, or its desk's.
        as_json: print one JSON object.
    """
    from parties.settings import load_settings
    from parties.tallies.drawing import tally as draw_tally
    from parties.whole_files import whole_file
    from schemas.canonical import canonical_json
    from schemas.tally import Quarter, Tally

    settings = load_settings(dir)
    document = draw_tally(settings, Quarter.read(quarter))
    made = Tally.model_validate(document.body)
    path = out or Path(f"tally-{made.organisation}-{made.quarter}.json")
    with whole_file(path) as file:
        file.write(canonical_json(document.model_dump()))
    lines = [f"{cell.outcome:<14} {cell.grade} {cell.value:>8,}" for cell in made.cells]
    epsilon = ", ".join(f"{value / THOUSAND:.3f} at {delta}" for delta, value in made.epsilon_per_mille_at.items())
    lines.append(
        f"noise of scale {made.scale_per_mille / THOUSAND:.1f} is in every count; rho {made.micro_rho / MILLION}, epsilon {epsilon}"
    )
    emit(
        {"out": str(path), **made.model_dump()},
        "\n".join([*lines, f"written to {path}; send it to the statistics office"]),
        as_json=as_json,
    )
