"""The report's charts as SVG to stand inside a page: drawn by matplotlib without a display, no fonts or links from elsewhere."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from validation.quality.charts import Curve, Distribution
from validation.quality.groups import GroupRecall

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUE, OTHER, INK, PALE = "#1d5b99", "#d1700f", "#26323d", "#b9c4cd"
RULES: Final = {"link": "#5b6b78", "theta": "#8a1c4a"}
DASHES: Final = {"link": (1, 0), "theta": (4, 2)}
STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK, "axes.axisbelow": True,
    "grid.color": "#e3e8ec",
}  # fmt: skip
WIDTH, HEIGHT, ROW = 8.2, 3.6, 0.25  # inches
BEHIND: Final = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}  # text, so that lines do not cross it
WATERFALL: Final = (4.8, 3.2)


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall: what it is, how the two records agree there, and its bits."""

    name: str
    level: str
    bits: float


@dataclass(frozen=True)
class Read:
    """What one attack read: which, the share of people, its limits, and the most that it may be."""

    name: str
    share: float
    limits: tuple[float, float]
    bar: float


def distribution_svg(bars: Distribution, rules: Mapping[str, float], *, truth: bool) -> str:
    """Return the chart of match weights; counts on a scale that shows one as well as thousands."""

    def draw(axes: "Axes") -> None:
        shown = ((bars.other, OTHER, "not one person"), (bars.true, TRUE, "one person")) if truth else ((bars.other, TRUE, "candidates"),)
        for counts, colour, label in shown:
            axes.stairs(counts, bars.edges, fill=True, color=colour, alpha=0.45)
            axes.stairs(counts, bars.edges, color=colour, linewidth=1.4, label=label)
        axes.set_yscale("symlog", linthresh=1)
        axes.set(xlabel="match weight, bits", ylabel="candidate pairs", ylim=(0, None))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        _mark(axes, rules)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 1.24), ncols=2)

    return _svg("distribution", (WIDTH, HEIGHT), draw)


def threshold_svg(curve: Curve, rules: Mapping[str, float]) -> str:
    """Return the chart of precision, recall and F1 by threshold."""

    def draw(axes: "Axes") -> None:
        lines = (("precision", curve.precision, TRUE, "-"), ("recall", curve.recall, OTHER, "--"), ("F1", curve.f1, INK, ":"))
        for label, values, colour, dashes in lines:
            axes.plot(curve.threshold, values, dashes, color=colour, linewidth=2, label=label)
        axes.set(xlabel="link pairs of this match weight and above, bits", ylabel="share", ylim=(0, 1.03))
        axes.grid(visible=True)
        _mark(axes, rules)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 1.24), ncols=3)

    return _svg("threshold", (WIDTH, HEIGHT), draw)


def waterfall_svg(name: str, steps: Sequence[Step], theta: float) -> str:
    """Return one pair's weight as a waterfall: the first step is the prior, the last bar the total."""

    def draw(axes: "Axes") -> None:
        bits = np.array([step.bits for step in steps])
        ends = np.cumsum(bits)
        starts = np.append(0, ends[:-1])
        total = float(ends[-1])
        colours = [PALE, *(TRUE if one >= 0 else OTHER for one in bits[1:]), INK]
        rows = np.arange(len(steps) + 1)
        axes.barh(rows, [*bits, total], left=[*starts, 0], color=colours, height=0.62)
        axes.vlines(ends, rows[:-1] + 0.31, rows[1:] - 0.31, color=INK, linewidth=0.6)
        for row, at, said in zip(rows, [*np.maximum(starts, ends), max(total, 0.0)], [*bits, total], strict=True):
            axes.annotate(signed(said), (at, row), (4, 0), textcoords="offset points", va="center", fontsize=9, bbox=BEHIND)
        axes.set_yticks(rows, [*(f"{step.name}: {step.level}" if step.level else step.name for step in steps), "weight"])
        axes.invert_yaxis()
        low, high = min(ends.min(), 0.0), max(ends.max(), theta)
        axes.set(xlabel="bits", xlim=(low - 0.03 * (high - low), high + 0.15 * (high - low)))
        _mark(axes, {"theta": theta})

    return _svg(name, WATERFALL, draw)


