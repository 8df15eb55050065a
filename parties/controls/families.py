"""Control families out of the round's control key: who they are, who knows them, and what each kind of custodian records. Pure.

The parent is received in prison. In a match the authority knows the child, and most often the parent; the prison service's record
errs as the class says. In a non-match the authority knows somebody who looks like the parent or the child and is neither.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property
from typing import Final, NamedTuple

from parties.controls.draws import KeyedDraws
from parties.keys.derive import derive
from schemas.canonical import digest_of
from schemas.controls import ControlClass, class_of, names_of
from schemas.roster import CUSTODIAN_KINDS, Kind, Roster
from validation.synthetic import names, places, rates, recording
from validation.synthetic.families import Family, FamilyMaker, Person
from validation.synthetic.places import Address

Record = Mapping[str, str]

# How often each side of a match has recorded what the path needs; set near the invented population's. Without any the carer is recorded.
CARER_KNOWN: Final = 0.75
DECLARED: Final = 0.60
POLICE_KNOWN: Final = 0.60
MEN: Final = 0.90  # of the parents received
MEAN_AGE: Final = 31.0  # of a parent at a birth
SIBLINGS_APART: Final = 1_500  # days, at most


class Recorded(NamedTuple):
    """What one custodian records of a family: the adult and the child as raw columns; None for whom it does not know."""

    adult: Record | None
    child: Record | None

    def __repr__(self) -> str:
        """Show nothing."""
        return "Recorded(…)"


SAMPLED: Final = 120  # families: several of every class, origin of names and kind of place
_SAMPLE_DAY: Final = date(2026, 1, 1)

UNKNOWN: Final = Recorded(None, None)


@dataclass(frozen=True, repr=False)
class ControlFamily:
    """One control family: its number, the organisations that know it, and what each records. Shows its number alone."""

    number: int
    recorded: Mapping[str, Recorded]

    def __repr__(self) -> str:
        """Show which, and nothing else."""
        return f"ControlFamily({self.number})"


@dataclass(frozen=True)
class Members:
    """Who may know a control family: the prison service, the forces, and the authorities with their codes."""

    prison_service: str
    forces: Sequence[str]
    authorities: Sequence[tuple[str, str]]


_SAMPLE_MEMBERS: Final = Members("prison-service", ["force"], [("in-england", "E08000025"), ("in-wales", "W06000015")])


def members_of(roster: Roster) -> Members | None:
    """Return who of a roster may know a control family, by name; None without a prison service or an authority."""
    of_kind = {kind: sorted(roster.of_kind(kind), key=lambda item: item.organisation) for kind in CUSTODIAN_KINDS}
    if not (of_kind[Kind.PRISON_SERVICE] and of_kind[Kind.LOCAL_AUTHORITY]):
        return None
    return Members(
        of_kind[Kind.PRISON_SERVICE][0].organisation,
        [force.organisation for force in of_kind[Kind.POLICE]],
        [(authority.organisation, authority.gss_code or "") for authority in of_kind[Kind.LOCAL_AUTHORITY]],
    )


def control_key(round_key: bytes) -> bytes:
    """Return the key that a round's control families are drawn from."""
    return derive(round_key, "controls", "families")


def controls_opener(round_key: bytes) -> bytes:
    """Return the opener of the round's lists of controls, 32 bytes; it says nothing of any other key."""
    return derive(round_key, "controls", "opener")


def control_families(key: bytes, count: int, roster: Roster, opens_on: date) -> list[ControlFamily]:
    """Return a round's control families; arguments as of `control_family`."""
    members = members_of(roster)
    return [control_family(key, number, members, opens_on) for number in range(count)] if members else []


