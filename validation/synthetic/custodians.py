"""What each custodian records of a family: the prison service, the police, the local authorities.

Pure. Each `record_*` function adds rows to a block and returns the ties it recorded as (adult, child) pairs of person ids.
"""

import zlib
from collections.abc import Mapping
from datetime import date
from typing import Final

from schemas.identifiers import pnc_check_letter, upn_check_letter
from validation.synthetic import names, places, rates, recording
from validation.synthetic.custody import Custody, Stay
from validation.synthetic.draws import Draws, Weighted
from validation.synthetic.families import Bond, Family, Person
from validation.synthetic.output import PRISON, Block, authority_folder, police_folder
from validation.synthetic.places import AUTHORITIES

Ties = set[tuple[int, int]]

RECORD_NUMBERS: Final = 99_999_989  # the four limits are primes, so that scrambling gives no number twice
NOMIS_NUMBERS: Final = 28_799_963
PNC_NUMBERS: Final = 9_999_991
UPN_NUMBERS: Final = 999_983
NOMIS_FIRST: Final = "VWXYZ"  # kept away from numbers in use
NOMIS_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
PNC_YEAR: Final = "2091"  # a year to come: no such number can exist
ASKED: Final = ("yes", "yes", "yes", "no", "")  # about children, when received; assumption
SOLE_CARER: Final = ("yes", *("no",) * 5, "")  # assumption
RESTRICTED: Final = ("yes", *("no",) * 40)  # contact with children; assumption
GUARDIANS: Final = ("other-parent", "other-parent", "relative", "prisoner", "authority", "", "")  # of declared children; assumption
SCHOOLS: Final = 40  # in each authority
AREAS: Final = 6  # health-visiting areas in each authority
CASE_HOLDERS: Final = 7  # social workers in each authority
DEPUTIES: Final = 20  # schools in each authority whose lead has a deputy
EDUCATION_STEPS: Final = 100_003  # a prime, as below
SIXTEEN: Final = 16
NOT_ON_ROLL: Final = frozenset({"home_educated", "eotas", "none"})
ONE_FOR_ALL: Final = (
    "midwife", "social_worker", "reviewing_officer", "childrens_social_care", "home_education", "alternative_provision", "inclusion",
    "participation", "personal_adviser",
)  # fmt: skip
TRAINED: Final = "2026-01-15"
CONTACT_DAYS: Final[Mapping[str, range]] = {  # days since an authority last had to do with a child; assumption
    "looked_after": range(43), "resident": range(181), "school_only": range(181), "former": range(30, 361),
}  # fmt: skip
SCHOOL_DAYS: Final = 5 * 365
TELEPHONES: Final[Mapping[str, str]] = {
    "W06000015": "01632 9601",
    "E08000025": "01632 9602",
    "E08000028": "01632 9603",
    "E08000026": "01632 9604",
}  # Ofcom: for drama
RECEPTION_ADDRESS: Final = Weighted(rates.RECEPTION_ADDRESS)
POLICE_RELATIONS: Final[Mapping[str, str]] = {
    "parent": "parent",
    "birth_parent": "parent",
    "step_parent": "step_parent",
    "kinship_carer": "carer",
    "foster": "carer",
}
AUTHORITY_RELATIONS: Final[Mapping[str, str]] = {
    "parent": "parent", "birth_parent": "parent", "step_parent": "step_parent", "kinship_carer": "kinship_carer", "foster": "foster_carer",
}  # fmt: skip


def record_prison(block: Block, family: Family, received: list[Custody]) -> Ties:
    """Record the receptions, movements and declared children of the people received from a family."""
    declared: Ties = set()
    for custody in received:
        number = nomis_number(custody.person.person_id)
        for place, stay in enumerate(custody.stays):
            _reception(block, custody, stay, f"{record_id(PRISON, custody.person)}-{place}", number)
            _movements(block, stay, number)
        declared |= _declared_children(block, family, custody.person, number)
    return declared


def record_police(block: Block, family: Family, received: list[Custody], prevalence: float) -> Ties:
    """Record the adults of a family whom its police force knows, and the children it has tied to them."""
    ties: Ties = set()
    recorded: set[tuple[str, int]] = set()
    inside = {custody.person.person_id for custody in received}
    for adult in family.adults:
        known, tied = _police_rates(adult.person_id in inside, prevalence)
        bonds = [bond for bond in family.bonds if bond.adult is adult]
        force = adult.home.place.force or next((bond.child.home.place.force for bond in bonds if bond.child.home.place.force), "")
        if not force or not block.draws.chance(known):
            continue
        _police_person(block, adult, force)
        for bond in _police_ties(block.draws, bonds, tied):
            _police_tie(block, bond, force, recorded)
            ties.add((adult.person_id, bond.child.person_id))
    return ties


