"""The quality report as one page that needs no network: figures, charts and words, never a value, id or name of a record.

What goes in are numbers and words of our own; the files' names are the one thing that is theirs, and are escaped.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from flows.evaluate import Candidates, Decisions
from flows.report.drawing import Step, distribution_svg, groups_svg, threshold_svg, waterfall_svg
from flows.report.rendering import rendered
from flows.report.truth import Columns
from flows.report.wording import FIELD_WORDS, FIGURE_WORDS, KIND_WORDS, LEVEL_WORDS, REPRESENTATIVE_WORDS
from linkage.second_look.contributions import contributions
from linkage.second_look.levels import FIELDS
from validation.quality.charts import distribution, representatives, thinned, threshold_curve
from validation.quality.groups import FEWEST
from validation.quality.pairs import same_label

TEMPLATE: Final = "page.html"


@dataclass(frozen=True)
class Evaluated:
    """What a report is of: the files' names, the files, every pair that was looked at, what the rules say, and the figures.

    With `groups` among the figures there is truth.
    """

    names: tuple[str, str]
    sides: tuple[Columns, Columns]
    candidates: Candidates
    decisions: Decisions
    figures: Mapping[str, Any]


@dataclass(frozen=True)
class Waterfall:
    """One pair that stands for others: what for, its bars, its weight, and the chart."""

    name: str
    heading: str
    steps: Sequence[Step]
    total: float
    svg: str


def write_report(path: Path, evaluated: Evaluated) -> None:
    """Write the page."""
    path.write_text(rendered(TEMPLATE, _content(evaluated)), encoding="utf-8")


def _content(evaluated: Evaluated) -> dict[str, Any]:
    candidates, figures, sides = evaluated.candidates, evaluated.figures, evaluated.sides
    thresholds, truth = figures["thresholds"], "groups" in figures
    rules = {"link": thresholds["link_bits"], "theta": thresholds["theta_bits"]}
    labels = (sides[0]["ent"], sides[1]["ent"]) if truth else None
    true = same_label(candidates.left, candidates.right, *labels) if labels else None
    curve = thinned(threshold_curve(evaluated.decisions.pairs, *labels)) if labels else None
    groups = {KIND_WORDS[kind]: named for kind, named in figures.get("groups", {}).items() if named}
    return {
        "names": evaluated.names,
        "records": [len(side["rid"]) for side in sides],
        "looked_at": len(candidates.weight),
        "truth": truth,
        "result": figures,
        "thresholds": thresholds,
        "figure_words": FIGURE_WORDS,
        "distribution": distribution_svg(distribution(candidates.weight, true), rules, truth=truth),
        "curve": threshold_svg(curve, rules) if curve is not None and len(curve.threshold) else None,
        "waterfalls": list(_waterfalls(candidates, rules)),
        "groups": groups,
        "groups_svg": groups_svg(groups) if groups else None,
        "fewest": FEWEST,
    }


def _waterfalls(candidates: Candidates, rules: Mapping[str, float]) -> Iterator[Waterfall]:
    chosen = representatives(candidates.weight, candidates.levels, **rules)
    levels = candidates.levels[list(chosen.values())]
    parts = contributions(candidates.weigh, levels)
    for name, prior, bits, agreed in zip(chosen, parts.prior, parts.fields, levels, strict=True):
        steps = [Step("before any field", "", float(prior)), *_steps(bits, agreed)]
        of_page = name.replace(" ", "-")
        yield Waterfall(
            of_page, REPRESENTATIVE_WORDS[name], steps, float(prior + np.sum(bits)), waterfall_svg(of_page, steps, rules["theta"])
        )


def _steps(bits: Sequence[float], levels: Sequence[int]) -> list[Step]:
    """Return a step for each field with what its level means, in words."""
    return [
        Step(FIELD_WORDS[field], LEVEL_WORDS[field][kind(level)], float(part))
        for (field, kind), level, part in zip(FIELDS.items(), levels, bits, strict=True)
    ]
