"""A custodian's self-check as one page that needs no network, and as lines for the terminal: shares and verdicts only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from flows.report.drawing import Read, reads_svg
from flows.report.rendering import rendered
from parties.risk.attacks import Name
from parties.risk.report import Attacked, Measured, SelfCheckReport
from schemas.linkage import WHOLE

PAGE_FILE: Final = "self-check.html"
TEMPLATE: Final = "self_check.html"
WORDS: Final = {
    "graph": "graph matching, anybody",
    "fifty_seeds": "graph matching with 50 known, anybody",
    "known_100": "100 known filters",
    "known_1000": "1,000 known filters",
    "dense_graph": "graph matching, families with common names",
    "dense_fifty_seeds": "the same with 50 known",
    "filters_of_different_values_alike": "filters that are equal though values differ",
    "weights_far_out": "filters four standard deviations too light or heavy",
    "weights_even": "filters with an even number of bits",
    "rank_missing": "bits that others give away (rank over GF(2))",
    "people_encoded": "people with every field that the projection needs",
    "informative_neighbours": "other filters near a filter, on average",
    "with_three_neighbours": "filters with three or more near ones",
    "in_rare_family_shapes": "adults with a number of children that fewer than ten have",
}
MEANINGS: Final = {
    "PASS": "Every attack stayed below what the agreement allows.",
    "WARN": "Nothing is above what the agreement allows with 95 % confidence, but look at what is marked.",
    "FAIL": "More can be read than the agreement allows; submit sends nothing. The parties must agree on a stronger encoding or on other limits.",
}


def write_page(path: Path, report: SelfCheckReport) -> None:
    """Write the page."""
    content = {
        "report": report,
        "meaning": MEANINGS[report.verdict],
        "words": WORDS,
        "reads": reads_svg([Read(WORDS[name], one.read, (one.lower_95, one.upper_95), one.bar) for name, one in _most_read(report)]),
        "measured": dict(_measured(report)),
    }
    path.write_text(rendered(TEMPLATE, content), encoding="utf-8")


def lines(report: SelfCheckReport) -> Iterator[str]:
    """Yield what the terminal says: the most that each attack read, figures out of their limits, proposals, and the verdict."""
    for name, one in _most_read(report):
        read = f"{one.read:.1%} read, at most {one.bar:.0%}" if one.asked else "too few people to say"
        yield f"{one.verdict}  {WORDS[name]}: {read}"
    for of, measures in _measured(report):
        yield from (f"{said.verdict}  {of}: {WORDS[figure]}: {said.value}" for figure, said in measures.items() if said.verdict != "PASS")
    for tried in report.proposals:
        yield f"tried t = {tried.diffusion} with {tried.bits_per_mille / WHOLE:.0%} of the bits: {tried.verdict}"
    yield f"{report.verdict}: {MEANINGS[report.verdict]}"


def _most_read(report: SelfCheckReport) -> list[tuple[Name, Attacked]]:
    """Return each attack with what it read where it read most."""
    names = report.projections[0].attacks
    return [(name, max((one.attacks[name] for one in report.projections), key=lambda said: (said.read, said.asked))) for name in names]


def _measured(report: SelfCheckReport) -> Iterator[tuple[str, dict[str, Measured]]]:
    yield from ((f"{one.population} {one.projection}", one.measures) for one in report.projections)
    yield "families", report.families
