"""Invented families: who is whose parent, who lives with whom, where, and under which names.

Pure. A family is one unit of kin; it may span several households. `FORMS` says which forms there are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from validation.synthetic import names, places, rates
from validation.synthetic.draws import Draws, Weighted
from validation.synthetic.places import Address

LAST_YEAR_OF_CHILDHOOD: Final = 17


@dataclass(slots=True, repr=False, eq=False)
class Person:
    """Someone invented, as they truly are; days are ordinals."""

    person_id: int
    sex: str
    born: int
    origin: str
    forename: str
    middle: str
    surname: str
    home: Address
    former_surname: str = ""
    former_home: Address | None = None
    mother: "Person | None" = None
    father: "Person | None" = None


@dataclass(slots=True, repr=False, eq=False)
class Bond:
    """An adult's tie to a child: the relation, whether it still holds, and whether they live together."""

    adult: Person
    child: Person
    relation: str
    current: bool = True
    together: bool = True


@dataclass(slots=True, repr=False, eq=False)
class Family:
    """A unit of kin; `looked_after_by` is the authority's code where one looks after the children."""

    form: str
    adults: list[Person] = field(default_factory=list)
    children: list[Person] = field(default_factory=list)
    bonds: list[Bond] = field(default_factory=list)
    looked_after_by: str = ""

    @property
    def size(self) -> int:
        """The number of people."""
        return len(self.adults) + len(self.children)


