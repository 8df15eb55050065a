"""Series of a scaling run, and their plot. matplotlib is loaded where a plot is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import ConfigurationError

SUFFIXES = (".svg", ".png")
WIDTH_INCHES, HEIGHT_INCHES, DOTS_PER_INCH = 6.4, 4.4, 120
IDEAL = "ideal"


@dataclass(frozen=True)
class Line:
    """One line of a plot."""

    label: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Series:
    """Lines over one pair of axes; labels carry their units."""

    title: str
    across: str
    up: str
    lines: Sequence[Line]
    logarithmic: bool = True

    def as_dict(self) -> dict[str, object]:
        """Return the series as it is printed with --json."""
        return {
            "title": self.title,
            "x": self.across,
            "y": self.up,
            "lines": {line.label: [list(point) for point in line.points] for line in self.lines},
        }


def check_plot(path: Path | None) -> None:
    """Check that a plot can be written, before anything is measured.

    Raises:
        ConfigurationError: not an SVG or PNG, or no such directory.
    """
    if path is not None and path.suffix not in SUFFIXES:
        raise ConfigurationError(f"{path}: a plot is written as .svg or .png")
    if path is not None and not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent}: no such directory; make it, or name another for the plot")


def write_plot(path: Path, series: Sequence[Series]) -> None:
    """Write the series side by side as one picture, in the format that the name ends in."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "kinlink", "svg.fonttype": "none"}):
        figure = Figure(figsize=(WIDTH_INCHES * len(series), HEIGHT_INCHES), dpi=DOTS_PER_INCH, layout="constrained")
        for axes, one in zip(figure.subplots(1, len(series), squeeze=False)[0], series, strict=True):
            for line in one.lines:
                axes.plot(*zip(*line.points, strict=True), "--" if line.label == IDEAL else "o-", label=line.label)
            if one.logarithmic:
                axes.set(xscale="log", yscale="log")
            else:
                axes.set_ylim(bottom=0)
            measured = sorted({x for line in one.lines for x, _ in line.points})
            axes.set_xticks(measured, [f"{x:,}" for x in measured])
            axes.set_xticks([], minor=True)
            axes.set(title=one.title, xlabel=one.across, ylabel=one.up)
            axes.grid(visible=True, alpha=0.3)
            axes.legend()
        figure.savefig(path)