def signed(bits: float) -> str:
    """Return bits as people read them, with their sign."""
    return f"{bits:+.1f}".replace("-", "\N{MINUS SIGN}")


def groups_svg(groups: Mapping[str, Mapping[str, GroupRecall]]) -> str:
    """Return recall by group, under headings, as dots with their limits: filled for the link rule, open for the release rule."""
    rows = [row for heading, named in groups.items() for row in ((heading, None), *named.items())]

    def draw(axes: "Axes") -> None:
        counted = [(place, said) for place, (_, said) in enumerate(rows) if said and said["true_pairs"]]
        _limits(axes, [(place - 0.14, said["link"], said["link_95"]) for place, said in counted], TRUE, "link", filled=True)
        _limits(
            axes, [(place + 0.14, said["release"], said["release_95"]) for place, said in counted], RULES["theta"], "release", filled=False
        )
        for place, (_, said) in enumerate(rows):
            if said and not said["true_pairs"]:
                axes.text(0.01, place, "too few", va="center", fontsize=9, style="italic")
        axes.set_yticks(range(len(rows)), [name for name, _ in rows])
        for label, (_, said) in zip(axes.get_yticklabels(), rows, strict=True):
            label.set_fontweight("normal" if said else "bold")
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel="recall, with limits at 95 %", xlim=(0, 1.02), ylim=(len(rows) - 0.4, -0.6))
        axes.grid(visible=True, axis="x")
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)

    return _svg("groups", (WIDTH, 1.1 + ROW * len(rows)), draw)


def reads_svg(rows: Sequence[Read]) -> str:
    """Return how much each attack read, as a dot with its limits, and its bar as a line."""

    def draw(axes: "Axes") -> None:
        places = np.arange(len(rows))
        _limits(axes, [(at, row.share, row.limits) for at, row in enumerate(rows)], TRUE, "read, with limits at 95 %", filled=True)
        axes.vlines([row.bar for row in rows], places - 0.4, places + 0.4, color=RULES["theta"], linewidth=1.6, label="at most")
        axes.set_yticks(places, [row.name for row in rows])
        axes.tick_params(axis="y", length=0)
        axes.set(xlabel="share of people read", xlim=(-0.01, 1.02), ylim=(len(rows) - 0.4, -0.6))
        axes.grid(visible=True, axis="x")
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)

    return _svg("reads", (WIDTH, 1.1 + ROW * len(rows)), draw)


def _limits(axes: "Axes", rows: Sequence[tuple[float, Any, Any]], colour: str, label: str, *, filled: bool) -> None:
    axes.hlines([row for row, _, _ in rows], [low for *_, (low, _) in rows], [high for *_, (_, high) in rows], color=colour, linewidth=1.2)
    axes.plot(
        [share for _, share, _ in rows], [row for row, _, _ in rows], "o", color=colour, markersize=5, label=label,
        markerfacecolor=colour if filled else "white",
    )  # fmt: skip


def _mark(axes: "Axes", rules: Mapping[str, float]) -> None:
    """Draw each rule's threshold as a line with its name."""
    for name, bits in rules.items():
        axes.axvline(bits, color=RULES[name], linewidth=1.2, dashes=DASHES[name])
        axes.annotate(name, (bits, 1), (0, 2), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center",
                      color=RULES[name], fontsize=9)  # fmt: skip


def _svg(name: str, size: tuple[float, float], draw: Callable[["Axes"], None]) -> str:
    """Return a chart as an SVG element whose ids begin with `name`, so that several can stand in one page."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        file = StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None}, transparent=True)
    return _inlined(file.getvalue(), name)


def _inlined(document: str, name: str) -> str:
    """Return the svg element alone, without what a page has no use for; whoever cannot see it hears the caption `NAME-caption`."""
    element = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", document[document.index("<svg") :], flags=re.DOTALL)
    element = re.sub(r'(id="|"#|url\(#)', rf"\g<1>{name}-", element)
    return element.replace("<svg ", f'<svg role="img" aria-labelledby="{name}-caption" ', 1).strip()
