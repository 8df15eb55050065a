"""What planted controls say of a round, as lines and as one page that needs no network: figures alone."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from schemas.errors import ConfigurationError

TEMPLATE: Final = "controls.html"
BITS: Final = 100  # hundredths in a bit
KINDS: Final[Mapping[str, str]] = {"precision": "precision", "recall": "recall", "review": "near the threshold, in review"}


def check_page(path: Path | None) -> None:
    """Check that a page can be written, before anything is asked for.

    Raises:
        ConfigurationError: the name does not end in .html, or no such directory.
    """
    if path is not None and path.suffix != ".html":
        raise ConfigurationError(f"{path}: a page is written as .html")
    if path is not None and not path.parent.is_dir():
        raise ConfigurationError(f"{path.parent}: no such directory; make it, or name another for the page")


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
    import jinja2

    source = (files("flows.report") / TEMPLATE).read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"share": share, "misidentified": misidentified, "thresholds": thresholds, "count": "{:,}".format}
    page = environment.from_string(source).render(said=said, scopes=scopes(said), kinds=KINDS, version=version("kinlink"))
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