def record_authorities(block: Block, family: Family) -> tuple[Ties, dict[int, dict[str, str]]]:
    """Record a family's children with each authority that knows them, and their carers.

    Returns:
        The ties, and for each child's person id the standing it has with each authority (by code).
    """
    ties: Ties = set()
    standings = {child.person_id: standings_of(block.draws, child, family) for child in family.children}
    carers: set[tuple[str, int]] = set()
    for child in family.children:
        bonds = [bond for bond in family.bonds if bond.child is child]
        for gss, standing in standings[child.person_id].items():
            _authority_child(block, child, gss, standing, next(iter(standings[child.person_id])))
            for bond in _carers_known(block.draws, bonds):
                _authority_tie(block, bond, gss, carers)
                ties.add((bond.adult.person_id, child.person_id))
    return ties, standings


def record_directories(block: Block) -> None:
    """Record whom each authority's referrals go to: invented people, telephone numbers kept for drama."""
    for gss in AUTHORITIES:
        posts = [("single_point_of_contact", "")]
        posts += [("dsl", school_urn(gss, number)) for number in range(SCHOOLS)]
        posts += [("health_visitor", under_five_area(gss, number)) for number in range(AREAS)]
        posts += [("social_worker", case_holder(number)) for number in range(CASE_HOLDERS)]
        posts += [(role, "") for role in ONE_FOR_ALL]
        posts += [("dsl", school_urn(gss, number)) for number in range(DEPUTIES)]
        filled = set[tuple[str, str]]()
        for number, post in enumerate(posts):
            name = f"{names.forename(block.draws, 'general', block.draws.pick('FM'), 1980)} {names.family_name(block.draws, 'general')}"
            position = "deputy" if post in filled else "holder"
            trained = TRAINED if number % 3 else ""
            block.add(authority_folder(gss), "directory", (*post, name, f"{TELEPHONES[gss]}{number:02d}", position, trained, "", "", ""))
            filled.add(post)


def standings_of(draws: Draws, child: Person, family: Family) -> dict[str, str]:
    """Return the authorities that know a child, the one that must act first, with the child's standing in each."""
    here, found = child.home.place.authority, dict[str, str]()
    if family.looked_after_by:
        found[family.looked_after_by] = "looked_after"
        if here:
            found.setdefault(here, "school_only")
    elif here and draws.chance(rates.RESIDENT_KNOWN):
        found[here] = "resident"
    if child.former_home and child.former_home.place.authority and draws.chance(rates.FORMER_KNOWN):
        found.setdefault(child.former_home.place.authority, "former")
    across = AUTHORITIES[here].neighbour if here else _authority_of_force(child.home.place.force)
    if across and rates.AS_OF - child.born > SCHOOL_DAYS and draws.chance(rates.SCHOOL_OVER_BORDER):
        found.setdefault(across, "school_only")
    return found


def record_id(folder: str, person: Person) -> str:
    """Return a custodian's own id for a person; ids of two custodians say nothing of who is whom."""
    return f"{_scrambled(folder, person.person_id, RECORD_NUMBERS):08d}"


def nomis_number(person_id: int) -> str:
    """Return an invented NOMIS number, different for each of 28 million people."""
    rest, last = divmod(_scrambled("nomis", person_id, NOMIS_NUMBERS), len(NOMIS_LETTERS))
    rest, middle = divmod(rest, len(NOMIS_LETTERS))
    first, digits = divmod(rest, 10_000)
    return f"{NOMIS_FIRST[first]}{digits:04d}{NOMIS_LETTERS[middle]}{NOMIS_LETTERS[last]}"


def pnc_id(person_id: int) -> str:
    """Return an invented PNC ID with the right check letter."""
    serial = f"{_scrambled('pnc', person_id, PNC_NUMBERS):07d}"
    return f"{PNC_YEAR}/{serial}{pnc_check_letter(PNC_YEAR, serial)}"


def upn(person: Person, gss: str) -> str:
    """Return an invented UPN with the right check letter; its school number is none in use."""
    school, serial = divmod(_scrambled("upn", person.person_id, UPN_NUMBERS), 1000)
    entry = date.fromordinal(person.born).year + 4
    body = f"{AUTHORITIES[gss].dfe_number}9{school:03d}{entry % 100:02d}{serial:03d}"
    return upn_check_letter(body) + body


def school_urn(gss: str, number: int) -> str:
    """Return the URN of one of an authority's invented schools."""
    return f"9{AUTHORITIES[gss].dfe_number}{number:02d}"


def case_holder(number: int) -> str:
    """Return the code of one of an authority's social workers."""
    return f"SW{number + 1:02d}"


def under_five_area(gss: str, number: int) -> str:
    """Return the code of one of an authority's health-visiting areas."""
    return f"HV{AUTHORITIES[gss].dfe_number}-{number + 1}"