def control_family(key: bytes, number: int, members: Members, opens_on: date) -> ControlFamily:
    """Return one control family, the same for every custodian of the round.

    Args:
        key: a `control_key`.
        number: the family's.
        members: who may know it.
        opens_on: the day the round opens: the people are as old then as the invented population's are on its day.
    """
    draws = KeyedDraws(derive(key, str(number)))
    organisation, gss_code = draws.pick(members.authorities)
    force = draws.pick(members.forces) if members.forces else ""
    made = _Cast(draws, names_of(number), gss_code, opens_on.toordinal() - rates.AS_OF).recorded(class_of(number))
    by_kind = {Kind.PRISON_SERVICE: members.prison_service, Kind.POLICE: force, Kind.LOCAL_AUTHORITY: organisation}
    return ControlFamily(number, {by_kind[kind]: record for kind, record in made.items() if by_kind[kind]})


@cache
def generator_digest() -> str:
    """Return the digest of a sample of families under a key of zeros: another one, and custodians would plant different people."""
    sample = (control_family(bytes(32), number, _SAMPLE_MEMBERS, _SAMPLE_DAY) for number in range(SAMPLED))
    return digest_of([{organisation: list(recorded) for organisation, recorded in family.recorded.items()} for family in sample])


class _Cast:
    """The people of one family, drawn from its stream."""

    def __init__(self, draws: KeyedDraws, origin: str, gss_code: str, days: int) -> None:
        self.draws, self.origin, self.days = draws, origin, days
        self.maker = FamilyMaker(draws, 0)
        self.home = places.address(draws, places.place_in(draws, gss_code))
        self.child_birth = self.maker.births()[0]
        self.parent = self._parent()
        self.child = self._child(self.parent, self.child_birth)

    def recorded(self, kind: ControlClass) -> dict[Kind, Recorded]:
        """Return what each kind of custodian records of a family of this class."""
        if kind is ControlClass.LOOK_ALIKE:
            return {}
        if kind in _LOOKS_LIKE:
            prison = Recorded(self._written(self.parent), self._written(self.child))
            return {Kind.PRISON_SERVICE: prison, Kind.LOCAL_AUTHORITY: self._somebody_else(_LOOKS_LIKE[kind])}
        return self._match(kind)

    def _match(self, kind: ControlClass) -> dict[Kind, Recorded]:
        declared, tied, carer = (self.draws.chance(share) for share in (DECLARED, POLICE_KNOWN, CARER_KNOWN))
        write = self._as_usual if kind is ControlClass.USUAL else self._exactly
        adult, child = write(self.parent, "reception"), write(self.child, "declared")
        if kind in _SPOILT:
            adult, child = _SPOILT[kind](self, adult, "adult"), _SPOILT[kind](self, child, "child")
        made = {Kind.PRISON_SERVICE: Recorded(adult, child if declared else None)}
        if tied:
            made[Kind.POLICE] = Recorded(write(self.parent, "police_adult"), write(self.child, "police_child"))
        known = write(self.parent, "authority_adult") if carer or not (declared or tied) else None
        return {**made, Kind.LOCAL_AUTHORITY: Recorded(known, write(self.child, "authority_child"))}

    def _somebody_else(self, look_alike: "LookAlike") -> Recorded:
        """Return an authority's carer and child of another family, of whom one looks like the parent or the child."""
        if self.draws.chance(0.5):
            carer = look_alike(self, self.parent)
            return Recorded(self._written(carer), self._written(self._child(carer, self.maker.births()[0])))
        child = look_alike(self, self.child)
        return Recorded(self._written(self._parent(home=child.home)), self._written(child))

    def _parent(self, home: Address | None = None) -> Person:
        sex, born = "M" if self.draws.chance(MEN) else "F", self.maker.parent_birth(self.child_birth, MEAN_AGE)
        return self.maker.adult(sex=sex, born=born, origin=self.origin, home=home or self.home)

    def _child(self, parent: Person, born: int) -> Person:
        other = self.maker.adult(sex="F" if parent.sex == "M" else "M", born=parent.born, origin=self.origin, home=parent.home)
        mother, father = (other, parent) if parent.sex == "M" else (parent, other)
        return self.maker.child(Family("control"), born, mother, father, parent.home)

    def _as_usual(self, person: Person, site: str) -> Record:
        return _columns(recording.record(self.draws, self._dated(person), site))

    def _exactly(self, person: Person, _site: str) -> Record:
        return self._written(person)

    def _written(self, person: Person) -> Record:
        """Return a person's record without an error."""
        home, who = person.home, self._dated(person)
        born = date.fromordinal(who.born).isoformat()
        return _columns(recording.Recorded(who.forename, who.middle, who.surname, born, who.sex, home.line, home.town, home.postcode))

    def _dated(self, person: Person) -> Person:
        return replace(person, born=person.born + self.days)

    def other_forename(self, person: Person) -> str:
        """Return another forename for somebody of the same sex and age."""
        return next(name for name in iter(lambda: self._forename(person), "") if name != person.forename)

    def other_surname(self, surname: str) -> str:
        """Return another family name of the same list."""
        return next(name for name in iter(lambda: names.family_name(self.draws, self.origin), "") if name != surname)

    @cached_property
    def other_home(self) -> Address:
        """The family's other home, near by."""
        return places.address(self.draws, places.place_near(self.draws, self.home.place))

    def _forename(self, person: Person) -> str:
        return names.forename(self.draws, self.origin, person.sex, date.fromordinal(person.born).year)