class FamilyMaker:
    """Makes families from one block's draws, numbering people from `next_id`."""

    def __init__(self, draws: Draws, next_id: int) -> None:
        """Start from a block's draws."""
        self.draws = draws
        self.next_id = next_id

    def family(self) -> Family:
        """Return the next family, with or without children."""
        forms = CHILD_FORMS if self.draws.chance(rates.CHILD_FAMILY_SHARE) else ADULT_FORMS
        return self.of_form(forms.draw(self.draws))

    def of_form(self, form: str) -> Family:
        """Return a family of a form."""
        made = Family(form)
        FORMS[form](self, made)
        self._move(made)
        return made

    def person(self, sex: str, born: int, origin: str, surname: str, home: Address, *, forename: str = "") -> Person:
        """Return a new person; their forename is drawn unless given."""
        year = date.fromordinal(born).year
        first = forename or names.forename(self.draws, origin, sex, year)
        middle = names.forename(self.draws, origin, sex, year) if self.draws.chance(rates.MIDDLE_NAME) else ""
        self.next_id += 1
        return Person(self.next_id - 1, sex, born, origin, first, middle, surname, home)

    def home(self) -> Address:
        """Return a home anywhere."""
        return places.address(self.draws, places.place(self.draws))

    def second_home(self, first: Address) -> Address:
        """Return another home, often in the same authority."""
        near = self.draws.chance(rates.SECOND_HOME_NEAR)
        return places.address(self.draws, places.place_near(self.draws, first.place)) if near else self.home()

    def adult(self, *, sex: str = "", born: int = 0, origin: str = "", home: Address | None = None, family_name: str = "") -> Person:
        """Return an adult; what is not given is drawn."""
        home = home or self.home()
        origin = origin or names.origin(self.draws, home.place.authority)
        sex = sex or ("F" if self.draws.chance(0.5) else "M")
        surname = names.own_surname(self.draws, origin, sex, family_name or names.family_name(self.draws, origin))
        return self.person(sex, born or self.adult_birth(), origin, surname, home)

    def adult_birth(self) -> int:
        """Return the birth of an adult of any age."""
        years = 18 + 62 * self.draws.unit() ** 1.15 + 12 * self.draws.unit() ** 6
        return _no_child(rates.AS_OF - int(years * rates.YEAR_DAYS))

    def births(self) -> list[int]:
        """Return the births of a family's children, the oldest first; twins share one."""
        born = rates.AS_OF - int(self.draws.unit() * LAST_YEAR_OF_CHILDHOOD * rates.YEAR_DAYS)
        found = [born]
        for _ in range(FAMILY_SIZES.draw(self.draws) - 1):
            twin = self.draws.chance(rates.TWIN_BIRTHS)
            born -= 0 if twin else int(self.draws.bell(2.9, 0.6) * rates.YEAR_DAYS)
            found.append(born)
        return sorted(born for born in found if born > _EIGHTEEN_YEARS_AGO)

    def parent_birth(self, first_child: int, mean_age: float) -> int:
        """Return the birth of a parent, given that of the first child."""
        return _no_child(first_child - int(max(17.0, self.draws.bell(mean_age, 5.2)) * rates.YEAR_DAYS))

    def parents(self, family: Family, first_child: int, home: Address, father_home: Address) -> tuple[Person, Person]:
        """Add a mother and a father to a family; those who married share his family name."""
        origin = names.origin(self.draws, home.place.authority)
        father = self.adult(sex="M", born=self.parent_birth(first_child, 32.0), origin=origin, home=father_home)
        other = origin if self.draws.chance(0.88) else names.origin(self.draws, home.place.authority)
        mother = self.adult(sex="F", born=self.parent_birth(first_child, 29.5), origin=other, home=home)
        if self.draws.chance(rates.MARRIED) and mother.surname not in names.SHARED_NAMES.get((other, "F"), (0, ()))[1]:
            mother.former_surname, mother.surname = mother.surname, father.surname
        family.adults += [mother, father]
        return mother, father

    def child(self, family: Family, born: int, mother: Person, father: Person | None, home: Address) -> Person:
        """Add a child of two parents (or one) to a family."""
        sex = "M" if self.draws.chance(0.512) else "F"
        origin = father.origin if father else mother.origin
        son_of = father.forename if father and sex == "M" and self.draws.chance(rates.SON_NAMED_AFTER_FATHER) else ""
        made = self.person(sex, born, origin, self.child_surname(sex, origin, mother, father), home, forename=son_of)
        made.mother, made.father = mother, father
        family.children.append(made)
        return made

    def child_surname(self, sex: str, origin: str, mother: Person, father: Person | None) -> str:
        """Return a child's surname, by the custom of its parents."""
        if father is None:
            return mother.surname
        if origin == "welsh" and self.draws.chance(rates.PATRONYMIC):
            return names.patronymic(sex, father.forename)
        after = CHILD_NAMES.draw(self.draws)
        if after == "both" and "-" not in mother.surname + father.surname and mother.surname != father.surname:
            return f"{mother.surname}-{father.surname}"
        return names.own_surname(self.draws, origin, sex, mother.surname if after == "mother" else father.surname)

    def brood(self, family: Family, mother: Person, father: Person | None, births: list[int], home: Address) -> list[Person]:
        """Add the children of one pair of parents."""
        before = len(family.children)
        for born in births:
            made = self.child(family, born, mother, father, home)
            siblings = family.children[before:-1]
            while any(made.forename == sibling.forename for sibling in siblings):
                made.forename = names.forename(self.draws, made.origin, made.sex, date.fromordinal(born).year)
            if siblings:
                made.surname = siblings[0].surname if made.sex == siblings[0].sex or made.origin == "general" else made.surname
        return family.children[before:]

    def tie(self, family: Family, adult: Person, children: list[Person], relation: str, *, current: bool = True) -> None:
        """Tie an adult to children; whether they live together follows from their homes."""
        family.bonds += [Bond(adult, child, relation, current, adult.home is child.home) for child in children]

    def former_partner(self, family: Family, parent: Person) -> None:
        """Sometimes add someone who once lived with a parent and no longer does."""
        if self.draws.chance(rates.FORMER_PARTNER):
            partner = self.adult(sex="M" if parent.sex == "F" else "F", born=parent.born, home=self.second_home(parent.home))
            family.adults.append(partner)
            self.tie(family, partner, family.children, "step_parent", current=False)

    def _move(self, family: Family) -> None:
        if not self.draws.chance(rates.MOVED_IN_YEAR):
            return
        home = (*family.children, *family.adults)[0].home
        far = self.draws.chance(rates.MOVED_FAR)
        former = self.home() if far else places.address(self.draws, places.place_near(self.draws, home.place))
        for person in (*family.adults, *family.children):
            if person.home is home:
                person.former_home = former


def _no_child(born: int) -> int:
    return min(born, rates.AS_OF - rates.ADULT_DAYS)


def _single(maker: FamilyMaker, family: Family) -> None:
    family.adults.append(maker.adult())


def _pair(maker: FamilyMaker, family: Family) -> None:
    home, born = maker.home(), maker.adult_birth()
    husband = maker.adult(sex="M", born=born, home=home)
    wife = maker.adult(sex="F", born=_no_child(born + maker.draws.between(-1500, 2200)), origin=husband.origin, home=home)
    if maker.draws.chance(rates.MARRIED):
        wife.former_surname, wife.surname = wife.surname, husband.surname
    family.adults += [husband, wife]


def _shared_house(maker: FamilyMaker, family: Family) -> None:
    home = maker.home()
    family.adults += [maker.adult(born=_no_child(rates.AS_OF - maker.draws.between(18 * 365, 45 * 365)), home=home) for _ in range(3)]


