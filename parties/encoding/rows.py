"""People as rows of normalised fields, one row per source of a filter. Pure.

A person has a main row, and more rows for an alias, a former surname or a previous postcode; all carry the same index. `middle`, `sex`,
`town` and `digits`, the date of birth as recorded, are for the second look; no projection encodes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from parties.encoding import normalise
from schemas.agreement import Projection
from schemas.linkage import feature_names


@dataclass(repr=False)
class PersonRows:
    """The rows of one population, as columns of equal length; missing is "". Shows nothing in `repr`.

    `person` is each row's person, an index into `record_keys`: the name of the person in the party's own records, from
    which pseudonyms are made. Without `record_keys` the index itself is the name.
    """

    person: list[int] = field(default_factory=list)
    forename: list[str] = field(default_factory=list)
    surname: list[str] = field(default_factory=list)
    middle: list[str] = field(default_factory=list)
    dob: list[str] = field(default_factory=list)
    sex: list[str] = field(default_factory=list)
    postcode: list[str] = field(default_factory=list)
    address: list[str] = field(default_factory=list)
    town: list[str] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)
    record_keys: list[str] = field(default_factory=list)

    def add_person(self, record_key: str) -> int:
        """Add a person without rows; return the index."""
        self.record_keys.append(record_key)
        return len(self.record_keys) - 1

    def add_rows(self, person: int, source: Mapping[str, str]) -> None:
        """Add rows for `person` out of a record's raw columns, normalised here: one for each name that it gives; an absent column is missing."""
        address, postcode = normalise.home(source.get("address", ""), source.get("postcode", ""), source.get("town", ""))
        town = normalise.home_town(source.get("address", ""), source.get("town", ""))
        born, sex = normalise.date_of_birth(source.get("date_of_birth", "")), normalise.sex(source.get("sex", ""))
        digits = normalise.birth_digits(source.get("date_of_birth", ""))
        written = (source.get(column, "") for column in ("forename", "middle_names", "surname"))
        for full in normalise.full_names(
            *written, one_for_both=not normalise.is_suspect(born)
        ):  # one name and a default date: too many share both
            self.person.append(person)
            self.forename.append(full.forename)
            self.surname.append(full.surname)
            self.middle.append(full.middle)
            self.dob.append(born)
            self.sex.append(sex)
            self.postcode.append(postcode)
            self.address.append(address)
            self.town.append(town)
            self.digits.append(digits)

    def people(self) -> list[str]:
        """Return the record key of every person, in index order."""
        return self.record_keys or [str(index) for index in range(max(self.person, default=-1) + 1)]

    def __repr__(self) -> str:
        """Show how many, and nothing else."""
        return f"PersonRows({len(self.person)} rows)"


class Filter(NamedTuple):
    """What one filter is made of: the person, which of the person's filters it is, and the values."""

    person: int
    number: int
    values: tuple[str, ...]

    def __repr__(self) -> str:
        """Show nothing."""
        return "Filter(…)"


def fields(rows: PersonRows, projection: Projection) -> list[tuple[str, ...] | None]:
    """Return the values that a projection reads from each row, in its schema's order; None where a row lacks one."""
    columns = [column(rows, feature) for feature in feature_names(projection)]
    return [values if all(values) else None for values in zip(*columns, strict=True)]


def filters(rows: PersonRows, projection: Projection) -> list[Filter]:
    """Return the filters of one projection: each person's different values, numbered from 0 in the order of the rows."""
    seen: set[tuple[int, tuple[str, ...]]] = set()
    counts: dict[int, int] = {}
    made = []
    for person, values in zip(rows.person, fields(rows, projection), strict=True):
        if values is None or (person, values) in seen:
            continue
        seen.add((person, values))
        number = counts[person] = counts.get(person, -1) + 1
        made.append(Filter(person, number, values))
    return made


def column(rows: PersonRows, feature: str) -> list[str]:
    """Return what a feature reads from each row; "" where there is nothing.

    A search reads short forms of forenames in full; what they are short for is for a second look to compare.
    A place that a record lacks is stood for by another, in one order for all: else those who record postcodes alone, or streets alone, would be
    in half of the projections, and a filter with fewer bits would show what is missing. The town stands for an address before the postcode does:
    of a record without streets, projections B and D would else say the same.
    """
    match feature:
        case "postcode":
            return [code or street or town for code, street, town in zip(rows.postcode, rows.address, rows.town, strict=True)]
        case "address":
            return [street or town or code for code, street, town in zip(rows.postcode, rows.address, rows.town, strict=True)]
        case "names":
            return [
                f"{normalise.in_full(first)} {last}" if first and last else ""
                for first, last in zip(rows.forename, rows.surname, strict=True)
            ]
        case "forename":
            return [normalise.in_full(first) for first in rows.forename]
        case "dob_pair":
            return [normalise.day_and_month(born) if born else "" for born in rows.dob]
        case _:
            texts: list[str] = getattr(rows, feature)
            return texts
