"""From a checked extract to people: adults, children, who belongs to whom, and an authority's standing towards a child.

Reads the node's own files and keeps identifiers in memory only. Rows in quarantine are left out, and so are ties one of
whose ends is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from parties.encoding.rows import PersonRows
from parties.extracts.check import EXTRACT_DIRECTORY, Checked
from parties.extracts.read import read_extract
from parties.questions.answered import NO_ANSWERS, Answers, answered_sources, with_answers
from parties.settings import NodeSettings
from schemas.encoding_set import Population
from schemas.joins import Relation, Standing, quarter_of
from schemas.roster import Kind

Record = Mapping[str, str]

YES = "yes"
NOT_RESTRICTED = frozenset({"", "no"})  # whatever else somebody wrote there was a reason to be careful
NOT_A_PARENT = frozenset({"foster_carer"})  # looks after the child for the authority; who is received then is no parent of the child


@dataclass(repr=False)
class People:
    """One population while it is read: its rows, and which index a record key has. Shows nothing in `repr`."""

    rows: PersonRows = field(default_factory=PersonRows)
    index: dict[str, int] = field(default_factory=dict)

    def add(self, key: str, record: Record) -> int:
        """Add a record's rows to the person called `key`, who may be there already; return the index."""
        if key not in self.index:
            self.index[key] = self.rows.add_person(key)
        for source in sources(record):
            self.rows.add_rows(self.index[key], source)
        return self.index[key]

    def __repr__(self) -> str:
        """Show how many, and nothing else."""
        return f"People({len(self.index)})"


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A person's newest reception, and what the prison service's record says of it. Shows nothing in `repr`."""

    reception_id: str
    received_on: str
    reception_type: str
    is_restricted: bool
    is_sole_carer: bool

    def __repr__(self) -> str:
        """Show nothing."""
        return "Held(…)"


@dataclass(repr=False)
class Mapped:
    """What an extract says: two populations, ties as pairs of their indexes, an authority's relation and the date of birth by child, the newest reception by adult.

    Shows nothing in `repr`.
    """

    adults: People = field(default_factory=People)
    children: People = field(default_factory=People)
    ties: set[tuple[int, int]] = field(default_factory=set)
    relations: dict[int, Relation] = field(default_factory=dict)
    births: dict[int, str] = field(default_factory=dict)
    held: dict[int, Held] = field(default_factory=dict)

    def rows(self) -> dict[Population, PersonRows]:
        """Return the rows of each population."""
        return {"adults": self.adults.rows, "children": self.children.rows}

    def tie(self, adult: str, child: str) -> None:
        """Tie two records, if both are there."""
        if adult in self.adults.index and child in self.children.index:
            self.ties.add((self.adults.index[adult], self.children.index[child]))

    def relate(self, child: int, relation: Relation, record: Record) -> None:
        """Say how an authority is related to a child of its own, and keep the birthday that its age in a round follows from."""
        self.relations[child], self.births[child] = relation, record["date_of_birth"]

    def __repr__(self) -> str:
        """Show how many, and nothing else."""
        return f"Mapped({len(self.adults.index)} adults, {len(self.children.index)} children)"


Records = Callable[[str], Iterator[Record]]


def map_extract(settings: NodeSettings, checked: Checked, answers: Answers = NO_ANSWERS) -> Mapped:
    """Return the people of the node's extract, with what was answered about their records.

    Raises:
        ExtractError: a file is missing or unreadable.
    """

    def records(file: str) -> Iterator[Record]:
        for chunk in read_extract(settings.path(EXTRACT_DIRECTORY), file):
            for row, record in enumerate(chunk.frame.to_dict("records"), start=chunk.first_row):
                if row not in checked.quarantined[file]:
                    yield with_answers(file, record, answers)  # type: ignore[arg-type]  # every column is text

    return _MAPPERS[Kind(settings.kind)](records)


def sources(record: Record) -> Iterator[Record]:
    """Yield the record as it is, then once for an alias, a former surname and a previous postcode that it names, then for answers about it."""
    yield record
    if record.get("alias_forename") or record.get("alias_surname"):
        yield {
            **record,
            "forename": record.get("alias_forename") or record["forename"],
            "surname": record.get("alias_surname") or record["surname"],
        }
    if record.get("former_surname"):
        yield {**record, "surname": record["former_surname"]}
    if record.get("previous_postcode"):
        yield {**record, "postcode": record["previous_postcode"], "address": "", "town": ""}
    yield from answered_sources(record)


def _map_prison_service(records: Records) -> Mapped:
    """A person may be received several times. A declared child without a surname is looked for under the parent's."""
    mapped, surnames = Mapped(), dict[str, str]()
    for reception in records("receptions"):
        _hold(mapped, mapped.adults.add(reception["nomis_number"], reception), reception)
        surnames[reception["nomis_number"]] = reception["surname"]
    for child in records("declared_children"):
        parent, key = child["nomis_number"], f"{child['nomis_number']}/{child['child_number']}"
        mapped.children.add(key, {**child, "surname": child["surname"] or surnames.get(parent, "")})
        mapped.tie(parent, key)
    return mapped


def _hold(mapped: Mapped, adult: int, reception: Record) -> None:
    known = mapped.held.get(adult)
    if known is None or known.received_on <= reception["reception_date"]:
        mapped.held[adult] = Held(
            reception["reception_id"],
            reception["reception_date"],
            reception["reception_type"],
            is_restricted=reception.get("contact_restricted", "") not in NOT_RESTRICTED,
            is_sole_carer=reception.get("sole_carer") == YES,
        )


def _map_police(records: Records) -> Mapped:
    mapped = Mapped()
    for person in records("persons"):
        mapped.adults.add(person["person_urn"], person)
    for child in records("children"):
        mapped.children.add(child["child_urn"], child)
    for tie in records("ties"):
        mapped.tie(tie["person_urn"], tie["child_urn"])
    return mapped


def _map_local_authority(records: Records) -> Mapped:
    mapped = Mapped()
    for carer in records("carers"):
        mapped.adults.add(carer["carer_id"], carer)
    for child in records("children"):
        mapped.relate(mapped.children.add(child["child_id"], child), _relation(child), child)
    for tie in records("ties"):
        if tie["relation"] not in NOT_A_PARENT:
            mapped.tie(tie["carer_id"], tie["child_id"])
    return mapped


def _relation(child: Record) -> Relation:
    standing = Standing[child["standing"].upper()]
    try:
        return Relation(standing, quarter_of(date.fromisoformat(child.get("last_contact_on", ""))))
    except ValueError:  # not said, or no date, which the check has noted: the child is looked for all the same
        return Relation(standing)


_MAPPERS: Mapping[Kind, Callable[[Records], Mapped]] = {
    Kind.PRISON_SERVICE: _map_prison_service,
    Kind.POLICE: _map_police,
    Kind.LOCAL_AUTHORITY: _map_local_authority,
}
