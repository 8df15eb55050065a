"""The bulletin: one page in each language that needs no network and runs no script. Pure, but for its template, which is packaged beside it."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from parties.publication.charts import intervals_svg, most_first, tiles_svg
from parties.publication.evidence import qualities
from parties.publication.places import AGES, Level, Row, of_level, region_code
from parties.publication.plain import CORRECTED, LEDGER, corrected_cells, ledger_cells
from parties.publication.released import MILLION, THOUSAND, Released
from parties.publication.wording import WORDS
from schemas.geography import Place, authorities, regions

TEMPLATE: Final = "bulletin.html"
FILES: Final[Mapping[str, str]] = {"en": "bulletin.html", "cy": "bwletin.html"}


def bulletin(released: Released, language: str) -> str:
    """Return the page in `en` or `cy`."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((files("parties.publication") / TEMPLATE).read_text(encoding="utf-8"))
    return template.render(**_content(released, language)) + "\n"


def _content(released: Released, language: str) -> dict[str, Any]:
    words, table = WORDS[language], released.table
    whole, areas = released.rows[0], of_level(released.rows, Level.AUTHORITY)
    other = next(name for name in FILES if name != language)
    tiles_caption = words["tiles_caption"].format(all=len(authorities()))
    return {
        "language": language,
        "other": other,
        "other_file": FILES[other],
        "w": words,
        "table": table,
        "rows": released.rows,
        "evidence": words["corrected_text"].format(**released.published_evidence.model_dump()) if released.published_evidence else None,
        "columns": [column for column in CORRECTED if column != "level"],
        "corrected": [(item.row, corrected_cells(item)[4:]) for item in released.corrected],
        "links": qualities(released.published_evidence) if released.published_evidence else [],
        "ages": AGES,
        "by_age": _by_age(released),
        "criteria": released.criteria,
        "period": words["period"].format(opens=released.opens, closes=released.closes),
        "headline": words["headline"].format(
            value=f"{whole.value:,}", lower=f"{whole.lower:,}", upper=f"{whole.upper:,}", areas=len(areas), all=len(authorities())
        ),
        "tiles_caption": tiles_caption,
        "tiles": _own(tiles_svg(areas, language, tiles_caption)),
        "charts": list(_charts(released, language)),
        "privacy": words["privacy_text"].format(unit=table.unit, cap=table.cap, mechanism=table.mechanism, rho=table.micro_rho / MILLION),
        "epsilons": [(delta, epsilon / THOUSAND) for delta, epsilon in table.epsilon_per_mille_at.items()],
        "ledger_columns": list(LEDGER),
        "ledger": ledger_cells(released),
        "made": words["made"].format(version=released.version, digest=released.digest),
    }


def _by_age(released: Released) -> list[tuple[Place, list[Row]]]:
    """Return each place above authorities with its counts in the order of `AGES`."""
    found = {(row.place, row.age): row for row in released.by_age if row.level is not Level.AUTHORITY}
    return [(place, [found[place, age] for age in AGES if (place, age) in found]) for place in dict.fromkeys(place for place, _ in found)]


def _charts(released: Released, language: str) -> Any:
    """Yield caption and drawing of each region that has an authority here, and of authorities that lie in no known one."""
    areas = of_level(released.rows, Level.AUTHORITY)
    named = {**{code: place.named(language) for code, place in regions().items()}, "": WORDS[language]["authority"]}
    for code, name in named.items():
        within = [row for row in areas if region_code(row.place) == code]
        if within:
            caption = WORDS[language]["chart_caption"].format(region=name)
            yield caption, _own(intervals_svg(most_first(within, language), caption))


def _own(drawing: str) -> Any:
    """Return a drawing of ours, whose texts are escaped already."""
    import markupsafe

    return markupsafe.Markup(drawing)  # noqa: S704 - of charts.py alone
