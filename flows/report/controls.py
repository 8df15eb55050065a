"""What planted controls say of a round, as lines and as one page that needs no network: figures alone."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from flows.report.rendering import rendered

TEMPLATE: Final = "controls.html"
BITS: Final = 100  # hundredths in a bit
KINDS: Final[Mapping[str, str]] = {"precision": "precision", "recall": "recall", "review": "near the threshold, in review"}


def lines(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `quality` answered in words."""
    for name, found in scopes(said).items():
        yield f"{name}, {said['label']}: {found['controls']:,} families, {found['matches']:,} of them matches"
        yield from (f"  {words}: {share(found[key])}" for key, words in KINDS.items())
        yield f"  misidentification: {misidentified(found['misidentification'])}"
    yield thresholds(said["thresholds"])
    yield from (f"warning: {line}" for line in said["warnings"])


def write_page(path: Path, said: Mapping[str, Any]) -> None:
    """Write the page."""
    content = {"said": said, "scopes": scopes(said), "kinds": KINDS}
    page = rendered(TEMPLATE, content, with_limits=share, misidentified=misidentified, thresholds=thresholds)
    path.write_text(page, encoding="utf-8")


def scopes(said: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the figures of this round, and of all rounds with its parameters, by their heading."""
    rounds = said["pooled"]["rounds"]
    return {"this round": said["this_round"], f"{rounds} round{'s' if rounds > 1 else ''} with these parameters": said["pooled"]}


def share(found: Mapping[str, Any]) -> str:
    """Return a share with its limits, in words."""
    if found["share"] is None:
        return "nothing to count"
    return f"{found['share']:.1%} ({found['count']:,} of {found['of']:,}; {found['lower_95']:.1%} to {found['upper_95']:.1%})"


def misidentified(found: Mapping[str, Any]) -> str:
    """Return the share of released controls that are wrong, or that there is not enough evidence to say."""
    counted = f"{found['wrong']:,} of {found['released']:,} released, at most {found['upper_95']:.2%} with 95 % confidence"
    if found["verdict"] == "not enough evidence":
        return f"not enough evidence (n = {found['released']:,}, upper bound {found['upper_95']:.2%}, target {found['target']:.3%})"
    return f"{counted}: the target of {found['target']:.3%} is {found['verdict']}"


def thresholds(found: Mapping[str, Any]) -> str:
    """Return theta and delta, and why they are what they are."""
    values = f"theta {found['theta_centibits'] / BITS:g} bits, delta {found['delta_centibits'] / BITS:g} bits"
    if found["reason"] == "not enough evidence":
        return f"thresholds: {values}, as agreed; not enough evidence on controls to choose others"
    return f"thresholds: {values}; {found['reason']} (at most {found['upper_limit']:.3%} of {found['released']:,} released)"