def _scrambled(purpose: str, number: int, limit: int) -> int:
    return number * (zlib.crc32(purpose.encode()) % (limit - 1) + 1) % limit


def _of_list(values: tuple[str, ...], record: str) -> str:
    """Return one of a list by a record's own id: what is written down of it varies, and no draw of the population is spent."""
    return values[zlib.crc32(record.encode()) % len(values)]


def _authority_of_force(force: str) -> str:
    return next((gss for gss, authority in AUTHORITIES.items() if force and authority.force == force), "")


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _reception(block: Block, custody: Custody, stay: Stay, reception_id: str, number: str) -> None:
    person = custody.person
    seen = recording.record(block.draws, person, "reception")
    address = _reception_address(block.draws, person, stay, (seen.address, seen.town, seen.postcode))
    who = (seen.forename, seen.middle_names, seen.surname, *_alias(block.draws, person), seen.date_of_birth, seen.sex)
    said = [_of_list(values, reception_id) for values in (ASKED, RESTRICTED, SOLE_CARER)]
    row = (reception_id, number, *who, _day(stay.received), stay.reception_type, stay.prison.code, *address, *said)
    block.add_record(PRISON, "receptions", row, person)


def _reception_address(draws: Draws, person: Person, stay: Stay, home: tuple[str, str, str]) -> tuple[str, str, str]:
    kind = RECEPTION_ADDRESS.draw(draws)
    if kind == "prison":
        return places.prison_address(stay.prison)
    if kind == "none":
        return "No fixed abode", "", ""
    if kind == "home":
        return home
    shared = places.hostel(person.home.place) if kind == "hostel" else places.approved_premises(person.home.place)
    return shared.line, shared.town, shared.postcode


def _alias(draws: Draws, person: Person) -> tuple[str, str]:
    if not draws.chance(rates.ALIAS):
        return "", ""
    if person.former_surname:
        return "", person.former_surname
    short = names.nicknames().get(person.forename)
    if short:
        return draws.pick(short), ""
    if draws.chance(0.5):
        return person.middle, ""
    return "", names.family_name(draws, person.origin)


def _movements(block: Block, stay: Stay, number: str) -> None:
    last = stay.next_prison or stay.prison
    if stay.next_prison:
        block.add(PRISON, "movements", (number, _day(stay.transferred), "transfer", stay.prison.code, last.code))
    if stay.released:
        block.add(PRISON, "movements", (number, _day(stay.released), "release", last.code, ""))


def _declared_children(block: Block, family: Family, person: Person, number: str) -> Ties:
    mine = [bond.child for bond in family.bonds if bond.adult is person and bond.current and bond.relation in {"parent", "step_parent"}]
    if not mine or not block.draws.chance(rates.DECLARES):
        return set()
    declared = [child for child in mine if block.draws.chance(rates.DECLARES_EACH)]
    for place, child in enumerate(declared, start=1):
        seen = recording.record(block.draws, child, "declared")
        guardian = _of_list(GUARDIANS, f"{number}/{place}")
        where = (seen.address, seen.town, seen.postcode)
        row = (number, str(place), seen.forename, seen.surname, seen.date_of_birth, seen.sex, *where, guardian)
        block.add_record(PRISON, "declared_children", row, child, record_id=f"{number}/{place}")
    return {(person.person_id, child.person_id) for child in declared}


def _police_rates(received: bool, prevalence: float) -> tuple[float, float]:  # noqa: FBT001 - a row of the rates
    if received:
        return rates.POLICE_RECORD_RECEIVED, rates.POLICE_TIE_RECEIVED
    return rates.POLICE_RECORD_OTHERS * prevalence, rates.POLICE_TIE_OTHERS


def _police_person(block: Block, adult: Person, force: str) -> None:
    seen = recording.record(block.draws, adult, "police_adult")
    pnc = pnc_id(adult.person_id) if block.draws.chance(rates.PNC_RECORDED) else ""
    who = (seen.forename, seen.middle_names, seen.surname, *_alias(block.draws, adult), seen.date_of_birth, seen.sex)
    row = (record_id(police_folder(force), adult), pnc, *who, seen.address, seen.town, seen.postcode, _previous_postcode(adult))
    block.add_record(police_folder(force), "persons", row, adult)


def _police_ties(draws: Draws, bonds: list[Bond], tied: float) -> list[Bond]:
    if not bonds:
        return []
    if not bonds[0].current:
        tied = rates.FORMER_PARTNER_TIED["police"]
    elif bonds[0].relation in {"birth_parent", "foster"}:
        tied /= 4
    return [bond for bond in bonds if draws.chance(rates.POLICE_TIE_EACH)] if draws.chance(tied) else []


