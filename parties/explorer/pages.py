"""What the statistician's page shows for a choice of place, age, round and language. Pure, but for its template, which is packaged beside it."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Final, NamedTuple

from parties.explorer.publications import Publication
from parties.explorer.wording import WORDS
from parties.publication.charts import intervals_svg, most_first
from parties.publication.places import AGES, LANGUAGES, Level, Row, is_within
from parties.publication.plain import EVERY_AGE
from schemas.aggregate import ALL_AGES, NATION
from schemas.geography import Place

TEMPLATE: Final = "explorer.html"
BELOW: Final[Mapping[Level, Level]] = {Level.NATION: Level.REGION, Level.COUNTRY: Level.AUTHORITY, Level.REGION: Level.AUTHORITY}
COLUMNS: Final = ("round", "opens", "closes", "area", "name", "age", "value", "lower", "upper", "mark")


class Choice(NamedTuple):
    """What is looked at: a place's code, an age (empty: all), a round, a language."""

    place: str
    age: str
    round: str
    language: str


class Figure(NamedTuple):
    """A drawing under its caption, with the same numbers as a table."""

    caption: str
    drawing: Any
    named: Sequence[tuple[str, Row]]
    note: str = ""


def chosen(publications: Sequence[Publication], asked: Mapping[str, str]) -> Choice:
    """Return what is asked for, in the place of what is not there the nation, all ages, the newest round, English."""
    places, rounds = {place.code for place in places_of(publications)}, {item.round_id for item in publications}
    return Choice(
        asked["place"] if asked.get("place") in places else NATION,
        asked["age"] if asked.get("age") in AGES else ALL_AGES,
        asked["round"] if asked.get("round") in rounds else publications[0].round_id,
        asked["language"] if asked.get("language") in LANGUAGES else LANGUAGES[0],
    )


def places_of(publications: Sequence[Publication]) -> list[Place]:
    """Return every place that some publication has, from the nation down."""
    levels = {row.place: row.level for item in reversed(publications) for row in item.rows}
    order = list(Level)
    return sorted(levels, key=lambda place: (order.index(levels[place]), place.name))


def page(publications: Sequence[Publication], choice: Choice) -> str:
    """Return the page for a choice; it loads and runs nothing."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string((files("parties.explorer") / TEMPLATE).read_text(encoding="utf-8"))
    words, places = WORDS[choice.language], places_of(publications)
    round_ = next(item for item in publications if item.round_id == choice.round)
    place = next(item for item in places if item.code == choice.place)
    row = _row(round_, choice.place, choice.age)
    named = {"place": place.named(choice.language), "age": words[choice.age or "all ages"]}
    return template.render(
        w=words,
        choice=choice,
        languages=[(name, WORDS[next(other for other in LANGUAGES if other != name)]["other"]) for name in LANGUAGES],
        places=[(item.code, item.named(choice.language)) for item in places],
        ages=[(age, words[age or "all ages"]) for age in (ALL_AGES, *AGES)],
        rounds=[(item.round_id, f"{item.opens}: {item.round_id}") for item in publications],
        headline=words["shown"].format(**named, value=f"{row.value:,}", lower=f"{row.lower:,}", upper=f"{row.upper:,}") if row else None,
        mark=bool(row and row.mark),
        of_round=words["of_round"].format(
            round=round_.round_id, opens=round_.opens, closes=round_.closes, epsilon=round_.epsilon, delta=round_.delta
        ),
        figures=[item for item in _figures(publications, round_, choice, named) if item.named],
        query=f"place={choice.place}&language={choice.language}",
    )


def numbers(publications: Sequence[Publication], choice: Choice) -> str:
    """Return the chosen place's numbers of every age and round as CSV."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow(COLUMNS)
    for item in publications:
        for row in item.rows:
            if row.place.code == choice.place:
                cells = (row.place.code, row.place.name, row.age or EVERY_AGE, row.value, row.lower, row.upper, row.mark)
                writer.writerow((item.round_id, item.opens, item.closes, *cells))
    return sheet.getvalue()


def _figures(publications: Sequence[Publication], round_: Publication, choice: Choice, named: Mapping[str, str]) -> Iterator[Figure]:
    words = WORDS[choice.language]
    ages = [(words[age], row) for age in AGES if (row := _row(round_, choice.place, age))]
    yield _figure(words["by_age_here"].format(**named), ages)
    yield _figure(words["within_here"].format(**named), most_first(_within(round_, choice), choice.language))
    history = [(item.opens, row) for item in publications if (row := _row(item, choice.place, choice.age))]
    yield _figure(words["history_here"].format(**named), history, words["history_note"])


def _figure(caption: str, named: Sequence[tuple[str, Row]], note: str = "") -> Figure:
    import markupsafe

    drawing = markupsafe.Markup(intervals_svg(named, caption)) if named else ""  # noqa: S704 - of charts.py alone
    return Figure(caption, drawing, named, note)


def _row(publication: Publication, code: str, age: str) -> Row | None:
    return next((row for row in publication.rows if (row.place.code, row.age) == (code, age)), None)


def _within(publication: Publication, choice: Choice) -> list[Row]:
    """Return the regions of the nation, or the authorities of what is smaller, at the chosen age."""
    whole = _row(publication, choice.place, ALL_AGES)
    below = BELOW.get(whole.level) if whole else None
    return [
        row
        for row in publication.rows
        if row.level is below and row.age == choice.age and whole and (whole.level is Level.NATION or is_within(row.place, whole.place))
    ]
