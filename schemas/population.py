"""How many people there are, as published: what a custodian's submission is held against. Pure: reads the table packaged beside it.

Figures, their sources and dates are in `population.json`.
"""

import functools
import importlib.resources
import json
from collections.abc import Mapping
from typing import Any, Final

from schemas.encoding_set import Population
from schemas.roster import Kind, Organisation

COLUMNS: Final[Mapping[Population, int]] = {"adults": 0, "children": 1}


def published(organisation: Organisation, population: Population) -> int:
    """Return how many people an organisation can know of: those of its area, or of England and Wales where its area is not in the table.

    Adults are counted with everyone else: a carer may be under 18, and the figure is to bound, not to estimate. For the prison service,
    whose receptions are not in the table, the children who had a parent in prison in a year stand for both populations.
    """
    table = _table()
    if organisation.kind is Kind.PRISON_SERVICE:
        return int(table["prison_service"]["children_in_a_year"])
    people = table["areas"].get(organisation.gss_code, table["whole"]["people"])
    return int(people[COLUMNS[population]])


@functools.cache
def _table() -> Any:
    return json.loads(importlib.resources.files("schemas").joinpath("population.json").read_text(encoding="utf-8"))