def _police_tie(block: Block, bond: Bond, force: str, recorded: set[tuple[str, int]]) -> None:
    child, folder = bond.child, police_folder(force)
    urn = record_id(folder, child)
    if (force, child.person_id) not in recorded:
        recorded.add((force, child.person_id))
        seen = recording.record(block.draws, child, "police_child")
        row = (urn, seen.forename, seen.surname, seen.date_of_birth, seen.sex, seen.address, seen.town, seen.postcode)
        block.add_record(folder, "children", row, child)
    block.add(folder, "ties", (record_id(folder, bond.adult), urn, POLICE_RELATIONS[bond.relation], _recorded_on(block.draws, child)))


def _carers_known(draws: Draws, bonds: list[Bond]) -> list[Bond]:
    known = [bond for bond in bonds if draws.chance(_carer_rate(bond))]
    return known or [next((bond for bond in bonds if bond.together), bonds[0])]


def _carer_rate(bond: Bond) -> float:
    if not bond.current:
        return rates.FORMER_PARTNER_TIED["local-authority"]
    relation = {"M": "father", "F": "mother"}[bond.adult.sex] if bond.relation == "parent" else bond.relation
    return rates.CARER_RECORDED[relation, bond.together]


def _authority_child(block: Block, child: Person, gss: str, standing: str, first_authority: str) -> None:
    seen = recording.record(block.draws, child, "authority_child")
    where = (seen.address, seen.town, seen.postcode)
    if standing == "former" and child.former_home:
        where = (child.former_home.line, child.former_home.town, child.former_home.postcode)
    at_school = rates.AS_OF - child.born >= SCHOOL_DAYS
    number = upn(child, first_authority) if at_school and block.draws.chance(rates.UPN_RECORDED) else ""
    school = school_urn(gss, block.draws.below(SCHOOLS)) if at_school else ""
    area = "" if at_school else under_five_area(gss, block.draws.below(AREAS))
    who = (seen.forename, seen.middle_names, seen.surname, seen.date_of_birth, seen.sex)
    status = _legal_status(block.draws, standing)
    education = _education(child) if at_school and standing == "resident" else ""
    school = "" if education in NOT_ON_ROLL else school
    holder = case_holder(_scrambled("case", child.person_id, CASE_HOLDERS)) if status != "none" else ""
    row = (
        record_id(authority_folder(gss), child), number, *who, *where, school, area, status, standing, _last_contact(child, standing),
        education, holder, "", "", "", "", "",
    )  # fmt: skip
    block.add_record(authority_folder(gss), "children", row, child)


def _education(child: Person) -> str:
    """Return where a child of school age learns; by its number, so that no other draw changes."""
    years = (rates.AS_OF - child.born) / rates.YEAR_DAYS
    luck = _scrambled("education", child.person_id, EDUCATION_STEPS) / EDUCATION_STEPS
    for education, share in (rates.LEARNING_AT_SIXTEEN if years >= SIXTEEN else rates.LEARNING).items():
        if luck < share:
            return education
        luck -= share
    return "school"


def _last_contact(child: Person, standing: str) -> str:
    within = CONTACT_DAYS[standing]
    return _day(max(child.born, rates.AS_OF - within.start - _scrambled("contact", child.person_id, len(within))))


def _legal_status(draws: Draws, standing: str) -> str:
    if standing == "looked_after":
        return "section_31" if draws.chance(0.75) else "section_20"  # after Children looked after in England
    if standing != "resident":
        return "none"
    luck = draws.unit()
    if luck < rates.CHILD_PROTECTION:
        return "child_protection"
    return "child_in_need" if luck < rates.CHILD_PROTECTION + rates.CHILD_IN_NEED else "none"


def _authority_tie(block: Block, bond: Bond, gss: str, carers: set[tuple[str, int]]) -> None:
    adult, folder = bond.adult, authority_folder(gss)
    carer_id = record_id(folder, adult)
    if (gss, adult.person_id) not in carers:
        carers.add((gss, adult.person_id))
        seen = recording.record(block.draws, adult, "authority_adult")
        former = adult.former_surname if block.draws.chance(0.4) else ""
        who = (seen.forename, seen.middle_names, seen.surname, former, seen.date_of_birth, seen.sex)
        block.add_record(folder, "carers", (carer_id, *who, seen.address, seen.town, seen.postcode, _previous_postcode(adult)), adult)
    block.add(
        folder, "ties", (carer_id, record_id(folder, bond.child), AUTHORITY_RELATIONS[bond.relation], _recorded_on(block.draws, bond.child))
    )


def _previous_postcode(adult: Person) -> str:
    return adult.former_home.postcode if adult.former_home else ""


def _recorded_on(draws: Draws, child: Person) -> str:
    return _day(draws.between(child.born, rates.AS_OF))