def _hostel(maker: FamilyMaker, family: Family) -> None:
    family.adults.append(maker.adult(home=places.hostel(places.place(maker.draws))))


def _couple(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()
    mother, father = maker.parents(family, births[0], home, home)
    children = maker.brood(family, mother, father, births, home)
    maker.tie(family, mother, children, "parent")
    maker.tie(family, father, children, "parent")


def _separated(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()
    mother, father = maker.parents(family, births[0], home, maker.second_home(home))
    with_father = maker.draws.chance(0.12)
    children = maker.brood(family, mother, father, births, father.home if with_father else home)
    maker.tie(family, mother, children, "parent")
    maker.tie(family, father, children, "parent")
    maker.former_partner(family, father if with_father else mother)


def _one_parent(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()
    mother = maker.adult(sex="F", born=maker.parent_birth(births[0], 28.0), home=home)
    family.adults.append(mother)
    children = maker.brood(family, mother, None, births, home)
    maker.tie(family, mother, children, "parent")
    maker.former_partner(family, mother)


def _step(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()
    mother, father = maker.parents(family, births[0], home, maker.second_home(home))
    partner = maker.adult(sex="M", born=_no_child(mother.born + maker.draws.between(-2500, 1500)), home=home)
    family.adults.append(partner)
    shared = births[-1:] if len(births) > 1 and maker.draws.chance(0.4) and births[-1] != births[-2] else []
    older = maker.brood(family, mother, father, births[: len(births) - len(shared)], home)
    younger = maker.brood(family, mother, partner, shared, home)
    maker.tie(family, mother, older + younger, "parent")
    maker.tie(family, father, older, "parent")
    maker.tie(family, partner, younger, "parent")
    maker.tie(family, partner, older, "step_parent")


def _kinship(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()
    mother, father = maker.parents(family, births[0], maker.second_home(home), maker.second_home(home))
    origin, maiden = mother.origin, mother.former_surname or mother.surname
    born = mother.born - maker.draws.between(18 * 365, 32 * 365)
    grandmother = maker.adult(sex="F", born=born, origin=origin, home=home, family_name=maiden)
    family.adults.append(grandmother)
    mother.mother = grandmother
    children = maker.brood(family, mother, father, births, home)
    maker.tie(family, grandmother, children, "kinship_carer")
    maker.tie(family, mother, children, "parent")
    maker.tie(family, father, children, "parent")


def _looked_after(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()
    mother, father = maker.parents(family, births[0], home, maker.second_home(home))
    away = maker.draws.chance(rates.PLACED_OUT_OF_AREA)
    carer = maker.adult(sex="F", home=maker.home() if away else places.address(maker.draws, places.place_near(maker.draws, home.place)))
    family.adults.append(carer)
    family.looked_after_by = home.place.authority
    children = maker.brood(family, mother, father, births, carer.home)
    maker.tie(family, carer, children, "foster")
    maker.tie(family, mother, children, "parent")
    maker.tie(family, father, children, "parent")


def _adopted(maker: FamilyMaker, family: Family) -> None:
    home, births = maker.home(), maker.births()[:1]
    mother, father = maker.parents(family, births[0] - 3000, home, home)
    birth_mother = maker.adult(sex="F", born=maker.parent_birth(births[0], 25.0))
    family.adults.append(birth_mother)
    children = maker.brood(family, mother, father, births, home)
    for child in children:
        child.mother, child.father = birth_mother, None
    maker.tie(family, mother, children, "parent")
    maker.tie(family, father, children, "parent")
    maker.tie(family, birth_mother, children, "birth_parent")


FORMS: Final[Mapping[str, Callable[[FamilyMaker, Family], None]]] = {
    "single": _single,
    "pair": _pair,
    "shared_house": _shared_house,
    "hostel": _hostel,
    "couple": _couple,
    "separated": _separated,
    "one_parent": _one_parent,
    "step": _step,
    "kinship": _kinship,
    "looked_after": _looked_after,
    "adopted": _adopted,
}
CHILD_FORMS: Final = Weighted({form: rate.share for form, rate in rates.FAMILIES.items()})
ADULT_FORMS: Final = Weighted({"single": 0.47, "pair": 0.49, "shared_house": 0.03, "hostel": 0.01})  # after ONS households; assumption
FAMILY_SIZES: Final = Weighted(rates.CHILDREN_IN_FAMILY)
CHILD_NAMES: Final = Weighted(rates.CHILD_NAMES)
_EIGHTEEN_YEARS_AGO: Final = rates.AS_OF - int(18 * rates.YEAR_DAYS)