LookAlike = Callable[[_Cast, Person], Person]


def _twin(cast: _Cast, person: Person) -> Person:
    return replace(person, forename=cast.other_forename(person), middle=cast.other_forename(person))


def _sibling(cast: _Cast, person: Person) -> Person:
    return replace(_twin(cast, person), born=person.born - cast.draws.between(300, SIBLINGS_APART))


def _namesake(cast: _Cast, person: Person) -> Person:
    born = person.born - cast.draws.between(1, SIBLINGS_APART)
    return replace(person, middle=cast.other_forename(person), born=born, home=cast.other_home)


def _moved(cast: _Cast, record: Record, _who: str) -> Record:
    home = cast.other_home
    return {**record, "address": home.line, "town": home.town, "postcode": home.postcode}


def _other_surname(cast: _Cast, record: Record, who: str) -> Record:
    return {**record, "surname": cast.other_surname(record["surname"])} if who == "adult" else record


def _name_slip(cast: _Cast, record: Record, _who: str) -> Record:
    column = cast.draws.pick(("forename", "surname"))
    return {**record, column: recording.typo(cast.draws, record[column])}


def _birth_slip(_cast: _Cast, record: Record, _who: str) -> Record:
    born = date.fromisoformat(record["date_of_birth"])
    return {**record, "date_of_birth": born.replace(day=born.day % 28 + 1).isoformat()}


def _swapped(_cast: _Cast, record: Record, _who: str) -> Record:
    return {**record, "forename": record["surname"], "surname": record["forename"]}


def _alias(cast: _Cast, record: Record, who: str) -> Record:
    """Return the record of somebody who gave another surname and is known by the true one as well."""
    if who == "child":
        return record
    return {
        **record,
        "surname": cast.other_surname(record["surname"]),
        "alias_forename": record["forename"],
        "alias_surname": record["surname"],
    }


_LOOKS_LIKE: Final[Mapping[ControlClass, LookAlike]] = {
    ControlClass.TWIN: _twin,
    ControlClass.SIBLING: _sibling,
    ControlClass.NAMESAKE: _namesake,
}
_SPOILT: Final[Mapping[ControlClass, Callable[[_Cast, Record, str], Record]]] = {
    ControlClass.MOVED: _moved,
    ControlClass.SURNAME: _other_surname,
    ControlClass.NAME_SLIP: _name_slip,
    ControlClass.BIRTH_SLIP: _birth_slip,
    ControlClass.SWAPPED: _swapped,
    ControlClass.ALIAS: _alias,
}


def _columns(seen: recording.Recorded) -> Record:
    return {
        "forename": seen.forename,
        "middle_names": seen.middle_names,
        "surname": seen.surname,
        "date_of_birth": seen.date_of_birth,
        "sex": seen.sex,
        "address": seen.address,
        "town": seen.town,
        "postcode": seen.postcode,
    }
